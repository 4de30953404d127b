package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

type Push struct{ Commits []string }

type Run struct{ Commit string }

// onPush requests a run of each commit.
func onPush(ctx context.Context, e sdk.Event[Push]) error {
	if len(e.Data.Commits) == 0 {
		return sdk.Permanent(errors.New("the push has no commits"))
	}
	for _, commit := range e.Data.Commits {
		if err := sdk.Send(ctx, "jobs", "run.requested", Run{commit}, sdk.WithID(e.ID+"-"+commit), sdk.WithGroup("runs")); err != nil {
			return sdk.RetryAfter(err, time.Duration(e.Attempt)*time.Minute)
		}
	}
	return nil
}

// A handler gets a batch. The test looks at what became of each message, and at what was sent.
func ExampleInvoke() {
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))
	t := exampleTB{} // in a test: its *testing.T

	result := sdktest.Invoke(t, app, "webhooks",
		sdktest.Event{Type: "github.push", ID: "push-1", Data: Push{Commits: []string{"a1"}}},
		sdktest.Event{Type: "github.push", ID: "push-2", Data: Push{}},
	)
	for _, m := range result.Messages {
		fmt.Println(m.Outcome, m.Err)
	}
	for _, sent := range result.Sent {
		fmt.Println(sent.Queue, sent.Type, sent.ID, sdktest.Data[Run](t, sent).Commit)
	}
	// Output:
	// handled <nil>
	// dead-lettered the push has no commits
	// jobs run.requested push-1-a1 a1
}

// A message is as it comes from a queue, when it is not an app that sends it: here a bare body, whose type is in an attribute.
func ExampleInvoke_body() {
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))
	t := exampleTB{} // in a test: its *testing.T

	result := sdktest.Invoke(t, app, "webhooks",
		sdktest.Event{Body: `{"Commits": ["a1"]}`, Attributes: map[string]string{"type": "github.push"}})
	fmt.Println(result.Messages[0].Outcome, len(result.Sent))
	// Output: handled 1
}

// What happens when a queue refuses an event: the push comes again, later the more often it was tried.
func ExampleRejectSends() {
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))
	t := exampleTB{} // in a test: its *testing.T

	ctx := sdktest.With(context.Background(), sdktest.RejectSends(func(s sdktest.Sent) error {
		if s.ID == "push-1-b2" {
			return errors.New("for the test")
		}
		return nil
	}))
	result := sdktest.InvokeContext(ctx, t, app, "webhooks",
		sdktest.Event{Type: "github.push", ID: "push-1", Data: Push{Commits: []string{"a1", "b2"}}, Attempt: 3})
	fmt.Println(result.Messages[0].Outcome, "after", result.Messages[0].RetryAfter, "with", len(result.Sent), "sent")
	// Output: retried after 3m0s with 1 sent
}

// The queue is a FIFO queue in production, so that it is one in the test: it drops duplicates.
func ExampleFIFO() {
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))
	t := exampleTB{} // in a test: its *testing.T

	ctx := sdktest.With(context.Background(), sdktest.FIFO("jobs"))
	push := sdktest.Event{Type: "github.push", ID: "push-1", Data: Push{Commits: []string{"a1"}}}
	result := sdktest.InvokeContext(ctx, t, app, "webhooks", push, push)
	fmt.Println(len(result.Messages), "handled,", len(result.Sent), "sent with", result.Sent[0].DeduplicationID)
	// Output: 2 handled, 1 sent with push-1-a1
}

// An invocation that has a deadline: handler functions have to be ready before it.
func ExampleInvokeContext() {
	onRun := func(ctx context.Context, _ sdk.Event[Run]) error { <-ctx.Done(); return ctx.Err() }
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun)))
	t := exampleTB{} // in a test: its *testing.T

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond) // testing/synctest lets it be minutes
	defer cancel()
	result := sdktest.InvokeContext(ctx, t, app, "jobs", sdktest.Event{Type: "run.requested"})
	fmt.Println(result.Messages[0].Outcome)
	// Output: retried
}

// Code of the server sends, and learns how its callers fare when it cannot.
func ExampleContext() {
	app := sdk.New("acme")
	request := func(ctx context.Context, commit string) error {
		return sdk.Send(ctx, "jobs", "run.requested", Run{commit})
	}
	t := exampleTB{} // in a test: its *testing.T

	ctx, outbox := sdktest.Context(t, app)
	fmt.Println(request(ctx, "a1"))
	outbox.Fail(errors.New("SQS is down"))
	fmt.Println(request(ctx, "b2"))
	fmt.Println(len(outbox.Sent()), "sent")
	// Output:
	// <nil>
	// send event "run.requested" to queue "jobs": SQS is down
	// 1 sent
}

// A goroutine that fills a cache may outlive the invocation that needed it first. Any other would fail the test.
func ExampleAllowGoroutines() {
	filled, end := make(chan struct{}), make(chan struct{})
	defer func() { close(end); <-filled }()
	fill := func() { <-end; close(filled) }
	onRun := func(context.Context, sdk.Event[Run]) error { go fill(); return nil }
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun)))
	t := exampleTB{} // in a test: its *testing.T

	ctx := sdktest.AllowGoroutines(context.Background(), "sdktest_test.ExampleAllowGoroutines") // the function that starts it
	result := sdktest.InvokeContext(ctx, t, app, "jobs", sdktest.Event{Type: "run.requested"})
	fmt.Println(result.Messages[0].Outcome)
	// Output: handled
}

// exampleTB stands for the *testing.T of a test, which examples do not have.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                           {}
func (exampleTB) Context() context.Context          { return context.Background() }
func (exampleTB) Output() io.Writer                 { return io.Discard }
func (exampleTB) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (exampleTB) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (exampleTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
