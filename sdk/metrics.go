package sdk

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// unknownType is the type of metrics of messages that the handler has no function for: their own types may be without number.
const unknownType = "unknown"

// maxValues is how many values the embedded metric format takes for one metric of a line.
const maxValues = 100

// Metrics sets the CloudWatch namespace of the app's metrics, which is the app's name otherwise. With "" there are no metrics.
//
// In Lambda, an app writes metrics about each event type to its log, in CloudWatch's embedded metric format, from which CloudWatch makes
// them without further calls. With the dimensions handler and type:
//
//   - Handled and Failed: messages by how their handling ended, also when there are none; a failed one is then either Retried,
//     DeadLettered or Dropped (see [Unhandled]);
//   - Unstarted: messages that were given back without a call, for want of time or behind a failure in their group;
//   - Duration: of handler functions, in milliseconds;
//   - Age: from the event's time to the end of its handling, in milliseconds.
//
// And with the dimension handler, ColdStart: 1 in a runtime's first invocation. Aliases count as the type that has them, types that
// match a prefix as the prefix, and all others as "unknown".
func Metrics(namespace string) AppOption {
	return appOption(func(a *App) { a.namespace = namespace })
}

// metricLine is one line in the embedded metric format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metricLine struct {
	AWS struct {
		Timestamp         int64 // milliseconds
		CloudWatchMetrics []metricDirective
	} `json:"_aws"`
	Handler   string `json:"handler"`
	Type      string `json:"type,omitempty"`
	RequestID string `json:"requestId,omitempty"`
	ColdStart int    `json:",omitempty"`
	*typeMetrics
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricDefinition
}

type metricDefinition struct{ Name, Unit string }

// typeMetrics are those of an event type.
type typeMetrics struct {
	Handled, Failed                           int
	Retried, DeadLettered, Dropped, Unstarted int       `json:",omitempty"`
	Duration, Age                             []float64 `json:",omitempty"`
}

// measure writes the metrics of the invocation.
func (v *invocation) measure() {
	cold := v.warm.CompareAndSwap(false, true)
	if v.metrics == nil || v.app.namespace == "" {
		return
	}
	if cold {
		v.writeMetrics(&metricLine{ColdStart: 1}, []metricDefinition{{"ColdStart", "Count"}}, "handler")
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
			sum := sumUp(chunk)
			v.writeMetrics(&metricLine{Type: eventType, typeMetrics: sum}, sum.definitions(), "handler", "type")
		}
	}
}

// sumUp makes metrics of messages of one type.
func sumUp(messages []*message) *typeMetrics {
	sum := new(typeMetrics)
	for _, m := range messages {
		if !m.started() {
			sum.Unstarted++
			continue
		}
		sum.Duration = append(sum.Duration, milliseconds(m.duration))
		if !m.event.Time.IsZero() {
			sum.Age = append(sum.Age, milliseconds(max(time.Since(m.event.Time), 0)))
		}
		switch m.outcome {
		case handled:
			sum.Handled++
		case retried:
			sum.Retried++
		case deadLettered:
			sum.DeadLettered++
		case dropped:
			sum.Dropped++
		}
	}
	sum.Failed = sum.Retried + sum.DeadLettered + sum.Dropped
	return sum
}

// definitions are those of the metrics that the line will have.
func (t *typeMetrics) definitions() []metricDefinition {
	defined := append(make([]metricDefinition, 0, 8), metricDefinition{"Handled", "Count"}, metricDefinition{"Failed", "Count"})
	for _, optional := range [...]struct {
		present bool
		metricDefinition
	}{
		{t.Retried > 0, metricDefinition{"Retried", "Count"}},
		{t.DeadLettered > 0, metricDefinition{"DeadLettered", "Count"}},
		{t.Dropped > 0, metricDefinition{"Dropped", "Count"}},
		{t.Unstarted > 0, metricDefinition{"Unstarted", "Count"}},
		{len(t.Duration) > 0, metricDefinition{"Duration", "Milliseconds"}},
		{len(t.Age) > 0, metricDefinition{"Age", "Milliseconds"}},
	} {
		if optional.present {
			defined = append(defined, optional.metricDefinition)
		}
	}
	return defined
}

// writeMetrics writes the line in one piece, as other goroutines write to the same output.
func (v *invocation) writeMetrics(l *metricLine, definitions []metricDefinition, dimensions ...string) {
	l.Handler, l.RequestID = v.handler.name, v.request
	l.AWS.Timestamp = time.Now().UnixMilli()
	l.AWS.CloudWatchMetrics = []metricDirective{{v.app.namespace, [][]string{dimensions}, definitions}}
	encoded, err := json.Marshal(l)
	if err == nil {
		_, err = v.metrics.Write(append(encoded, '\n'))
	}
	if err != nil {
		v.log().Warn("metrics were not written", slog.String("error", err.Error()))
	}
}
