// Package sdktest drives an app's handlers from tests, without Lambda, queues or a network. A batch goes through the very code
// that handles it in Lambda:
//
//	result := sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push", Data: push})
//	if result.Messages[0].Outcome != sdktest.Handled { … }
//	run := sdktest.Data[Run](t, result.Sent[0])
//
// # Goroutines
//
// Lambda freezes a runtime at the end of an invocation, and with it every goroutine that a handler started with a go statement and did
// not wait for. It goes on, perhaps, in the next invocation, or never. Each line of the app that started such a goroutine fails the test:
//
//	handler "webhooks": a goroutine outlived the invocation, started in acme/webhooks.onPush at /src/acme/webhooks/push.go:42: …
//
// [sdk.Go] is the way to start one. A goroutine that ends with its context has a moment to do so, some 50 ms. Goroutines that other modules and the
// standard library started for themselves are theirs, such as those of an [net/http.Client]'s idle connections; [AllowGoroutines]
// permits those of the app that are meant to stay. What the app started with [time.AfterFunc] is not found.
//
// # Time
//
// Functions of [sdk.OnInit] are not called and no secrets are loaded: a test gives an app what it needs itself. Functions of [sdk.OnFreeze]
// are called at the end of each invocation.
//
// Nothing here uses a network, so a test can invoke handlers in a bubble of [testing/synctest], where hours pass at once and to the second:
//
//	synctest.Test(t, func(t *testing.T) {
//		started := time.Now()
//		result := sdktest.Invoke(t, app, "jobs", sdktest.Event{Type: "run.requested"})
//		if took := time.Since(started); took != time.Minute { … } // the Timeout of a handler whose function waits for its context
//	})
//
// What has goroutines of its own, such as a database's pool or an exporter that batches, must either be made within the bubble and closed
// there, or not be used by what the test invokes.
//
// An invocation has the deadline of the context that [InvokeContext] is given, and none without. What comes again after a time, as
// [sdk.RetryAfter] or the number of the attempt says, is in the [Message]; invoke again with the next Attempt for what happens then.
// Invocations follow each other as in a runtime that was never frozen: functions of [sdk.OnThaw] are not called.
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
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/outlive"
)

// Outcome is what became of a message.
type Outcome string

// The outcomes of a message.
const (
	Handled      Outcome = "handled"       // left the queue
	Retried      Outcome = "retried"       // will come again
	DeadLettered Outcome = "dead-lettered" // went to the dead-letter queue
	Dropped      Outcome = "dropped"       // left the queue unhandled, see sdk.Drop
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
// that it declares with [sdk.SendsTo]; its log goes to the test's. An app or handler that does not exist as it should ends the test, and
// goroutines of the app that outlive the invocation fail it.
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
	var answer []byte
	watch := outlive.New()
	watch.Do(ctx, func(ctx context.Context) { answer, err = invoker.Invoke(ctx, payload) })
	if err != nil {
		t.Fatal(err)
	}
	checkGoroutines(ctx, t, watch, handler)
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
		settled := q.settlements[record.MessageId]
		m := Message{Outcome: Outcome(settled.Outcome), Err: settled.Err}
		failed := events.SQSBatchItemFailure{ItemIdentifier: record.MessageId}
		if slices.Contains(response.BatchItemFailures, failed) {
			m.Outcome, m.RetryAfter = Retried, q.delays[record.ReceiptHandle]
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
