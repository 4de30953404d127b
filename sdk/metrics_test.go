package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// metricLines has an app's only handler, "h", handle batches as in Lambda, and returns the lines of metrics that it writes.
func metricLines(t *testing.T, app *App, batches ...string) []map[string]any {
	t.Helper()
	t.Setenv("HANDLER", "h")
	var lines []map[string]any
	synctest.Test(t, func(t *testing.T) {
		var stdout bytes.Buffer
		handler, err := app.initLambda(t.Context(), &output{w: &stdout})
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range batches {
			ctx, cancel := context.WithTimeout(environ.NewContext(t.Context(), &environ.Environment{SQS: downSQS{}}), 10*time.Second)
			if _, err := handler.Invoke(ctx, []byte(batch)); err != nil {
				t.Error(err)
			}
			cancel()
		}
		for line := range strings.Lines(stdout.String()) {
			var members map[string]any
			if err := json.Unmarshal([]byte(line), &members); err != nil {
				t.Fatalf("%s: %s", err, line)
			}
			if members["_aws"] != nil {
				lines = append(lines, members)
			}
		}
	})
	return lines
}

// downSQS is out of reach, so that failed messages wait for their visibility timeout.
type downSQS struct{ environ.SQS }

func (downSQS) GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return nil, errors.New("SQS is down")
}

// batchOf is a batch of bare bodies of the given types.
func batchOf(queue string, types ...string) string {
	var records []string
	for i, eventType := range types {
		records = append(records, fmt.Sprintf(`{"messageId":"m%d","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:%s",`+
			`"attributes":{"SentTimestamp":"946684800000"},"body":"1","messageAttributes":{"type":{"dataType":"String","stringValue":%q}}}`,
			i, queue, eventType))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// TestMetrics looks at what CloudWatch makes metrics of: the definitions, and the values that they name.
func TestMetrics(t *testing.T) {
	t.Setenv("AWS_LAMBDA_LOG_LEVEL", "WARN")
	broken := errors.New("broken")
	app := New("acme", Metrics("Acme/Events"), Handler("h", Unhandled(Drop),
		On("ok", func(context.Context, RawEvent) error { time.Sleep(time.Second); return nil }, Alias("was.ok")),
		On("bad.*", func(context.Context, RawEvent) error { return broken }),
	))
	got := metricLines(t, app, batchOf("h", "ok", "bad.1", "was.ok", "bad.2", "other"), batchOf("h.fifo", "bad.1", "ok"))
	line := func(eventType string, units map[string]string, values map[string]any) map[string]any {
		dimensions := []any{"handler"}
		want := map[string]any{"handler": "h"}
		if eventType != "" {
			dimensions = append(dimensions, "type")
			want["type"] = eventType
		}
		maps.Copy(want, values)
		want["_aws"] = map[string]any{"dimensions": dimensions, "namespace": "Acme/Events", "units": units}
		return want
	}
	with := func(further ...string) map[string]string {
		all := map[string]string{"Handled": "Count", "Failed": "Count"}
		for _, name := range further {
			all[name] = "Count"
			if name == "Duration" || name == "Age" {
				all[name] = "Milliseconds"
			}
		}
		return all
	}
	want := []map[string]any{
		line("", map[string]string{"ColdStart": "Count"}, map[string]any{"ColdStart": 1.0}),
		line("bad.*", with("Retried", "Duration", "Age"),
			map[string]any{"Handled": 0.0, "Failed": 2.0, "Retried": 2.0, "Duration": []any{0.0, 0.0}, "Age": []any{0.0, 0.0}}),
		line("ok", with("Duration", "Age"),
			map[string]any{"Handled": 2.0, "Failed": 0.0, "Duration": []any{1000.0, 1000.0}, "Age": []any{1000.0, 1000.0}}),
		line("unknown", with("Dropped", "Age"), map[string]any{"Handled": 0.0, "Failed": 1.0, "Dropped": 1.0, "Age": []any{0.0}}),
		line("bad.*", with("Retried", "Duration", "Age"),
			map[string]any{"Handled": 0.0, "Failed": 1.0, "Retried": 1.0, "Duration": []any{0.0}, "Age": []any{1000.0}}),
		line("ok", with("Unstarted"), map[string]any{"Handled": 0.0, "Failed": 0.0, "Unstarted": 1.0}),
	}
	for _, line := range got {
		if _, err := time.Parse(time.RFC3339, fmt.Sprint(line["timestamp"])); err != nil || line["level"] != "WARN" {
			t.Errorf("Lambda drops the line: level %v, %v", line["level"], err)
		}
		delete(line, "timestamp")
		delete(line, "level")
		line["_aws"] = directiveOf(t, line["_aws"])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// directiveOf brings what CloudWatch is told into a form that is easier to compare, after holding it to the form that it must have.
func directiveOf(t *testing.T, aws any) map[string]any {
	t.Helper()
	encoded, err := json.Marshal(aws)
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]any
			Metrics    []struct{ Name, Unit string }
		}
	}
	if err := json.Unmarshal(encoded, &metadata); err != nil || metadata.Timestamp < 946684800000 || len(metadata.CloudWatchMetrics) != 1 ||
		len(metadata.CloudWatchMetrics[0].Dimensions) != 1 {
		t.Fatalf("got metadata %s, %v", encoded, err)
	}
	directive := metadata.CloudWatchMetrics[0]
	units := make(map[string]string)
	for _, definition := range directive.Metrics {
		units[definition.Name] = definition.Unit
	}
	return map[string]any{"namespace": directive.Namespace, "dimensions": directive.Dimensions[0], "units": units}
}

// TestMetricsHaveNoMoreValuesThanTheFormatTakes has a batch of 250 messages of one type.
func TestMetricsHaveNoMoreValuesThanTheFormatTakes(t *testing.T) {
	app := New("acme", Handler("h", On("a", func(context.Context, RawEvent) error { return nil })))
	lines := metricLines(t, app, batchOf("h", strings.Split(strings.Repeat("a,", 249)+"a", ",")...))
	total := 0.0
	for _, line := range lines[1:] {
		durations, _ := line["Duration"].([]any)
		handled, _ := line["Handled"].(float64)
		if len(durations) > 100 || float64(len(durations)) != handled {
			t.Errorf("got %d values for %v messages", len(durations), handled)
		}
		total += handled
	}
	if total != 250 {
		t.Errorf("got %v handled, want 250", total)
	}
}

// TestDimensionsAreThoseThatCloudWatchTakes has event types of other characters, and of any length.
func TestDimensionsAreThoseThatCloudWatchTakes(t *testing.T) {
	t.Parallel()
	for eventType, want := range map[string]string{
		"order.paid": "order.paid", "größe": "gr??e", "a\nb": "a?b", strings.Repeat("x", 2000): strings.Repeat("x", 1024),
	} {
		if got := dimensionOf(eventType); got != want {
			t.Errorf("%.20q: got %q, want %q", eventType, got, want)
		}
	}
}

func TestAppsMayHaveNoMetrics(t *testing.T) {
	app := New("acme", Metrics(""), Handler("h", On("a", func(context.Context, RawEvent) error { return nil })))
	if lines := metricLines(t, app, batchOf("h", "a")); len(lines) > 0 {
		t.Errorf("got %v", lines)
	}
}
