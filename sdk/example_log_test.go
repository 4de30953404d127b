package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// Lines that a function logs can be told apart by what they carry, and so can the one line that tells what became of the message. The
// names are those that Lambda has itself.
func ExampleLogger() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		sdk.Logger(ctx).Info("running", "commit", e.Data.Commit)
		return nil
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun)))

	runtime := startInLambda(app, "jobs", logLines{os.Stdout})
	runtime.invoke("run.requested", `{"Commit": "a1"}`)
	// Output:
	// {"timestamp":"2026-11-23T12:00:00Z","level":"INFO","message":"running","handler":"jobs","requestId":"request-1","queue":"acme-queue","messageId":"message-1","eventId":"event-1","type":"run.requested","attempt":1,"commit":"a1"}
	// {"timestamp":"2026-11-23T12:00:00Z","level":"INFO","message":"event settled","handler":"jobs","requestId":"request-1","queue":"acme-queue","messageId":"message-1","eventId":"event-1","type":"run.requested","attempt":1,"outcome":"handled","durationMs":7.5,"ageMs":42}
}

// The data of an event that holds nothing personal helps to find out why it failed.
func ExampleLogData() {
	onRun := func(context.Context, sdk.Event[Run]) error {
		return sdk.RetryAfter(errors.New("no machine is free"), time.Minute)
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun, sdk.LogData())))

	runtime := startInLambda(app, "jobs", logLines{os.Stdout})
	runtime.invoke("run.requested", `{"Commit":"a1"}`)
	// Output:
	// {"timestamp":"2026-11-23T12:00:00Z","level":"WARN","message":"event settled","handler":"jobs","requestId":"request-1","queue":"acme-queue","messageId":"message-1","eventId":"event-1","type":"run.requested","attempt":1,"outcome":"retried","durationMs":7.5,"ageMs":42,"retryAfterSeconds":60,"data":{"Commit":"a1"},"error":"no machine is free"}
}

// Code that is handed a context logs with what it adds.
func ExampleWithLogger() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		ctx = sdk.WithLogger(ctx, sdk.Logger(ctx).With(slog.String("commit", e.Data.Commit)))
		check := func(ctx context.Context) error { sdk.Logger(ctx).Info("checked"); return nil }
		return check(ctx)
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun)))

	runtime := startInLambda(app, "jobs", logLines{os.Stdout})
	runtime.invoke("run.requested", `{"Commit": "a1"}`)
	// Output:
	// {"timestamp":"2026-11-23T12:00:00Z","level":"INFO","message":"checked","handler":"jobs","requestId":"request-1","queue":"acme-queue","messageId":"message-1","eventId":"event-1","type":"run.requested","attempt":1,"commit":"a1"}
	// {"timestamp":"2026-11-23T12:00:00Z","level":"INFO","message":"event settled","handler":"jobs","requestId":"request-1","queue":"acme-queue","messageId":"message-1","eventId":"event-1","type":"run.requested","attempt":1,"outcome":"handled","durationMs":7.5,"ageMs":42}
}

// CloudWatch makes metrics of lines in the log, in the namespace Acme/Events. They are shown here without their definitions.
func ExampleMetrics() {
	app := sdk.New("acme", sdk.Metrics("Acme/Events"), sdk.Handler("webhooks", sdk.On("github.*", ignore)))

	runtime := startInLambda(app, "webhooks", metricLines{os.Stdout})
	runtime.invoke("github.push", `{}`)
	runtime.invoke("github.star", `{}`)
	// Output:
	// {"ColdStart":1,"handler":"webhooks","requestId":"request-1"}
	// {"Age":[42],"Duration":[7.5],"Failed":0,"Handled":1,"handler":"webhooks","requestId":"request-1","type":"github.*"}
	// {"Age":[42],"Duration":[7.5],"Failed":0,"Handled":1,"handler":"webhooks","requestId":"request-1","type":"github.*"}
}

// The sender marks each message with its tenant, in a message attribute.
func ExampleMessageFrom() {
	onOrder := func(ctx context.Context, _ sdk.Event[Order]) error {
		message, _ := sdk.MessageFrom(ctx)
		tenant, ok := message.Attribute("tenant")
		if !ok {
			return sdk.Permanent(fmt.Errorf("message %s has no attribute \"tenant\"", message.ID))
		}
		fmt.Println("an order of", tenant)
		return nil
	}
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", onOrder)))

	deliver(app, "billing",
		sdktest.Event{Type: "order.paid", Attributes: map[string]string{"tenant": "initech"}}, sdktest.Event{Type: "order.paid"})
	// Output:
	// an order of initech
	// order.paid handled
	// order.paid dead-lettered: message message-2 has no attribute "tenant"
}
