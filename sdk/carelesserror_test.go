package sdk_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// wrapper is an error whose text is fine on a nil pointer, and what it wraps is not.
type wrapper struct{ cause error }

func (e *wrapper) Error() string { return "wrapped" }
func (e *wrapper) Unwrap() error { return e.cause }

// TestWhatPanicsAfterTheHandlerFunction: outside of handler functions, too, a panic must not end the process and with it the batch.
func TestWhatPanicsAfterTheHandlerFunction(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h",
		sdk.On("unwrap", func(context.Context, sdk.RawEvent) error {
			var err *wrapper
			return errors.Join(errBroken, err)
		}),
		sdk.On("backoff", func(context.Context, sdk.RawEvent) error { return errBroken }, sdk.Backoff(func(attempt int) time.Duration {
			return []time.Duration{0, time.Second}[attempt]
		})),
		sdk.On("fine", ignore)))
	result := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "unwrap"}, sdktest.Event{Type: "backoff", Attempt: 2},
		sdktest.Event{Type: "backoff"}, sdktest.Event{Type: "fine"})
	for i, want := range []struct {
		outcome sdktest.Outcome
		err     string
		min     time.Duration
	}{
		{sdktest.Retried, "nil pointer", 0},
		{sdktest.Retried, "broken (and the function given to sdk.Backoff failed: panic: runtime error: index out of range", 4 * time.Second},
		{sdktest.Retried, "broken", time.Second},
		{sdktest.Handled, "", 0},
	} {
		m := result.Messages[i]
		if m.Outcome != want.outcome || m.RetryAfter < want.min || want.err != "" && !strings.Contains(m.Err.Error(), want.err) {
			t.Errorf("message %d: got %s after %s, %v", i, m.Outcome, m.RetryAfter, m.Err)
		}
	}
}
