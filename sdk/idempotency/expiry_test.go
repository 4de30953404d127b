package idempotency_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestInvocationThatWasKilled leaves an entry behind that is in progress.
func TestInvocationThatWasKilled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		limit time.Duration // of the killed invocation, 0 for none
		lease time.Duration
	}{{"with a deadline", time.Minute, time.Minute}, {"without a deadline", 0, idempotency.DefaultLease}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &faultyStore{broken: map[string]error{"Release": errBroken}} // as good as killed
				calls := 0
				app := appOf(idempotency.Middleware(store), func(context.Context, sdk.Event[string]) error {
					if calls++; calls == 1 {
						return errBroken
					}
					return nil
				})
				ctx := t.Context()
				if test.limit > 0 {
					limited, cancel := context.WithTimeout(ctx, test.limit)
					defer cancel()
					ctx = limited
				}
				sdktest.InvokeContext(ctx, t, app, "h", sdktest.Event{Type: "a", ID: "1"})
				time.Sleep(10 * time.Second)
				m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"}).Messages[0]
				if want := test.lease - 9*time.Second; m.Outcome != sdktest.Retried || m.RetryAfter != want {
					t.Errorf("got %s after %s, want it retried after %s", m.Outcome, m.RetryAfter, want)
				}
				time.Sleep(m.RetryAfter)
				m = sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"}).Messages[0]
				if m.Outcome != sdktest.Handled || calls != 2 {
					t.Errorf("got %s after %d calls, want it handled by the second", m.Outcome, calls)
				}
			})
		})
	}
}

// TestFunctionLeftBehind ignores the end of its context and succeeds much later.
func TestFunctionLeftBehind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		returns  time.Duration // after its start
		takeover bool          // by the message that comes again before
	}{
		{"succeeds late", 5 * time.Minute, false},
		{"is overtaken", 5 * time.Minute, true},
		{"succeeds within its invocation", 59 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				app := appOf(idempotency.Middleware(new(idempotency.Memory)), func(context.Context, sdk.Event[string]) error {
					if calls.Add(1) == 1 {
						time.Sleep(test.returns)
					}
					return nil
				})
				invoke := func() sdktest.Message {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					return sdktest.InvokeContext(ctx, t, app, "h", sdktest.Event{Type: "a", ID: "1"}).Messages[0]
				}
				began := time.Now()
				if m := invoke(); test.returns > time.Minute && m.Outcome != sdktest.Retried {
					t.Errorf("got %s, want the message retried as its function did not return", m.Outcome)
				}
				wantCalls := int32(1)
				if test.returns > time.Minute {
					if m := invoke(); m.Outcome != sdktest.Retried || calls.Load() != 1 || time.Until(began.Add(time.Minute)) > m.RetryAfter {
						t.Errorf("got %s after %s, %d calls; want it retried when the first entry expires", m.Outcome, m.RetryAfter, calls.Load())
					}
				}
				if test.takeover {
					time.Sleep(2 * time.Minute)
					invoke()
					wantCalls = 2
				}
				time.Sleep(10 * time.Minute)
				if m := invoke(); m.Outcome != sdktest.Handled || calls.Load() != wantCalls {
					t.Errorf("got %s after %d calls, want it handled before, by %d", m.Outcome, calls.Load(), wantCalls)
				}
			})
		})
	}
}

// TestContextThatEnded does not keep the entry from being settled.
func TestContextThatEnded(t *testing.T) {
	t.Parallel()
	for _, succeed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			app := appOf(idempotency.Middleware(new(idempotency.Memory)), func(ctx context.Context, _ sdk.Event[string]) error {
				if calls++; calls > 1 {
					return nil
				}
				<-ctx.Done()
				if succeed {
					return nil
				}
				return ctx.Err()
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			sdktest.InvokeContext(ctx, t, app, "h", sdktest.Event{Type: "a", ID: "1"})
			m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"}).Messages[0]
			want := 2
			if succeed {
				want = 1
			}
			if m.Outcome != sdktest.Handled || calls != want {
				t.Errorf("success %t: got %s after %d calls, want it handled after %d", succeed, m.Outcome, calls, want)
			}
		})
	}
}

// TestTTL forgets what was done.
func TestTTL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		options []idempotency.Option
		want    time.Duration
	}{{nil, 14 * 24 * time.Hour}, {[]idempotency.Option{idempotency.TTL(time.Hour)}, time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			app := appOf(idempotency.Middleware(new(idempotency.Memory), test.options...),
				func(context.Context, sdk.Event[string]) error { calls++; return nil })
			for _, step := range []struct {
				wait time.Duration
				want int
			}{{0, 1}, {test.want - 1, 1}, {1, 2}} {
				time.Sleep(step.wait)
				sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"})
				if calls != step.want {
					t.Errorf("TTL %s: %d calls after another %s, want %d", test.want, calls, step.wait, step.want)
				}
			}
		})
	}
}
