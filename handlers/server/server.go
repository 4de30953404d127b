// Package server is the HTTP side of acme: it takes GitHub's webhooks and puts them on the queue webhooks.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

const (
	defaultListen = "127.0.0.1:8080"
	// readTimeout bounds a request's arrival; a webhook is at most [maxBody].
	readTimeout = 10 * time.Second
	// shutdownTimeout is how long requests that have begun may take to end. GitHub gives up on an answer after 10 s.
	shutdownTimeout = 10 * time.Second
)

// Serve answers HTTP until ctx ends, then finishes the requests that have begun.
//
// LISTEN is the address, 127.0.0.1:8080 unless set; its port may be 0, as the log tells the one in use.
// GITHUB_WEBHOOK_SECRET is the key with which GitHub signs, and must be set.
func Serve(ctx context.Context) error {
	key := os.Getenv("GITHUB_WEBHOOK_SECRET")
	if key == "" {
		return errors.New("GITHUB_WEBHOOK_SECRET is not set: put it into a secret that " +
			"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS names, or into the environment")
	}
	address := os.Getenv("LISTEN")
	if address == "" {
		address = defaultListen
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening on %s, from LISTEN: %w", address, err)
	}
	sdk.Logger(ctx).InfoContext(ctx, "listening", slog.String("address", listener.Addr().String()))
	return serve(ctx, listener, newHandler([]byte(key)))
}

// serve answers on listener until ctx ends, then waits for the requests that have begun.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:     handler,
		ReadTimeout: readTimeout,
		// Requests outlive ctx, so that what has begun at shutdown still reaches its queue.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	sdk.Logger(ctx).InfoContext(ctx, "shutting down")
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return fmt.Errorf("shutting down with requests unanswered after %s: %w", shutdownTimeout, err)
	}
	return nil
}

// newHandler routes requests. Other methods on known paths get 405, other paths 404.
func newHandler(key []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { answer(w, r, http.StatusOK, "ok") })
	mux.Handle("POST /webhooks/github", webhooks{key: key})
	return mux
}
