package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

var errBroken = errors.New("broken")

// appOf has one handler "h", for events "a", with the middleware on all of them.
func appOf(middleware sdk.Middleware, fn func(context.Context, sdk.Event[string]) error) *sdk.App {
	return sdk.New("acme", sdk.Use(middleware), sdk.Handler("h", sdk.On("a", fn)))
}

// results are the ways in which handling can end.
var results = map[string]struct {
	run  func(context.Context) error
	want sdktest.Outcome
}{
	"success":         {func(context.Context) error { return nil }, sdktest.Handled},
	"error":           {func(context.Context) error { return errBroken }, sdktest.Retried},
	"permanent error": {func(context.Context) error { return sdk.Permanent(errBroken) }, sdktest.DeadLettered},
	"panic":           {func(context.Context) error { panic("oh") }, sdktest.Retried},
	"goexit":          {func(context.Context) error { runtime.Goexit(); return nil }, sdktest.Retried},
	"failing goroutine": {func(ctx context.Context) error {
		sdk.Go(ctx, func(context.Context) error { time.Sleep(time.Second); return errBroken })
		return nil
	}, sdktest.Retried},
}

// TestEveryOrderOfResults delivers one event three times, with each combination of results: it is handled until that succeeds, and never
// again.
func TestEveryOrderOfResults(t *testing.T) {
	t.Parallel()
	var names []string
	for name := range results {
		names = append(names, name)
	}
	const deliveries = 3
	combinations := 1
	for range deliveries {
		combinations *= len(names)
	}
	synctest.Test(t, func(t *testing.T) {
		for n := range combinations {
			order := make([]string, deliveries)
			for i := range order {
				order[i] = names[n%len(names)]
				n /= len(names)
			}
			checkOrder(t, order)
		}
	})
}

func checkOrder(t *testing.T, order []string) {
	t.Helper()
	calls := 0
	app := appOf(idempotency.Middleware(new(idempotency.Memory)), func(ctx context.Context, _ sdk.Event[string]) error {
		calls++
		return results[order[calls-1]].run(ctx)
	})
	done := false
	for i, result := range order {
		before := calls
		m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1", Attempt: i + 1}).Messages[0]
		want := sdktest.Handled
		if !done {
			want = results[result].want
		}
		if called := calls > before; called == done || m.Outcome != want || (m.Err != nil) != (want != sdktest.Handled) {
			t.Fatalf("%q, delivery %d: called %t, %s with %v; want called %t and %s", order, i+1, called, m.Outcome, m.Err, !done, want)
		}
		if done = done || result == "success"; !done && result != order[calls-1] {
			t.Fatalf("%q: %d calls", order, calls)
		}
	}
}

// TestOneBatch brings one event four times and another once.
func TestOneBatch(t *testing.T) {
	t.Parallel()
	for _, group := range []string{"", "g"} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			app := appOf(idempotency.Middleware(new(idempotency.Memory)), func(context.Context, sdk.Event[string]) error {
				calls.Add(1)
				time.Sleep(10 * time.Second)
				return nil
			})
			var batch []sdktest.Event
			for _, id := range []string{"1", "1", "2", "1", "1"} {
				batch = append(batch, sdktest.Event{Type: "a", ID: id, Group: group})
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			count := make(map[sdktest.Outcome]int)
			for _, m := range sdktest.InvokeContext(ctx, t, app, "h", batch...).Messages {
				count[m.Outcome]++
				if m.Outcome == sdktest.Retried && m.RetryAfter != 61*time.Second {
					t.Errorf("got a retry after %s, want one a second after the end of the invocation", m.RetryAfter)
				}
			}
			want := map[sdktest.Outcome]int{sdktest.Handled: 2, sdktest.Retried: 3}
			if group != "" {
				want = map[sdktest.Outcome]int{sdktest.Handled: 5} // one after the other
			}
			if diff := cmp.Diff(want, count); diff != "" || calls.Load() != 2 {
				t.Errorf("group %q: %d calls, want 2; outcomes (-want +got):\n%s", group, calls.Load(), diff)
			}
		})
	}
}

// TestManyInvocations has fifty invocations of ten messages bring three events, over and over, of which the handling fails at first.
func TestManyInvocations(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	running, successes, failures := make(map[string]int), make(map[string]int), make(map[string]int)
	app := appOf(idempotency.Middleware(new(idempotency.Memory)), func(_ context.Context, e sdk.Event[string]) error {
		mu.Lock()
		defer mu.Unlock()
		if running[e.ID]++; running[e.ID] > 1 {
			t.Errorf("event %s is handled twice at a time", e.ID)
		}
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		running[e.ID]--
		if failures[e.ID]++; failures[e.ID] < 5 {
			return errBroken
		}
		successes[e.ID]++
		return nil
	})
	var invocations sync.WaitGroup
	for range 50 {
		invocations.Go(func() {
			var batch []sdktest.Event
			for i := range 10 {
				batch = append(batch, sdktest.Event{Type: "a", ID: fmt.Sprint(i % 3)})
			}
			sdktest.Invoke(t, app, "h", batch...)
		})
	}
	invocations.Wait()
	if diff := cmp.Diff(map[string]int{"0": 1, "1": 1, "2": 1}, successes); diff != "" {
		t.Errorf("successes by event (-want +got):\n%s", diff)
	}
}

// TestSkippedEvent is logged for who looks for it.
func TestSkippedEvent(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	app := sdk.New("acme", sdk.Use(logging(&log), idempotency.Middleware(new(idempotency.Memory))),
		sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[string]) error { return nil })))
	for _, want := range []string{"", `level=DEBUG msg="event was handled before and is skipped"`} {
		sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"})
		if got := log.String(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("got log %q, want %q", got, want)
		}
	}
}

// logging keeps the log of an event, of all levels, from what is listed after it.
func logging(to *strings.Builder) sdk.Middleware {
	logger := slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error { return next(sdk.WithLogger(ctx, logger), e) }
	}
}
