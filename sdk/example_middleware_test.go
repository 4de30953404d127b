package sdk_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// Middleware sees every event of what it is used on, before its data is decoded, and what became of it: also the errors of goroutines that
// Go started, and panics.
func ExampleUse() {
	watched := func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error {
			fmt.Println(sdk.HandlerName(ctx), "gets", e.Type, string(e.Data))
			err := next(ctx, e)
			fmt.Println(sdk.HandlerName(ctx), "has handled it:", err)
			return err
		}
	}
	onRun := func(ctx context.Context, _ sdk.Event[Run]) error {
		sdk.Go(ctx, func(context.Context) error { return errors.New("no machine is free") })
		return nil
	}
	app := sdk.New("acme", sdk.Use(watched), sdk.Handler("jobs", sdk.On("run.requested", onRun)))

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}))
	// Output:
	// jobs gets run.requested {"Commit":"a1"}
	// jobs has handled it: no machine is free
	// run.requested retried: no machine is free
}

// Middleware can give the function more to work with, and need not call it. Here it lets only known senders through, on one event.
func ExampleUse_event() {
	type senderKey struct{}
	known := func(next sdk.HandlerFunc) sdk.HandlerFunc {
		teams := map[string]string{"shop": "team checkout"}
		return func(ctx context.Context, e sdk.RawEvent) error {
			team, ok := teams[e.Source]
			if !ok {
				return sdk.Permanent(fmt.Errorf("nobody knows %q", e.Source))
			}
			return next(context.WithValue(ctx, senderKey{}, team), e)
		}
	}
	onPaid := func(ctx context.Context, e sdk.Event[Order]) error {
		fmt.Println("order", e.Data.Number, "of", ctx.Value(senderKey{}))
		return nil
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", onPaid, sdk.Use(known))))

	deliver(app, "billing",
		sdktest.Event{Type: "order.paid", Source: "shop", Data: Order{Number: "42"}}, sdktest.Event{Type: "order.paid", Source: "shack"})
	// Output:
	// order 42 of team checkout
	// order.paid handled
	// order.paid dead-lettered: nobody knows "shack"
}
