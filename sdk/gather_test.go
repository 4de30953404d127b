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

// TestGather has two middlewares, one in the other, wait for the goroutines of a function that has returned long before.
func TestGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []error
		var took []time.Duration
		observed := func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error {
				began := time.Now()
				ctx, wait := sdk.Gather(ctx)
				defer func() { seen, took = append(seen, wait()), append(took, time.Since(began)) }()
				return next(ctx, e)
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
			if m.Outcome != sdktest.Retried || !errors.Is(m.Err, errBroken) {
				t.Errorf("%q: got %s with %v, want it retried as a goroutine failed", data, m.Outcome, m.Err)
			}
			if panicked := strings.Contains(m.Err.Error(), "panic: oh"); panicked != (data == "panic") {
				t.Errorf("%q: got %v", data, m.Err)
			}
			for i := range seen {
				if !errors.Is(seen[i], errBroken) || took[i] != 2*time.Minute {
					t.Errorf("%q: middleware saw %v after %s, want the goroutine's error after 2m", data, seen[i], took[i])
				}
			}
			if len(seen) != 2 {
				t.Errorf("%q: %d middlewares were called, want 2", data, len(seen))
			}
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
	if _, err := sdk.New("acme", sdk.Options(sdk.OnFreeze(nil))).Invoker("h"); err == nil || !strings.Contains(err.Error(), "sdk.OnFreeze") {
		t.Errorf("got %v, want the mistake in the parts", err)
	}
}
