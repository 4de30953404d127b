package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestOnThaw has invocations follow each other after various times.
func TestOnThaw(t *testing.T) {
	t.Setenv("HANDLER", "h")
	synctest.Test(t, func(t *testing.T) {
		var gaps []time.Duration
		app := New("acme",
			OnThaw(func(time.Duration) { panic("at the first function") }),
			OnThaw(func(gap time.Duration) { gaps = append(gaps, gap) }),
			Handler("h", On("a", func(context.Context, Event[json.RawMessage]) error { time.Sleep(time.Minute); return nil })),
		)
		handler, err := app.initLambda(t.Context(), &output{w: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		ctx := WithLogger(t.Context(), newLogger(&log))
		invoke := func() {
			const payload = `{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"{\"specversion\":\"1.0\",\"type\":\"a\"}"}]}`
			if _, err := handler.Invoke(ctx, []byte(payload)); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(24 * time.Hour) // as with provisioned concurrency
		invoke()
		time.Sleep(time.Hour)
		invoke()
		time.Sleep(minGap)
		invoke()
		time.Sleep(minGap + 1)
		var both sync.WaitGroup
		both.Go(invoke)
		time.Sleep(20 * time.Second) // not idle: the other one runs
		both.Go(invoke)
		both.Wait()

		if want := []time.Duration{24 * time.Hour, time.Hour, minGap + 1}; !slices.Equal(gaps, want) {
			t.Errorf("thawed after %v, want %v", gaps, want)
		}
		if got := strings.Count(log.String(), "OnThaw function failed"); got != 3 {
			t.Errorf("got %d panics in the log, want 3:\n%s", got, &log)
		}
	})
}
