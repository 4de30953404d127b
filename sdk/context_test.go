package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestGo waits for what a handler function started and takes its failure for the message's.
func TestGo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		fn   func(context.Context) error
		want sdktest.Outcome
		err  string
	}{
		{"success", func(context.Context) error { return nil }, sdktest.Handled, "<nil>"},
		{"error", func(context.Context) error { return errBroken }, sdktest.Retried, "broken"},
		{"permanent error", func(context.Context) error { return sdk.Permanent(errBroken) }, sdktest.DeadLettered, "broken"},
		{"panic", func(context.Context) error { panic("oh") }, sdktest.Retried, "panic: oh"},
		{"goexit", func(context.Context) error { runtime.Goexit(); return nil }, sdktest.Retried, "runtime.Goexit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var ended bool
				app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(ctx context.Context, _ sdk.Event[string]) error {
					sdk.Go(ctx, func(ctx context.Context) error {
						sdk.Go(ctx, func(context.Context) error { time.Sleep(time.Minute); ended = true; return nil })
						return test.fn(ctx)
					})
					return nil
				})))
				m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0]
				if m.Outcome != test.want || !strings.Contains(fmt.Sprint(m.Err), test.err) {
					t.Errorf("got %s with %v, want %s with %s", m.Outcome, m.Err, test.want, test.err)
				}
				if !ended {
					t.Error("a goroutine outlived its message")
				}
			})
		})
	}
}

// TestGoInAServer logs what fails, and is waited for.
func TestGoInAServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := sdk.New("acme", sdk.Server(func(ctx context.Context) error {
			sdk.Go(ctx, func(context.Context) error { time.Sleep(time.Minute); return errBroken })
			sdk.Go(ctx, func(context.Context) error { panic("oh") })
			return errors.New("the port is taken")
		}))
		var out bytes.Buffer
		err := app.Run(t.Context(), []string{"backend", "server"}, &out, &out)
		if err == nil || err.Error() != "the port is taken" {
			t.Errorf("got %v, want the server's error", err)
		}
		for _, want := range []string{`"message":"goroutine failed","error":"broken"`, `"error":"panic: oh","stack":"goroutine `} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %s in\n%s", want, &out)
			}
		}
	})
}

func TestGoNeedsAContextOfTheApp(t *testing.T) {
	t.Parallel()
	defer func() {
		if value := recover(); !strings.Contains(fmt.Sprint(value), "the context must be derived from") {
			t.Errorf("got %v", value)
		}
	}()
	sdk.Go(t.Context(), func(context.Context) error { return nil })
}
