package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// Trying again cannot help an order that was paid with a card that does not exist: it goes to the dead-letter queue at once, with the error
// in the attribute dead-letter-reason. An outage may be over soon.
func ExamplePermanent() {
	errNoCard := errors.New("there is no such card")
	charge := func(order Order) error {
		if order.Cents == 0 {
			return errNoCard
		}
		return errors.New("the bank does not answer")
	}
	onPaid := func(_ context.Context, e sdk.Event[Order]) error {
		err := charge(e.Data)
		if errors.Is(err, errNoCard) {
			return sdk.Permanent(fmt.Errorf("charge order %s: %w", e.Data.Number, err))
		}
		return err
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", onPaid)))

	deliver(app, "billing", eventOf("order.paid", Order{Number: "1"}), eventOf("order.paid", Order{"2", 1999}))
	// Output:
	// order.paid dead-lettered: charge order 1: there is no such card
	// order.paid retried: the bank does not answer
}

// A service says when it wants to be asked again.
func ExampleRetryAfter() {
	onPaid := func(_ context.Context, e sdk.Event[Order]) error {
		header := "30" // of a response with status 429
		seconds, err := strconv.Atoi(header)
		if err != nil {
			return errors.New("too many requests")
		}
		return sdk.RetryAfter(errors.New("too many requests"), time.Duration(seconds)*time.Second)
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", onPaid)))

	m := sdktest.Invoke(exampleTB{}, app, "billing", eventOf("order.paid", nil)).Messages[0]
	fmt.Println(m.Outcome, "after", m.RetryAfter)
	// Output: retried after 30s
}

// Deliveries to subscribers are tried again for hours, the other events of the handler as is usual.
func ExampleBackoff() {
	hours := func(attempt int) time.Duration { return time.Duration(attempt) * time.Hour }
	deliver := func(context.Context, sdk.Event[Run]) error { return errors.New("the subscriber answers 503") }
	app := sdk.New("acme", sdk.Handler("deliveries",
		sdk.On("run.finished", deliver, sdk.Backoff(hours)),
		sdk.On("run.started", deliver),
	))

	for attempt := 1; attempt <= 3; attempt++ {
		e := sdktest.Event{Type: "run.finished", Attempt: attempt}
		fmt.Println(sdktest.Invoke(exampleTB{}, app, "deliveries", e).Messages[0].RetryAfter)
	}
	// Output:
	// 1h0m0s
	// 2h0m0s
	// 3h0m0s
}

// Middleware tells the sender's team of data that does not fit, which no code of the handler gets to see.
func ExampleDecodeError() {
	alert := func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error {
			err := next(ctx, e)
			if misfit, ok := errors.AsType[*sdk.DecodeError](err); ok {
				fmt.Printf("to the team of %s: cannot decode %s: %s\n", e.Source, misfit.What, misfit.Err)
			}
			return err
		}
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.Use(alert), sdk.On("order.paid", printOrder)))

	deliver(app, "billing", sdktest.Event{Type: "order.paid", Source: "shop", Data: map[string]any{"Number": "42", "Cents": "free"}})
	// Output:
	// to the team of shop: cannot decode the data of event type "order.paid": Cents does not fit sdk_test.Order: it must decode into int
	// order.paid dead-lettered: decode the data of event type "order.paid": Cents does not fit sdk_test.Order: it must decode into int
}

// A test finds that an event type which somebody sends was forgotten.
func ExampleUnknownTypeError() {
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", printOrder)))

	for _, eventType := range []string{"order.paid", "order.refunded"} {
		err := sdktest.Invoke(exampleTB{}, app, "billing", eventOf(eventType, Order{Number: "42"})).Messages[0].Err
		if unknown, ok := errors.AsType[*sdk.UnknownTypeError](err); ok {
			fmt.Printf("%s has functions for %q, but not for %q\n", unknown.Handler, unknown.Known, unknown.Type)
		}
	}
	// Output:
	// order.paid 42
	// billing has functions for ["order.paid"], but not for "order.refunded"
}

// A panic fails its message only, and is retried as an error is. Here those that trying again cannot cure are made permanent.
func ExamplePanicError() {
	onPaid := func(_ context.Context, e sdk.Event[Order]) error {
		fmt.Println("series", e.Data.Number[:1]) // but an order may have no number
		return nil
	}
	final := func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error {
			err := next(ctx, e)
			if panicked, ok := errors.AsType[*sdk.PanicError](err); ok {
				fmt.Println("panicked, and the stack is known:", len(panicked.Stack) > 0)
				return sdk.Permanent(err)
			}
			return err
		}
	}
	app := sdk.New("acme", sdk.Use(final), sdk.Handler("billing", sdk.On("order.paid", onPaid)))

	deliver(app, "billing", eventOf("order.paid", Order{Cents: 1999}))
	// Output:
	// panicked, and the stack is known: true
	// order.paid dead-lettered: panic: runtime error: slice bounds out of range [:1] with length 0
}
