package sdk

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// The metrics of each event type, in the app's namespace with the dimensions handler and type. Unstarted are messages that were given
// back without a call, Failed all whose handling failed: each of these is then Retried, DeadLettered or Dropped.
const (
	metricHandled      = "Handled"
	metricFailed       = "Failed"
	metricRetried      = "Retried"
	metricDeadLettered = "DeadLettered"
	metricDropped      = "Dropped"
	metricUnstarted    = "Unstarted"
	metricDuration     = "Duration"  // of handler functions, in milliseconds
	metricAge          = "Age"       // from the event's time to the end of its handling, in milliseconds
	metricColdStart    = "ColdStart" // 1 in a runtime's first invocation, with the dimension handler
)

// unknownType is the type of metrics of messages that the handler has no function for: their own types may be without number.
const unknownType = "unknown"

// maxValues is how many values the embedded metric format takes for one metric of a line.
const maxValues = 100

// Metrics sets the CloudWatch namespace of the app's metrics, which is the app's name otherwise. With "" there are no metrics.
//
// In Lambda, an app writes metrics about each event type that it registers to its log, in CloudWatch's embedded metric format, from which CloudWatch
// makes them without further calls: Handled, Failed, Retried, DeadLettered, Dropped, Unstarted, Duration and Age by handler and
// type, ColdStart by handler. Aliases count as the type that has them, types that match a prefix as the prefix, and all others as
// "unknown".
func Metrics(namespace string) AppOption {
	return appOption(func(a *App) { a.namespace = namespace })
}

// measure writes the metrics of the invocation.
func (v *invocation) measure() {
	cold := v.warm.CompareAndSwap(false, true)
	if v.metrics == nil || v.app.namespace == "" {
		return
	}
	if cold {
		line := v.newMetrics("handler")
		line.put(metricColdStart, "Count", 1)
		v.write(line)
	}
	byType := make(map[string][]*message)
	for i := range v.messages {
		m := &v.messages[i]
		eventType := unknownType
		if m.route != nil {
			eventType = m.route.eventType
		}
		byType[eventType] = append(byType[eventType], m)
	}
	for _, eventType := range slices.Sorted(maps.Keys(byType)) {
		for chunk := range slices.Chunk(byType[eventType], maxValues) {
			line := v.newMetrics("handler", "type")
			line.values["type"] = eventType
			line.count(chunk)
			v.write(line)
		}
	}
}

// metricLine is one line in the embedded metric format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metricLine struct {
	dimensions  []string
	definitions []metricDefinition
	values      map[string]any
}

type metricDefinition struct {
	Name string
	Unit string
}

func (v *invocation) newMetrics(dimensions ...string) *metricLine {
	line := &metricLine{dimensions: dimensions, values: map[string]any{"handler": v.handler.name}}
	if v.request != "" {
		line.values["requestId"] = v.request
	}
	return line
}

func (l *metricLine) put(name, unit string, value any) {
	l.definitions = append(l.definitions, metricDefinition{name, unit})
	l.values[name] = value
}

// count sums up messages of one type. Handled and Failed are there also when they are zero, so that alarms have data.
func (l *metricLine) count(messages []*message) {
	counts := make(map[string]int)
	var durations, ages []float64
	for _, m := range messages {
		if !m.started() {
			counts[metricUnstarted]++
			continue
		}
		durations = append(durations, milliseconds(m.duration))
		if !m.event.Time.IsZero() {
			ages = append(ages, milliseconds(max(time.Since(m.event.Time), 0)))
		}
		switch m.outcome {
		case handled:
			counts[metricHandled]++
		case retried:
			counts[metricRetried]++
		case deadLettered:
			counts[metricDeadLettered]++
		case dropped:
			counts[metricDropped]++
		}
	}
	counts[metricFailed] = counts[metricRetried] + counts[metricDeadLettered] + counts[metricDropped]
	l.put(metricHandled, "Count", counts[metricHandled])
	l.put(metricFailed, "Count", counts[metricFailed])
	for _, name := range []string{metricRetried, metricDeadLettered, metricDropped, metricUnstarted} {
		if counts[name] > 0 {
			l.put(name, "Count", counts[name])
		}
	}
	if len(durations) > 0 {
		l.put(metricDuration, "Milliseconds", durations)
	}
	if len(ages) > 0 {
		l.put(metricAge, "Milliseconds", ages)
	}
}

// write writes the line in one piece, as other goroutines write to the same output.
func (v *invocation) write(l *metricLine) {
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metricDefinition
	}
	l.values["_aws"] = map[string]any{
		"Timestamp":         time.Now().UnixMilli(),
		"CloudWatchMetrics": []directive{{v.app.namespace, [][]string{l.dimensions}, l.definitions}},
	}
	encoded, err := json.Marshal(l.values)
	if err == nil {
		_, err = v.metrics.Write(append(encoded, '\n'))
	}
	if err != nil {
		v.log.Warn("metrics were not written", slog.String("error", err.Error()))
	}
}
