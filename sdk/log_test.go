package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestLogLine holds the one line per message to what others read in it.
func TestLogLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, data string
		want       map[string]any
		present    []string
	}{
		{"handled", "", map[string]any{"level": "INFO", "outcome": "handled"}, nil},
		{"retried", "retry 9s", map[string]any{"level": "WARN", "outcome": "retried", "error": "wrapped: broken", "retryAfterSeconds": 9.0}, nil},
		{"dead-lettered", "permanent", map[string]any{"level": "ERROR", "outcome": "dead-lettered", "error": "broken"}, nil},
		{"panic", "panic", map[string]any{"level": "WARN", "outcome": "retried", "error": "panic: at the disco"},
			[]string{"stack", "retryAfterSeconds"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
			minuteAgo := time.Now().Add(-time.Minute)
			invokeLogged(ctx, t, doing(), &out, sdktest.Event{Type: "do", ID: "e-1", Data: test.data, Time: minuteAgo, Attempt: 2})
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%s: %s", err, out.String())
			}
			if age, ok := line["ageMs"].(float64); !ok || age < 60_000 || age > 120_000 {
				t.Errorf("ageMs: got %v", line["ageMs"])
			}
			if _, ok := line["durationMs"].(float64); !ok {
				t.Errorf("durationMs: got %v", line["durationMs"])
			}
			for _, name := range append(test.present, "time", "ageMs", "durationMs") {
				if line[name] == nil {
					t.Errorf("no %s", name)
				}
				delete(line, name)
			}
			want := map[string]any{
				"msg": "event settled", "handler": "h", "queue": "h", "type": "do", "eventId": "e-1", "messageId": "m0", "attempt": 2.0, "requestId": "request-1",
			}
			maps.Copy(want, test.want)
			if diff := cmp.Diff(want, line); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

// invokeLogged hands one event to the handler "h" with a logger of the test's.
func invokeLogged(ctx context.Context, t *testing.T, app *sdk.App, out *bytes.Buffer, e sdktest.Event) {
	t.Helper()
	f := newFakeSQS()
	invokeRaw(f.context(sdk.WithLogger(ctx, slog.New(slog.NewJSONHandler(out, nil)))), t, app, payload(t, e))
}

func TestHandlerFunctionsLogWithTheMessage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(ctx context.Context, _ sdk.Event[string]) error {
		sdk.Logger(ctx).Info("hello")
		return nil
	})))
	invokeLogged(t.Context(), t, app, &out, sdktest.Event{Type: "a", ID: "e-1"})
	first, _, _ := strings.Cut(out.String(), "\n")
	for _, want := range []string{`"msg":"hello"`, `"handler":"h"`, `"queue":"h"`, `"type":"a"`, `"messageId":"m0"`, `"eventId":"e-1"`, `"attempt":1`} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
}

// TestLinesStayWhole has errors, panics and data that CloudWatch would break a line for.
func TestLinesStayWhole(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("ä", 1<<20)
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(_ context.Context, e sdk.Event[string]) error {
		if e.ID == "panic" {
			panic(huge)
		}
		return errors.New(huge)
	}, sdk.LogData())))
	for _, id := range []string{"error", "panic"} {
		var out bytes.Buffer
		invokeLogged(t.Context(), t, app, &out, sdktest.Event{Type: "a", ID: id, Data: huge[:1<<19]})
		var line struct{ Error, Data string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || out.Len() > 256<<10 {
			t.Fatalf("%s: a line of %d bytes, %v", id, out.Len(), err)
		}
		if !strings.HasSuffix(line.Error, " bytes)") || !strings.HasSuffix(line.Data, "… (524290 bytes)") {
			t.Errorf("%s: got an error that ends in %q and data in %q", id, line.Error[len(line.Error)-30:], line.Data[len(line.Data)-30:])
		}
	}
}
