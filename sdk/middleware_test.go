package sdk_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestMiddlewareSeesAllOfAnOutcome has two middlewares, one in the other, wait for a function that panics, and for the goroutines of
// one that has returned long before.
func TestMiddlewareSeesAllOfAnOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []error
		var took []time.Duration
		observed := func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error {
				began := time.Now()
				err := next(ctx, e)
				seen, took = append(seen, err), append(took, time.Since(began))
				return err
			}
		}
		app := sdk.New("acme", sdk.Use(observed, observed), sdk.Handler("h", sdk.On("a", func(ctx context.Context, e sdk.Event[string]) error {
			sdk.Go(ctx, func(ctx context.Context) error {
				time.Sleep(time.Minute)
				sdk.Go(ctx, func(context.Context) error { time.Sleep(time.Minute); return errBroken })
				return nil
			})
			if e.Data == "panic" {
				panic("oh")
			}
			return nil
		})))
		for _, data := range []string{"", "panic"} {
			seen, took = nil, nil
			m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", Data: data}).Messages[0]
			for i, err := range append(seen, m.Err) {
				panicked, ok := errors.AsType[*sdk.PanicError](err)
				if !errors.Is(err, errBroken) || ok != (data == "panic") || ok && panicked.Value != "oh" {
					t.Errorf("%q, %d: got %v, want the goroutine's error and the panic", data, i, err)
				}
			}
			if len(seen) != 2 || took[0] != 2*time.Minute || took[1] != 2*time.Minute || m.Outcome != sdktest.Retried {
				t.Errorf("%q: got %d middlewares after %s, %s", data, len(seen), took, m.Outcome)
			}
		}
	})
}

// TestMiddlewareMayHaveGoroutinesOfItsOwn has one run until the event was handled.
func TestMiddlewareMayHaveGoroutinesOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		heartbeat := func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error {
				beating, stop := context.WithCancel(ctx)
				defer stop()
				sdk.Go(ctx, func(context.Context) error {
					for beating.Err() == nil {
						beats++
						select {
						case <-time.After(time.Second):
						case <-beating.Done():
						}
					}
					return nil
				})
				return next(ctx, e)
			}
		}
		app := sdk.New("acme", sdk.Handler("h", sdk.Use(heartbeat), sdk.On("a", func(context.Context, sdk.Event[string]) error {
			time.Sleep(3500 * time.Millisecond)
			return nil
		})))
		if m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0]; m.Outcome != sdktest.Handled || beats != 4 {
			t.Errorf("got %s after %d beats, %v", m.Outcome, beats, m.Err)
		}
	})
}

// TestOptions gives an app two parts as one.
func TestOptions(t *testing.T) {
	t.Parallel()
	var calls []string
	note := func(name string) sdk.Middleware {
		return func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error { calls = append(calls, name); return next(ctx, e) }
		}
	}
	part := sdk.Options(sdk.Use(note("second")), sdk.OnFreeze(func(context.Context) { calls = append(calls, "freeze") }))
	app := sdk.New("acme", sdk.Use(note("first")), part,
		sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[string]) error { calls = append(calls, "function"); return nil })))
	sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"})
	if got := strings.Join(calls, " "); got != "first second function freeze" {
		t.Errorf("got calls %s", got)
	}
}
