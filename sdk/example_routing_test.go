package sdk_test

import (
	"context"
	"fmt"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// Order is the data of some examples.
type Order struct {
	Number string
	Cents  int
}

func printOrder(_ context.Context, e sdk.Event[Order]) error {
	fmt.Println(e.Type, e.Data.Number)
	return nil
}

// The function gets the event's data as the type that it asks for, and with it what is known about the event.
func ExampleOn() {
	onPaid := func(_ context.Context, e sdk.Event[Order]) error {
		fmt.Printf("order %s: %d cents, says %s, attempt %d\n", e.Data.Number, e.Data.Cents, e.Source, e.Attempt)
		return nil
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", onPaid)))

	deliver(app, "billing", sdktest.Event{Type: "order.paid", Source: "shop", Data: Order{"42", 1999}})
	// Output:
	// order 42: 1999 cents, says shop, attempt 1
	// order.paid handled
}

// A function can be for all types with a prefix. The exact type wins over the prefix, the longer prefix over the shorter one. What is of no
// interest is still registered, or it ends in the dead-letter queue.
func ExampleOn_prefix() {
	tell := func(name string) func(context.Context, sdk.RawEvent) error {
		return func(_ context.Context, e sdk.RawEvent) error { fmt.Println(e.Type, "goes to", name); return nil }
	}
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.Concurrency(1), // in their order
		sdk.On("github.push", tell("github.push")),
		sdk.On("github.pull_request.*", tell("github.pull_request.*")),
		sdk.On("github.*", tell("github.*")),
	))

	deliver(app, "webhooks", eventOf("github.push", nil), eventOf("github.pull_request.opened", nil), eventOf("github.star", nil))
	// Output:
	// github.push goes to github.push
	// github.pull_request.opened goes to github.pull_request.*
	// github.star goes to github.*
	// github.push handled
	// github.pull_request.opened handled
	// github.star handled
}

// One function serves an event however it came: sent by an app, by an EventBridge rule, by a topic of SNS, or by somebody who knows
// nothing of events and puts the type into a message attribute.
func ExampleOn_envelopes() {
	app := sdk.New("acme", sdk.Handler("billing", sdk.Concurrency(1), sdk.On("order.paid", printOrder)))

	deliver(app, "billing",
		sdktest.Event{Body: `{"specversion": "1.0", "id": "1", "source": "shop", "type": "order.paid", "data": {"Number": "1"}}`},
		sdktest.Event{Body: `{"id": "2", "source": "shop", "detail-type": "order.paid", "detail": {"Number": "2"}}`},
		sdktest.Event{Body: `{"Type": "Notification", "MessageId": "3", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:orders",
			"Message": "{\"Number\": \"3\"}", "MessageAttributes": {"type": {"Type": "String", "Value": "order.paid"}}}`},
		sdktest.Event{Body: `{"Number": "4"}`, Attributes: map[string]string{"type": "order.paid"}},
	)
	// Output:
	// order.paid 1
	// order.paid 2
	// order.paid 3
	// order.paid 4
	// message handled
	// message handled
	// message handled
	// message handled
}

// An event was renamed. Messages with its old type are still on the queue, and senders that are not deployed yet go on making them.
func ExampleAlias() {
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", printOrder, sdk.Alias("payment.done"))))

	deliver(app, "billing", eventOf("payment.done", Order{Number: "42"}))
	// Output:
	// payment.done 42
	// payment.done handled
}

// A typing error in a member's name would go unnoticed. With Strict it is an error, which quotes none of the values.
func ExampleStrict() {
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", printOrder, sdk.Strict())))

	deliver(app, "billing", eventOf("order.paid", map[string]any{"Number": "42", "Cent": 1999}))
	// Output:
	// order.paid dead-lettered: decode the data of event type "order.paid": sdk_test.Order has no member "Cent"
}

// A queue gets all events of a bus, of which the handler wants one type. The others are dropped, and counted by the metric Dropped.
func ExampleUnhandled() {
	app := sdk.New("acme", sdk.Handler("billing", sdk.Unhandled(sdk.Drop), sdk.On("order.paid", printOrder)))

	deliver(app, "billing", eventOf("order.viewed", nil), sdktest.Event{Body: "hello"})
	// Output:
	// order.viewed dropped: handler "billing" has no function for event type "order.viewed" (it has order.paid)
	// message dropped: decode the event: the body is no CloudEvent, EventBridge event or SNS notification, and no message attribute "type" tells the event type
}
