package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

type Run struct{ Commit string }

func run(ctx context.Context, e sdk.Event[Run]) error {
	sdk.Logger(ctx).Info("running", "commit", e.Data.Commit)
	if e.Attempt < 3 {
		return sdk.RetryAfter(errors.New("no machine is free"), time.Minute)
	}
	return nil
}

// An app is one binary with a server and handlers. Its main function ends with app.Main().
func Example() {
	app := sdk.New("acme",
		sdk.Server(func(ctx context.Context) error { <-ctx.Done(); return nil }),
		sdk.Handler("jobs", sdk.On("run.requested", run), sdk.Timeout(time.Minute)),
	)
	if err := app.Run(context.Background(), []string{"backend", "handlers", "-json"}, os.Stdout, os.Stderr); err != nil {
		fmt.Println(err)
	}
	// Output: {"app":"acme","handlers":{"jobs":{"events":["run.requested"],"timeout":60}}}
}

// A server answers a webhook as soon as its event is on a queue. When it is told to end, it serves what it has begun to, with a context
// that still sends.
func ExampleServer() {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // or ":8080"
	if err != nil {
		fmt.Println(err)
		return
	}
	onWebhook := func(w http.ResponseWriter, r *http.Request) {
		var push Push
		if err := json.NewDecoder(r.Body).Decode(&push); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		id := sdk.WithID(r.Header.Get("X-GitHub-Delivery")) // GitHub sends it again with the same
		if err := sdk.Send(r.Context(), "webhooks", "github.push", push, id); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
	serve := func(ctx context.Context) error {
		server := &http.Server{
			Handler:     http.HandlerFunc(onWebhook),
			BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		}
		sdk.Go(ctx, func(ctx context.Context) error {
			<-ctx.Done() // SIGTERM
			return server.Shutdown(context.WithoutCancel(ctx))
		})
		return server.Serve(listener)
	}
	app := sdk.New("acme", sdk.Server(serve))

	ctx, stop := context.WithCancel(withQueues(context.Background()))
	go func() {
		defer stop()
		request, _ := http.NewRequest(http.MethodPost, "http://"+listener.Addr().String(), strings.NewReader(`{"Commits": ["a1"]}`))
		request.Header.Set("X-GitHub-Delivery", "delivery-1")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = response.Body.Close()
		fmt.Println(response.Status)
	}()
	if err := app.Run(ctx, []string{"backend", "server"}, io.Discard, io.Discard); err != nil {
		fmt.Println(err)
	}
	// Output:
	// webhooks: github.push delivery-1 {"Commits":["a1"]}
	// 202 Accepted
}

// What is done by hand now and then is a command of the same binary, with the secrets and queues that handlers have.
func ExampleCommand() {
	rerun := func(ctx context.Context, _ *sdk.App, args []string) error {
		if len(args) != 1 {
			return errors.New("backend rerun takes a commit")
		}
		return sdk.Send(ctx, "jobs", "run.requested", Run{args[0]}, sdk.WithID("rerun-"+args[0]))
	}
	app := sdk.New("acme", sdk.Command("rerun", "COMMIT  run a commit again", rerun))

	ctx := withQueues(context.Background())
	if err := app.Run(ctx, []string{"backend", "rerun", "a1"}, io.Discard, io.Discard); err != nil {
		fmt.Println(err)
	}
	fmt.Println(app.Run(ctx, []string{"backend", "rerun"}, io.Discard, io.Discard))
	// Output:
	// jobs: run.requested rerun-a1 {"Commit":"a1"}
	// backend rerun takes a commit
}

// A test of one's own can hold the app to what the team has agreed upon, such as that each handler has a timeout.
func ExampleApp_Describe() {
	app := sdk.New("acme",
		sdk.Handler("jobs", sdk.On("run.requested", run), sdk.Timeout(time.Minute), sdk.SendsTo("deliveries")),
		sdk.Handler("webhooks", sdk.On("github.*", ignore)),
	)
	for name, h := range app.Describe().Handlers {
		if h.Timeout == 0 {
			fmt.Printf("handler %q has no timeout: it handles %s\n", name, strings.Join(h.Events, ", "))
		}
	}
	// Output: handler "webhooks" has no timeout: it handles github.*
}

// A package that several parts of an app are needed for offers them as one.
func ExampleOptions() {
	reporting := func(dsn string) sdk.AppOption {
		var buffered []string
		report := func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error {
				err := next(ctx, e)
				if err != nil {
					buffered = append(buffered, err.Error())
				}
				return err
			}
		}
		flush := func(context.Context) { fmt.Println("reported to", dsn, buffered) }
		return sdk.Options(sdk.Use(report), sdk.OnFreeze(flush))
	}
	app := sdk.New("acme", reporting("errors.example.com"), sdk.Handler("jobs", sdk.On("run.requested", run)))

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}))
	// Output:
	// reported to errors.example.com [no machine is free]
	// run.requested retried: no machine is free
}
