package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestTime is how to test what takes time: a handler that polls something slow, gives up at its timeout and asks to be called again
// later the more often it was.
func TestTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ready := time.Now().Add(10 * time.Minute)
		poll := func(ctx context.Context, e sdk.Event[string]) error {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for time.Now().Before(ready) {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return sdk.RetryAfter(ctx.Err(), time.Duration(e.Attempt)*time.Minute)
				}
			}
			return sdk.Send(ctx, "done", "run.ready", e.ID)
		}
		app := sdk.New("acme",
			sdk.OnThaw(func(time.Duration) { t.Error("thawed") }),
			sdk.Handler("jobs", sdk.Timeout(90*time.Second), sdk.SendsTo("done"), sdk.On("run.requested", poll)),
		)
		started := time.Now()
		var log []string
		for attempt := 1; ; attempt++ {
			result := sdktest.Invoke(t, app, "jobs", sdktest.Event{Type: "run.requested", Attempt: attempt})
			m := result.Messages[0]
			log = append(log, fmt.Sprint(time.Since(started), " ", m.Outcome))
			if m.Outcome != sdktest.Retried {
				if len(result.Sent) != 1 || !result.Sent[0].Time.Equal(time.Now()) {
					t.Errorf("sent %+v, want one event of this moment", result.Sent)
				}
				break
			}
			if !errors.Is(m.Err, context.DeadlineExceeded) {
				t.Fatal(m.Err)
			}
			time.Sleep(m.RetryAfter)
		}
		if got, want := fmt.Sprint(log), "[1m30s retried 4m0s retried 7m30s retried 10m30s handled]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestTheDeadlineOfAnInvocationInFakeTime has a function ignore it and be left behind, and another not be started any more.
func TestTheDeadlineOfAnInvocationInFakeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		app := sdk.New("acme", sdk.Handler("jobs", sdk.Concurrency(1), sdk.On("run", func(context.Context, sdk.Event[string]) error {
			time.Sleep(time.Hour)
			return nil
		})))
		started := time.Now()
		result := sdktest.InvokeContext(ctx, t, app, "jobs", sdktest.Event{Type: "run"}, sdktest.Event{Type: "run"})
		if took := time.Since(started); took < 14*time.Minute || took >= 15*time.Minute {
			t.Errorf("took %s, want most of 15m", took)
		}
		for i, m := range result.Messages {
			if m.Outcome != sdktest.Retried || m.Err == nil {
				t.Errorf("message %d: got %+v, want it to come again", i, m)
			}
		}
		time.Sleep(time.Hour) // until the function returns, for a bubble leaves nothing behind
	})
}
