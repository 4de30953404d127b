// Package sdktest drives an app's handlers from tests, without Lambda, queues or a network. A batch goes through the very code
// that handles it in Lambda:
//
//	result := sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push", Data: push})
//	if result.Messages[0].Outcome != sdktest.Handled { … }
//	run := sdktest.Data[Run](t, result.Sent[0])
package sdktest

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// Outcome is what became of a message.
type Outcome string

// The outcomes of a message.
const (
	Handled      Outcome = "handled"       // left the queue
	Retried      Outcome = "retried"       // will come again
	DeadLettered Outcome = "dead-lettered" // went to the dead-letter queue
)

// Result is what became of a batch.
type Result struct {
	Messages []Message // one for each event, in their order
	Sent     []Sent    // what the handler sent, in its order
}

// Message is what became of one message.
type Message struct {
	Outcome    Outcome
	Err        error         // what the handler function returned, or why it was not called
	RetryAfter time.Duration // until it comes again, if it was retried
}

// Invoke hands events to a handler as one batch and returns when all of them have an outcome. The handler can send to the labels
// that it declares with [sdk.SendsTo]; its log goes to the test's. An app or handler that does not exist as it should ends the test.
func Invoke(t testing.TB, app *sdk.App, handler string, batch ...Event) *Result {
	t.Helper()
	return InvokeContext(t.Context(), t, app, handler, batch...)
}

// InvokeContext is [Invoke] with a context of the caller's, whose deadline is that of the invocation. [With] makes one that says more
// about the queues that the handler sends to.
func InvokeContext(ctx context.Context, t testing.TB, app *sdk.App, handler string, batch ...Event) *Result {
	t.Helper()
	invoker, err := app.Invoker(handler)
	if err != nil {
		t.Fatal(err)
	}
	records, err := records(handler, batch)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(events.SQSEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	queues := newQueues(optionsFrom(ctx))
	queues.declare(app.Describe().Handlers[handler].SendTo)
	ctx = environ.NewContext(withLog(ctx, t), &environ.Environment{SQS: queues, QueueURL: queues.url, Settled: queues.settled})
	answer, err := invoker.Invoke(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatalf("decode the handler's answer: %s", err)
	}
	return queues.result(records, response)
}

// result reads what became of the messages from the handler's answer and what it did to the queues.
func (q *queues) result(records []events.SQSMessage, response events.SQSEventResponse) *Result {
	q.mu.Lock()
	defer q.mu.Unlock()
	result := &Result{Sent: slices.Clone(q.sent)}
	for _, record := range records {
		m := Message{Outcome: Handled, Err: q.errs[record.MessageId]}
		switch failed := (events.SQSBatchItemFailure{ItemIdentifier: record.MessageId}); {
		case slices.Contains(response.BatchItemFailures, failed):
			m.Outcome, m.RetryAfter = Retried, q.delays[record.ReceiptHandle]
		case m.Err != nil:
			m.Outcome = DeadLettered
		}
		result.Messages = append(result.Messages, m)
	}
	return result
}

// Context returns a context like that of the app's server, and the outbox with what is sent with it, whatever the label.
func Context(t testing.TB, app *sdk.App, options ...Option) (context.Context, *Outbox) {
	t.Helper()
	queues := newQueues(options)
	ctx := environ.NewContext(withLog(t.Context(), t), &environ.Environment{SQS: queues, QueueURL: queues.url})
	return app.Context(ctx), &Outbox{queues: queues}
}

func withLog(ctx context.Context, t testing.TB) context.Context {
	return sdk.WithLogger(ctx, slog.New(slog.NewJSONHandler(t.Output(), nil)))
}

// Outbox holds what was sent. It is safe for concurrent use.
type Outbox struct{ queues *queues }

// Sent returns what was sent so far.
func (o *Outbox) Sent() []Sent {
	o.queues.mu.Lock()
	defer o.queues.mu.Unlock()
	return slices.Clone(o.queues.sent)
}

// Fail has everything that is sent from now on fail with err, or succeed again if err is nil.
func (o *Outbox) Fail(err error) {
	o.queues.mu.Lock()
	defer o.queues.mu.Unlock()
	o.queues.failure = err
}
