package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

var errBroken = errors.New("broken")

// carelessError is an error whose methods do not work on a nil pointer.
type carelessError struct{ cause error }

func (e *carelessError) Error() string { return e.cause.Error() }
func (e *carelessError) Unwrap() error { return e.cause }

// doing is an app whose handler "h" does for each event what its data names.
func doing(options ...sdk.HandlerOption) *sdk.App {
	do := func(ctx context.Context, e sdk.Event[string]) error {
		switch verb, argument, _ := strings.Cut(e.Data, " "); verb {
		case "":
			return nil
		case "fail":
			return errBroken
		case "panic":
			panic("at the disco")
		case "panic-error":
			panic(errBroken)
		case "nil-error":
			var err *carelessError
			return err
		case "goexit":
			runtime.Goexit()
		case "permanent":
			return sdk.Permanent(errBroken)
		case "retry":
			d, err := time.ParseDuration(argument)
			if err != nil {
				return err
			}
			return fmt.Errorf("wrapped: %w", sdk.RetryAfter(errBroken, d))
		case "work":
			d, err := time.ParseDuration(argument)
			if err != nil {
				return err
			}
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		case "sleep":
			d, err := time.ParseDuration(argument)
			time.Sleep(d)
			return err
		case "ignore-context":
			time.Sleep(time.Hour)
			return nil
		}
		return fmt.Errorf("unknown %q", e.Data)
	}
	return sdk.New("acme", sdk.Handler("h", append(options, sdk.On("do", do))...))
}

func do(data string) sdktest.Event { return sdktest.Event{Type: "do", Data: data} }

func inGroup(group, data string) sdktest.Event {
	return sdktest.Event{Type: "do", Data: data, Group: group}
}

// outcomes are those of a result, such as "handled retried(16s)".
func outcomes(r *sdktest.Result) string {
	var all []string
	for _, m := range r.Messages {
		text := string(m.Outcome)
		if m.Outcome == sdktest.Retried {
			text += "(" + m.RetryAfter.String() + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestEachMessageHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	result := sdktest.Invoke(t, doing(),
		"h", do(""), do("panic"), do(""), do("permanent"), do("retry 7s"), do("goexit"), do("panic-error"), do("fail"), do(""),
		do("nil-error"))
	want := []sdktest.Outcome{
		"handled", "retried", "handled", "dead-lettered", "retried", "retried", "retried", "retried", "handled", "retried",
	}
	wantErr := []string{
		"", "panic: at the disco", "", "broken", "wrapped: broken", "runtime.Goexit", "panic: broken", "broken", "", "nil pointer",
	}
	for i, m := range result.Messages {
		if m.Outcome != want[i] {
			t.Errorf("message %d: got outcome %s, want %s", i, m.Outcome, want[i])
		}
		if got := fmt.Sprint(m.Err); wantErr[i] != "" && !strings.Contains(got, wantErr[i]) {
			t.Errorf("message %d: got error %s, want %s", i, got, wantErr[i])
		}
	}
	if got := result.Messages[4].RetryAfter; got != 7*time.Second {
		t.Errorf("RetryAfter: got %s, want 7s", got)
	}
	if !errors.Is(result.Messages[6].Err, errBroken) {
		t.Error("the error of a panic is lost")
	}
}

func TestMarkingNoErrorIsNoError(t *testing.T) {
	t.Parallel()
	if err := sdk.Permanent(nil); err != nil {
		t.Errorf("Permanent: got %v", err)
	}
	if err := sdk.RetryAfter(nil, time.Second); err != nil {
		t.Errorf("RetryAfter: got %v", err)
	}
}

func TestDelayOfRetries(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		data     string
		attempt  int
		min, max time.Duration
	}{
		{"fail", 1, 1 * time.Second, 2 * time.Second},
		{"fail", 2, 4 * time.Second, 8 * time.Second},
		{"fail", 3, 27 * time.Second, 45 * time.Second},
		{"fail", 4, 162 * time.Second, 270 * time.Second},
		{"fail", 8, 45 * time.Minute, 75 * time.Minute},
		{"fail", 1_000_000, 45 * time.Minute, 75 * time.Minute},
		{"retry 0s", 1, 0, 0},
		{"retry -5s", 1, 0, 0},
		{"retry 1ms", 1, time.Second, time.Second},
		{"retry 90m", 9, 90 * time.Minute, 90 * time.Minute},
		{"retry 100h", 1, 11*time.Hour + 30*time.Minute, 11*time.Hour + 30*time.Minute}, // leaves 15 min to the invocation, 15 to the mapping
	} {
		t.Run(fmt.Sprintf("%s at attempt %d", test.data, test.attempt), func(t *testing.T) {
			t.Parallel()
			m := sdktest.Invoke(t, doing(), "h", sdktest.Event{Type: "do", Data: test.data, Attempt: test.attempt}).Messages[0]
			if m.Outcome != sdktest.Retried || m.RetryAfter < test.min || m.RetryAfter > test.max {
				t.Errorf("got %s after %s, want retried after %s to %s", m.Outcome, m.RetryAfter, test.min, test.max)
			}
		})
	}
}

// TestDeadline has invocations with 10 s, of which 500 ms are kept: contexts end then, and nothing is started any more.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options []sdk.HandlerOption
		batch   []sdktest.Event
		want    string
		took    time.Duration
	}{
		{
			"unstarted messages come back at once",
			[]sdk.HandlerOption{sdk.Concurrency(1)},
			[]sdktest.Event{do("sleep 9600ms"), do(""), do("")},
			"handled retried(0s) retried(0s)", 9600 * time.Millisecond,
		},
		{
			"contexts end in time",
			nil,
			[]sdktest.Event{do("work 1h"), do("work 9400ms")},
			"retried handled", 9500 * time.Millisecond,
		},
		{
			"a function that ignores its context is left behind",
			nil,
			[]sdktest.Event{do("ignore-context"), do(""), do("work 9400ms"), do("permanent")},
			"retried handled handled dead-lettered", 9750 * time.Millisecond,
		},
		{
			"and with a timeout of its own it does not hold up others",
			[]sdk.HandlerOption{sdk.Timeout(2 * time.Second), sdk.Concurrency(1)},
			[]sdktest.Event{do("ignore-context"), do("work 1s"), do("work 3s"), do("")},
			"retried handled retried handled", 5250 * time.Millisecond,
		},
		{
			"messages of a FIFO queue that are not started come back together",
			[]sdk.HandlerOption{sdk.Concurrency(1)},
			[]sdktest.Event{inGroup("a", "sleep 9600ms"), inGroup("a", ""), inGroup("b", "")},
			"handled retried(0s) retried(0s)", 9600 * time.Millisecond,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				result := sdktest.InvokeContext(ctx, t, doing(test.options...), "h", test.batch...)
				if took := time.Since(began); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
				got := outcomes(result)
				if !strings.Contains(test.want, "(") { // which delays does not matter
					for _, m := range result.Messages {
						got = strings.ReplaceAll(got, "("+m.RetryAfter.String()+")", "")
					}
				}
				if got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				time.Sleep(2 * time.Hour) // what was left behind returns, and harms nothing
			})
		})
	}
}

func TestNothingStartsOnceTheInvocationIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result := sdktest.InvokeContext(ctx, t, doing(), "h", do(""), do(""))
	if got, want := outcomes(result), "retried(0s) retried(0s)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestShutdownLeavesBehindWhatIgnoresIt ends the context of an invocation that has no deadline.
func TestShutdownLeavesBehindWhatIgnoresIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		result := sdktest.InvokeContext(ctx, t, doing(sdk.Timeout(10*time.Minute)), "h", do("ignore-context"), do(""), do("work 1h"))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("took %s after the context had ended", took)
		}
		for i, want := range []sdktest.Outcome{sdktest.Retried, sdktest.Handled, sdktest.Retried} {
			if got := result.Messages[i].Outcome; got != want {
				t.Errorf("message %d: got %s, want %s", i, got, want)
			}
		}
		time.Sleep(2 * time.Hour) // what was left behind returns, and harms nothing
	})
}

// TestFIFO keeps order per group: what follows a failure is not started, and comes back with it.
func TestFIFO(t *testing.T) {
	t.Parallel()
	result := sdktest.Invoke(t, doing(), "h",
		inGroup("a", ""), inGroup("b", "retry 30s"), inGroup("a", "retry 5s"), inGroup("c", ""),
		inGroup("b", ""), inGroup("a", ""), inGroup("c", "permanent"), inGroup("c", ""))
	want := "handled retried(30s) retried(5s) handled retried(30s) retried(5s) dead-lettered handled"
	if got := outcomes(result); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, i := range []int{4, 5} {
		if got := result.Messages[i].Err.Error(); !strings.Contains(got, "not started: an earlier message of its group failed") {
			t.Errorf("message %d: got %s", i, got)
		}
	}
}

func TestFIFOHandlesGroupsInParallelAndEachInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		app := sdk.New("acme", sdk.Handler("h", sdk.On("*", func(_ context.Context, e sdk.Event[string]) error {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			if e.Type == "a" {
				order = append(order, e.Data)
			}
			return nil
		})))
		began := time.Now()
		sdktest.Invoke(t, app, "h",
			sdktest.Event{Type: "a", Group: "a", Data: "1"}, sdktest.Event{Type: "b", Group: "b"}, sdktest.Event{Type: "a", Group: "a", Data: "2"},
			sdktest.Event{Type: "b", Group: "b"}, sdktest.Event{Type: "a", Group: "a", Data: "3"})
		if got := strings.Join(order, ""); got != "123" {
			t.Errorf("got order %s, want 123", got)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s, want 3s", took)
		}
	})
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options []sdk.HandlerOption
		took    time.Duration
	}{
		{"ten at a time", nil, 3 * time.Second},
		{"one at a time", []sdk.HandlerOption{sdk.Concurrency(1)}, 25 * time.Second},
		{"all at a time", []sdk.HandlerOption{sdk.Concurrency(100)}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				batch := make([]sdktest.Event, 25)
				for i := range batch {
					batch[i] = do("work 1s")
				}
				began := time.Now()
				sdktest.Invoke(t, doing(test.options...), "h", batch...)
				if took := time.Since(began); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
			})
		})
	}
}
