package idempotency_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// faultyStore fails where a test says so, by method.
type faultyStore struct {
	idempotency.Memory
	broken map[string]error
	stuck  map[string]bool // calls end only with their contexts
	answer *idempotency.Answer
}

func (s *faultyStore) fault(ctx context.Context, method string) error {
	if s.stuck[method] {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.broken[method]
}

func (s *faultyStore) Begin(ctx context.Context, key, owner string, until time.Time) (idempotency.Answer, error) {
	if err := s.fault(ctx, "Begin"); err != nil {
		return idempotency.Answer{}, err
	}
	if s.answer != nil {
		return *s.answer, nil
	}
	return s.Memory.Begin(ctx, key, owner, until)
}

func (s *faultyStore) Done(ctx context.Context, key, owner string, until time.Time) error {
	if err := s.fault(ctx, "Done"); err != nil {
		return err
	}
	return s.Memory.Done(ctx, key, owner, until)
}

func (s *faultyStore) Release(ctx context.Context, key, owner string) error {
	if err := s.fault(ctx, "Release"); err != nil {
		return err
	}
	return s.Memory.Release(ctx, key, owner)
}

func TestStoreFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		store    *faultyStore
		result   error // of the function
		want     sdktest.Outcome
		retry    time.Duration // 0: by backoff, which is at least 0.75 s
		err, log string
		uncalled bool
		took     time.Duration
	}{
		{name: "down", store: &faultyStore{broken: map[string]error{"Begin": errBroken}}, want: sdktest.Retried, uncalled: true,
			err: "find out whether the event was handled before: broken"},
		{name: "down and says for how long", store: &faultyStore{broken: map[string]error{"Begin": sdk.RetryAfter(errBroken, time.Hour)}},
			want: sdktest.Retried, retry: time.Hour, uncalled: true, err: "broken"},
		{name: "does not answer", store: &faultyStore{stuck: map[string]bool{"Begin": true}}, want: sdktest.Retried, uncalled: true,
			err: context.DeadlineExceeded.Error(), took: 5 * time.Second},
		{name: "answers with nonsense", store: &faultyStore{answer: new(idempotency.Answer)}, want: sdktest.Retried, uncalled: true,
			err: `state "", which does not exist`},
		{name: "in progress until the past", want: sdktest.Retried, retry: -1, uncalled: true, err: "in progress",
			store: &faultyStore{answer: &idempotency.Answer{State: idempotency.InProgress, Until: time.Unix(0, 0)}}},
		{name: "cannot mark as done", store: &faultyStore{broken: map[string]error{"Done": errBroken}}, want: sdktest.Handled,
			log: "level=WARN msg=\"event was handled, but will be again if another message brings it\" error=broken"},
		{name: "marks as done what another owns", store: &faultyStore{broken: map[string]error{"Done": idempotency.ErrNotOwner}},
			want: sdktest.Handled, log: "another owner has the entry"},
		{name: "does not answer when done", store: &faultyStore{stuck: map[string]bool{"Done": true}}, want: sdktest.Handled,
			log: context.DeadlineExceeded.Error(), took: 5 * time.Second},
		{name: "cannot release", store: &faultyStore{broken: map[string]error{"Release": errBroken}}, result: sdk.Permanent(errors.New("no")),
			want: sdktest.DeadLettered, err: "no",
			log: "level=WARN msg=\"event may not be handled again before its idempotency entry expires\" error=broken"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				called := false
				app := sdk.New("acme", sdk.Use(logging(&log), idempotency.Middleware(test.store)),
					sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[string]) error { called = true; return test.result })))
				began := time.Now()
				m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0]
				if m.Outcome != test.want || called == test.uncalled {
					t.Errorf("got %s with %v, called %t; want %s", m.Outcome, m.Err, called, test.want)
				}
				switch {
				case test.retry > 0 && m.RetryAfter != test.retry, test.retry < 0 && m.RetryAfter != 0,
					test.want == sdktest.Retried && test.retry == 0 && m.RetryAfter < time.Second:
					t.Errorf("got a retry after %s", m.RetryAfter)
				case m.Err == nil && test.err != "", m.Err != nil && (test.err == "" || !strings.Contains(m.Err.Error(), test.err)):
					t.Errorf("got %v, want %q", m.Err, test.err)
				case !strings.Contains(log.String(), test.log), test.log == "" && log.Len() > 0:
					t.Errorf("got log %q, want %q", &log, test.log)
				case time.Since(began) != test.took:
					t.Errorf("it took %s, want %s", time.Since(began), test.took)
				}
			})
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	byData := idempotency.Key(func(_ context.Context, e sdk.RawEvent) (string, error) {
		switch string(e.Data) {
		case `"bad"`:
			return "", sdk.Permanent(errBroken)
		case `"unlucky"`:
			return "", errBroken
		case `"any"`:
			return "", nil
		}
		return string(e.Data), nil
	})
	event := func(source, id, data string) sdktest.Event {
		return sdktest.Event{Type: "a", Source: source, ID: id, Data: data}
	}
	for _, test := range []struct {
		name    string
		options []idempotency.Option
		events  []sdktest.Event
		calls   int
		last    sdktest.Outcome
	}{
		{"same source and ID", nil, []sdktest.Event{event("s", "1", "x"), event("s", "1", "y")}, 1, sdktest.Handled},
		{"another ID", nil, []sdktest.Event{event("s", "1", "x"), event("s", "2", "x")}, 2, sdktest.Handled},
		{"another source", nil, []sdktest.Event{event("s", "1", "x"), event("t", "1", "x")}, 2, sdktest.Handled},
		{"slash moved", nil, []sdktest.Event{event("a/b", "c", "x"), event("a", "b/c", "x"), event("a%2Fb", "c", "x")}, 3, sdktest.Handled},
		{"another attempt", nil, []sdktest.Event{event("s", "1", "x"), {Type: "a", Source: "s", ID: "1", Attempt: 9}}, 1, sdktest.Handled},
		{"key of the data", []idempotency.Option{byData}, []sdktest.Event{event("s", "1", "x"), event("t", "2", "x")}, 1, sdktest.Handled},
		{"no key", []idempotency.Option{byData}, []sdktest.Event{event("s", "1", "any"), event("s", "1", "any")}, 2, sdktest.Handled},
		{"no key, with prefix", []idempotency.Option{byData, idempotency.Prefix("p")},
			[]sdktest.Event{event("s", "1", "any"), event("s", "1", "any")}, 2, sdktest.Handled},
		{"permanent error", []idempotency.Option{byData}, []sdktest.Event{event("s", "1", "bad")}, 0, sdktest.DeadLettered},
		{"error", []idempotency.Option{byData}, []sdktest.Event{event("s", "1", "unlucky")}, 0, sdktest.Retried},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			app := appOf(idempotency.Middleware(new(idempotency.Memory), test.options...),
				func(context.Context, sdk.Event[string]) error { calls++; return nil })
			var last sdktest.Message
			for _, e := range test.events {
				last = sdktest.Invoke(t, app, "h", e).Messages[0]
			}
			if calls != test.calls || last.Outcome != test.last || last.Err != nil && !errors.Is(last.Err, errBroken) {
				t.Errorf("%d calls, the last message %s with %v; want %d and %s", calls, last.Outcome, last.Err, test.calls, test.last)
			}
		})
	}
}

func byID(_ context.Context, e sdk.RawEvent) (string, error) { return e.ID, nil }

// TestHandlersThatShareAStore handle an event once each, or once between them if they make the same keys.
func TestHandlersThatShareAStore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options []idempotency.Option
		inOrder string
	}{
		{"each by its name", nil, "first second"},
		{"keys of their own making", []idempotency.Option{idempotency.Key(byID)}, "first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := new(idempotency.Memory)
			var calls []string
			note := func(name string) sdk.HandlerOption {
				return sdk.On("a", func(context.Context, sdk.Event[string]) error { calls = append(calls, name); return nil })
			}
			app := sdk.New("acme",
				sdk.Handler("first", note("first"), sdk.Use(idempotency.Middleware(store, test.options...))),
				sdk.Handler("second", note("second"), sdk.Use(idempotency.Middleware(store, test.options...))))
			for range 2 {
				for _, handler := range []string{"first", "second"} {
					if m := sdktest.Invoke(t, app, handler, sdktest.Event{Type: "a", ID: "1"}).Messages[0]; m.Err != nil {
						t.Error(m.Err)
					}
				}
			}
			if got := strings.Join(calls, " "); got != test.inOrder {
				t.Errorf("got calls %q, want %q", got, test.inOrder)
			}
		})
	}
}

// TestMistakes are bugs, which end the start of the app.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for want, middleware := range map[string]func() sdk.Middleware{
		"no store":        func() sdk.Middleware { return idempotency.Middleware(nil) },
		"no function":     func() sdk.Middleware { return idempotency.Middleware(new(idempotency.Memory), idempotency.Key(nil)) },
		"must be above 0": func() sdk.Middleware { return idempotency.Middleware(new(idempotency.Memory), idempotency.TTL(0)) },
		"was given -1m0s:": func() sdk.Middleware {
			return idempotency.Middleware(new(idempotency.Memory), idempotency.TTL(-time.Minute))
		},
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), want) {
					t.Errorf("got panic %v, want an error with %q", err, want)
				}
			}()
			middleware()
		}()
	}
}
