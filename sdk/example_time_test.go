package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// A run may take long, but no run may keep the others from theirs. The function hands its context on to all that it waits for.
func ExampleTimeout() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		select {
		case <-time.After(time.Hour): // stands for a long run
			return nil
		case <-ctx.Done():
			return fmt.Errorf("run commit %s: %w", e.Data.Commit, ctx.Err())
		}
	}
	app := sdk.New("acme", sdk.Handler("jobs",
		sdk.On("run.requested", onRun, sdk.Timeout(10*time.Millisecond)),
		sdk.Timeout(time.Minute), // for all other events
	))

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}))
	// Output: run.requested retried: run commit a1: context deadline exceeded
}

// What follows the functions, such as the export of telemetry, needs three seconds of each invocation.
func ExampleMargin() {
	onRun := func(ctx context.Context, _ sdk.Event[Run]) error {
		mine, _ := ctx.Deadline()
		lambdas, _ := sdk.InvocationDeadline(ctx)
		fmt.Println("the context ends", lambdas.Sub(mine), "before the invocation")
		return nil
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun), sdk.Margin(3*time.Second)))

	deliverWithin(time.Minute, app, "jobs", eventOf("run.requested", nil))
	// Output:
	// the context ends 3s before the invocation
	// run.requested handled
}

// A long import goes on in an event of its own when the time is nearly over, instead of beginning anew.
func ExampleInvocationDeadline() {
	type Import struct{ Next, Last int }
	onImport := func(ctx context.Context, e sdk.Event[Import]) error {
		for page := e.Data.Next; page <= e.Data.Last; page++ {
			if end, ok := sdk.InvocationDeadline(ctx); ok && time.Until(end) < 30*time.Second {
				id := sdk.WithID(fmt.Sprint(e.ID, "-", page))
				fmt.Println("goes on with page", page)
				return sdk.Send(ctx, "jobs", "import", Import{page, e.Data.Last}, id)
			}
			fmt.Println("imports page", page)
		}
		return nil
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("import", onImport), sdk.SendsTo("jobs")))

	deliverWithin(time.Minute, app, "jobs", eventOf("import", Import{1, 2}))
	deliverWithin(20*time.Second, app, "jobs", eventOf("import", Import{1, 2}))
	// Output:
	// imports page 1
	// imports page 2
	// import handled
	// goes on with page 1
	// import handled
}

// The service that the handler calls takes one call at a time, so that the messages of a batch are handled one after the other.
func ExampleConcurrency() {
	onRun := func(_ context.Context, e sdk.Event[Run]) error {
		fmt.Println("runs", e.Data.Commit)
		return nil
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.Concurrency(1), sdk.On("run.requested", onRun)))

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}), eventOf("run.requested", Run{"b2"}), eventOf("run.requested", Run{"c3"}))
	// Output:
	// runs a1
	// runs b2
	// runs c3
	// run.requested handled
	// run.requested handled
	// run.requested handled
}

// The commits of a push are checked side by side. The push is done when all checks are, and fails if one of them does or panics.
func ExampleGo() {
	check := func(_ context.Context, commit string) error {
		if commit == "b2" {
			return errors.New("commit b2 has no author")
		}
		return nil
	}
	onPush := func(ctx context.Context, e sdk.Event[Push]) error {
		for _, commit := range e.Data.Commits {
			sdk.Go(ctx, func(ctx context.Context) error { return check(ctx, commit) })
		}
		return nil
	}
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush)))

	deliver(app, "webhooks", eventOf("github.push", Push{[]string{"a1"}}), eventOf("github.push", Push{[]string{"a1", "b2"}}))
	// Output:
	// github.push handled
	// github.push retried: commit b2 has no author
}
