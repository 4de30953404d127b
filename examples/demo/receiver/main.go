// Command receiver is the subscriber of the demo: a small HTTP server that takes Standard Webhooks, checks their signatures,
// and fails now and then, as subscribers do.
//
// It listens on a free port of 127.0.0.1 and prints the address as its first line. SUBSCRIBER_SECRET holds the signing key,
// "whsec_…". GET /account tells what has arrived so far. SIGINT or SIGTERM ends it.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

// serve answers until ctx ends.
func serve(ctx context.Context) error {
	receiver, err := newReceiver(os.Getenv("SUBSCRIBER_SECRET"), time.Now)
	if err != nil {
		return fmt.Errorf("reading SUBSCRIBER_SECRET: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Println(listener.Addr())

	server := &http.Server{Handler: receiver.routes(), ReadTimeout: 10 * time.Second}
	ended := context.AfterFunc(ctx, func() { _ = server.Close() }) // its only error is that of closing the listener
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
