package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// Middleware sees every event of what it is used on.
func ExampleUse() {
	timed := func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error {
			defer func(began time.Time) { fmt.Println(e.Type, time.Since(began)) }(time.Now())
			return next(ctx, e)
		}
	}
	_ = sdk.New("acme", sdk.Use(timed), sdk.Handler("jobs", sdk.On("run.requested", run)))
}
