package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestNumbersKeepTheirPrecision decodes a number that no float64 holds into whatever can hold it.
func TestNumbersKeepTheirPrecision(t *testing.T) {
	t.Parallel()
	const number = "9007199254740993"
	type nested struct {
		Deep []map[string]struct{ Any any }
	}
	type tree struct {
		Left  *tree
		Value any
	}
	var got []string
	see := func(v any) { got = append(got, fmt.Sprint(v)) }
	app := sdk.New("acme", sdk.Handler("h", sdk.Concurrency(1),
		sdk.On("any", func(_ context.Context, e sdk.Event[any]) error { see(e.Data); return nil }),
		sdk.On("map", func(_ context.Context, e sdk.Event[map[string]any]) error { see(e.Data["n"]); return nil }),
		sdk.On("nested", func(_ context.Context, e sdk.Event[nested]) error { see(e.Data.Deep[0]["x"].Any); return nil }),
		sdk.On("tree", func(_ context.Context, e sdk.Event[tree]) error { see(e.Data.Left.Value); return nil }),
		sdk.On("int", func(_ context.Context, e sdk.Event[struct{ N int64 }]) error { see(e.Data.N); return nil }),
		sdk.On("raw", func(_ context.Context, e sdk.RawEvent) error { see(string(e.Data)); return nil }),
	))
	result := sdktest.Invoke(t, app, "h",
		sdktest.Event{Type: "any", Data: json.RawMessage(number)},
		sdktest.Event{Type: "map", Data: json.RawMessage(`{"n":` + number + `}`)},
		sdktest.Event{Type: "nested", Data: json.RawMessage(`{"Deep":[{"x":{"Any":` + number + `}}]}`)},
		sdktest.Event{Type: "tree", Data: json.RawMessage(`{"Left":{"Value":` + number + `}}`)},
		sdktest.Event{Type: "int", Data: json.RawMessage(`{"N":` + number + `}`)},
		sdktest.Event{Type: "raw", Data: json.RawMessage(number)},
	)
	for i, m := range result.Messages {
		if m.Err != nil || i >= len(got) || got[i] != number {
			t.Errorf("%d: got %v, %v, want %s", i, got, m.Err, number)
		}
	}
}

// TestStrict has data with a member that the type lacks, for an event and a handler that are strict and for one that is not.
func TestStrict(t *testing.T) {
	t.Parallel()
	type data struct{ Name string }
	take := func(context.Context, sdk.Event[data]) error { return nil }
	app := sdk.New("acme",
		sdk.Handler("some", sdk.On("lax", take), sdk.On("strict", take, sdk.Strict())),
		sdk.Handler("all", sdk.Strict(), sdk.On("any", take)),
	)
	for _, test := range []struct{ handler, eventType, data, want string }{
		{"some", "lax", `{"Name":"a","Extra":1}`, ""},
		{"some", "strict", `{"Name":"a","Extra":1}`, `sdk_test.data has no member "Extra"`},
		{"all", "any", `{"Name":"a","Extra":1}`, `sdk_test.data has no member "Extra"`},
		{"all", "any", `{"Name":7}`, `Name does not fit sdk_test.data`},
		{"all", "any", `{"Name":"a"}`, ""},
	} {
		m := sdktest.Invoke(t, app, test.handler, sdktest.Event{Type: test.eventType, Data: json.RawMessage(test.data)}).Messages[0]
		if test.want == "" {
			if m.Outcome != sdktest.Handled {
				t.Errorf("%s %s: got %s, %v", test.eventType, test.data, m.Outcome, m.Err)
			}
			continue
		}
		decode, ok := errors.AsType[*sdk.DecodeError](m.Err)
		if !ok || m.Outcome != sdktest.DeadLettered || !strings.Contains(decode.Error(), test.want) {
			t.Errorf("%s %s: got %s, %v, want %s", test.eventType, test.data, m.Outcome, m.Err, test.want)
		}
	}
}

// TestUnhandled has messages that are no events, of unknown types, and with data that does not fit, for each disposition.
func TestUnhandled(t *testing.T) {
	t.Parallel()
	take := func(context.Context, sdk.Event[int]) error { return nil }
	batch := []sdktest.Event{
		{Body: "no event"}, {Type: "unknown"}, {Type: "a", Data: "text"}, {Type: "a", Data: 1},
	}
	for name, test := range map[string]struct {
		options []sdk.HandlerOption
		want    sdktest.Outcome
	}{
		"by default":  {nil, sdktest.DeadLettered},
		"dead-letter": {[]sdk.HandlerOption{sdk.Unhandled(sdk.DeadLetter)}, sdktest.DeadLettered},
		"fail":        {[]sdk.HandlerOption{sdk.Unhandled(sdk.Fail)}, sdktest.Retried},
		"drop":        {[]sdk.HandlerOption{sdk.Unhandled(sdk.Drop)}, sdktest.Dropped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := sdk.New("acme", sdk.Handler("h", append(test.options, sdk.On("a", take))...))
			messages := sdktest.Invoke(t, app, "h", batch...).Messages
			for i, m := range messages[:3] {
				if m.Outcome != test.want || m.Err == nil {
					t.Errorf("message %d: got %s, %v, want %s", i, m.Outcome, m.Err, test.want)
				}
			}
			if unknown, ok := errors.AsType[*sdk.UnknownTypeError](messages[1].Err); !ok || unknown.Type != "unknown" || unknown.Handler != "h" ||
				fmt.Sprint(unknown.Known) != "[a]" {
				t.Errorf("got %#v", messages[1].Err)
			}
			for _, i := range []int{0, 2} {
				if _, ok := errors.AsType[*sdk.DecodeError](messages[i].Err); !ok {
					t.Errorf("message %d: got %#v", i, messages[i].Err)
				}
			}
			if messages[3].Outcome != sdktest.Handled {
				t.Errorf("got %s for an event that fits", messages[3].Outcome)
			}
		})
	}
}

// TestOptionsOfAnEventWinOverThoseOfItsHandler has both set timeouts and backoffs.
func TestOptionsOfAnEventWinOverThoseOfItsHandler(t *testing.T) {
	t.Parallel()
	fixed := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	left := make(map[string]time.Duration)
	fail := func(ctx context.Context, e sdk.RawEvent) error {
		deadline, _ := ctx.Deadline()
		left[e.Type] = time.Until(deadline).Round(time.Minute)
		return errBroken
	}
	app := sdk.New("acme", sdk.Handler("h", sdk.Concurrency(1), sdk.Timeout(2*time.Minute), sdk.Backoff(fixed(time.Minute)),
		sdk.On("handler's", fail),
		sdk.On("own", fail, sdk.Timeout(5*time.Minute), sdk.Backoff(func(attempt int) time.Duration { return time.Duration(attempt) * time.Hour })),
		sdk.On("too long", fail, sdk.Backoff(fixed(100*time.Hour))),
		sdk.On("too short", fail, sdk.Backoff(fixed(-time.Hour))),
	))
	messages := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "handler's"}, sdktest.Event{Type: "own", Attempt: 3},
		sdktest.Event{Type: "too long"}, sdktest.Event{Type: "too short"}).Messages
	for i, want := range []time.Duration{time.Minute, 3 * time.Hour, 11*time.Hour + 30*time.Minute, 0} {
		if messages[i].RetryAfter != want {
			t.Errorf("message %d comes again after %s, want %s", i, messages[i].RetryAfter, want)
		}
	}
	if left["handler's"] != 2*time.Minute || left["own"] != 5*time.Minute {
		t.Errorf("got timeouts %v", left)
	}
}

// TestDelaysEndBeforeTheQueueForgetsTheMessage has a queue that keeps messages for ten minutes.
func TestDelaysEndBeforeTheQueueForgetsTheMessage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		age   time.Duration
		delay string
		want  int32 // seconds, ±2
	}{
		{"soon enough", time.Second, "30s", 30},
		{"a fresh message", time.Second, "1h", 300},
		{"an old one", 8 * time.Minute, "1h", 60},
		{"one that is nearly gone", 10*time.Minute - 2*time.Second, "1h", 1},
		{"one that should be gone", time.Hour, "1h", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			f.retention = "600"
			sent := time.Now().Add(-test.age)
			body := bytes.ReplaceAll(payload(t, do("retry "+test.delay)), []byte(`"SentTimestamp":"`), []byte(`"Was":"`))
			body = bytes.ReplaceAll(body, []byte(`"attributes":{`), fmt.Appendf(nil, `"attributes":{"SentTimestamp":"%d",`, sent.UnixMilli()))
			invokeRaw(f.context(t.Context()), t, doing(), body)
			if got := f.visibility["r0"]; got < test.want-2 || got > test.want+2 {
				t.Errorf("comes again after %d s, want %d", got, test.want)
			}
		})
	}
}

// TestLogData logs the data of the events that ask for it, and of no others.
func TestLogData(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.On("told", ignore, sdk.LogData()), sdk.On("secret", ignore)))
	for eventType, want := range map[string]bool{"told": true, "secret": false} {
		var out bytes.Buffer
		invokeLogged(t.Context(), t, app, &out, sdktest.Event{Type: eventType, Data: map[string]string{"password": "hunter2"}})
		if got := strings.Contains(out.String(), `"data":{"password":"hunter2"}`); got != want {
			t.Errorf("%s: data in the log: %t, want %t: %s", eventType, got, want, &out)
		}
	}
}
