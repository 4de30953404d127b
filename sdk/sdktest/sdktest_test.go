package sdktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

var errBroken = errors.New("broken")

func TestInvokeShowsWhatTheHandlerSent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	app := sdk.New("acme", sdk.Handler("h", sdk.SendsTo("jobs"), sdk.On("a", func(ctx context.Context, e sdk.Event[string]) error {
		return sdk.Send(ctx, "jobs", "b", e.Data, sdk.WithID("b-"+e.ID), sdk.WithTime(e.Time), sdk.WithGroup("g"), sdk.WithDelay(time.Minute))
	})))
	result := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", Data: "hello", Time: at})
	want := []sdktest.Sent{{
		Queue: "jobs", ID: "b-event-1", Type: "b", Time: at, Data: json.RawMessage(`"hello"`), Group: "g", Delay: time.Minute,
	}}
	if diff := cmp.Diff(want, result.Sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestInvokePassesTheEventOn(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var got sdk.Event[map[string]int]
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(_ context.Context, e sdk.Event[map[string]int]) error {
		got = e
		return nil
	})))
	sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1", Source: "s", Time: at, Data: map[string]int{"n": 1}, Attempt: 4})
	want := sdk.Event[map[string]int]{ID: "1", Type: "a", Source: "s", Time: at, Data: map[string]int{"n": 1}, Attempt: 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestInvokeShowsOutcomes(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(_ context.Context, e sdk.Event[string]) error {
		switch e.Data {
		case "retry":
			return sdk.RetryAfter(errBroken, time.Minute)
		case "permanent":
			return sdk.Permanent(errBroken)
		}
		return nil
	})))
	for _, group := range []string{"", "g"} {
		var batch []sdktest.Event
		for i, data := range []string{"", "permanent", "retry"} {
			e := sdktest.Event{Type: "a", Data: data}
			if group != "" {
				e.Group = fmt.Sprint(group, i)
			}
			batch = append(batch, e)
		}
		messages := sdktest.Invoke(t, app, "h", batch...).Messages
		if m := messages[0]; m.Outcome != sdktest.Handled || m.Err != nil {
			t.Errorf("got %+v, want it handled", m)
		}
		if m := messages[1]; m.Outcome != sdktest.DeadLettered || !errors.Is(m.Err, errBroken) {
			t.Errorf("got %+v, want it dead-lettered", m)
		}
		if m := messages[2]; m.Outcome != sdktest.Retried || m.RetryAfter != time.Minute || !errors.Is(m.Err, errBroken) {
			t.Errorf("got %+v, want it retried after a minute", m)
		}
	}
}

// TestInvokeIsAsStrictAsSQS has a handler send with a context that has ended, and no data.
func TestInvokeIsAsStrictAsSQS(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.SendsTo("jobs"), sdk.On("a", func(ctx context.Context, e sdk.RawEvent) error {
		if len(e.Data) > 0 {
			return fmt.Errorf("got data %s", e.Data)
		}
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return sdk.Send(ctx, "jobs", "b", nil)
	})))
	result := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"})
	if m := result.Messages[0]; !errors.Is(m.Err, context.Canceled) || m.Outcome != sdktest.Retried {
		t.Errorf("got %s with %v, want retried as the context was cancelled", m.Outcome, m.Err)
	}
	if len(result.Sent) > 0 {
		t.Errorf("got %+v sent", result.Sent)
	}
}

// recorder is a test that keeps why it failed instead of failing.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) + "\n" }

func (r *recorder) Fatal(args ...any) { r.text = fmt.Sprint(args...); runtime.Goexit() }

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func TestMistakesEndTheTest(t *testing.T) {
	t.Parallel()
	ignore := func(context.Context, sdk.Event[string]) error { return nil }
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", ignore)))
	for _, test := range []struct {
		name string
		run  func(testing.TB)
		want string
	}{
		{"unknown handler", func(t testing.TB) { sdktest.Invoke(t, app, "x") }, `has no handler "x" (it has h)`},
		{"data that is no JSON", func(t testing.TB) { sdktest.Invoke(t, app, "h", sdktest.Event{Data: make(chan int)}) },
			"encode the data of event 0"},
		{"data of another type", func(t testing.TB) { sdktest.Data[int](t, sdktest.Sent{Type: "a", Data: json.RawMessage(`"x"`)}) },
			`decode the data of event "a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			var running sync.WaitGroup
			running.Go(func() { test.run(r) })
			running.Wait()
			if !strings.Contains(r.text, test.want) {
				t.Errorf("got %q, want %q", r.text, test.want)
			}
		})
	}
}
