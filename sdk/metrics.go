package sdk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
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
	return appOption(func(a *App) {
		if namespaceOf(namespace) != namespace {
			a.fail(fmt.Errorf("sdk.Metrics: namespace %q must consist of at most 255 letters, digits, spaces and characters of \".-_/#:\"", namespace))
			return
		}
		a.namespace = namespace
	})
}

// namespaceOf makes a name one that CloudWatch takes for a namespace.
func namespaceOf(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(" .-_/#:", r):
			return r
		}
		return '-'
	}, name)
	return name[:min(len(name), 255)]
}

// measure writes the metrics of the invocation.
func (v *invocation) measure() {
	cold := v.warm.CompareAndSwap(false, true)
	if v.lines == nil || v.app.namespace == "" {
		return
	}
	if cold {
		v.writeMetrics("", []metric{{name: "ColdStart", values: []float64{1}, single: true}})
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
			v.writeMetrics(eventType, metricsOf(chunk))
		}
	}
}

// metric is a value, or several, of one name. A single one is a count, the others are milliseconds.
type metric struct {
	name   string
	values []float64
	single bool
}

// metricsOf makes metrics of messages of one type.
func metricsOf(messages []*message) []metric {
	var durations, ages []float64
	counts := make(map[outcome]int)
	unstarted := 0
	for _, m := range messages {
		if !m.started() {
			unstarted++
			continue
		}
		counts[m.outcome]++
		if m.route != nil { // or else nothing was called
			durations = append(durations, milliseconds(m.duration))
		}
		if !m.event.Time.IsZero() {
			ages = append(ages, milliseconds(m.age))
		}
	}
	count := func(name string, n int) metric {
		return metric{name: name, values: []float64{float64(n)}, single: true}
	}
	all := []metric{
		count("Handled", counts[handled]),
		count("Failed", counts[retried]+counts[deadLettered]+counts[dropped]),
	}
	for _, further := range []metric{
		count("Retried", counts[retried]), count("DeadLettered", counts[deadLettered]), count("Dropped", counts[dropped]),
		count("Unstarted", unstarted), {name: "Duration", values: durations}, {name: "Age", values: ages},
	} {
		if further.single && further.values[0] > 0 || !further.single && len(further.values) > 0 {
			all = append(all, further)
		}
	}
	return all
}

// writeMetrics writes metrics of an event type, or of the handler if it is "", as a line in the embedded metric format, in one piece
// as other goroutines write to the same output. It is put together by hand, as encoding/json would take a tenth of a cold start to learn
// its types. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (v *invocation) writeMetrics(eventType string, metrics []metric) {
	now := time.Now()
	line := append([]byte(nil), `{"_aws":{"Timestamp":`...)
	line = strconv.AppendInt(line, now.UnixMilli(), 10)
	line = append(line, `,"CloudWatchMetrics":[{"Namespace":`...)
	line = appendText(line, v.app.namespace)
	line = append(line, `,"Dimensions":[["handler"`...)
	if eventType != "" {
		line = append(line, `,"type"`...)
	}
	line = append(line, `]],"Metrics":[`...)
	for i, m := range metrics {
		if i > 0 {
			line = append(line, ',')
		}
		unit := "Milliseconds"
		if m.single {
			unit = "Count"
		}
		line = append(line, `{"Name":"`+m.name+`","Unit":"`+unit+`"}`...)
	}
	line = append(line, `]}]}`...)
	line = appendMember(line, "level", metricLevel())
	line = appendMember(line, "timestamp", now.UTC().Format(time.RFC3339Nano))
	line = appendMember(line, "handler", v.handler.name)
	line = appendMember(line, "type", dimensionOf(eventType))
	line = appendMember(line, "requestId", v.request)
	for _, m := range metrics {
		line = append(line, `,"`+m.name+`":`...)
		line = m.appendValues(line)
	}
	if _, err := v.lines.Write(append(line, '}', '\n')); err != nil {
		v.log().Warn("metrics were not written", slog.String("error", err.Error()))
	}
}

// dimensionOf makes an event type one that CloudWatch takes for the value of a dimension: up to 1024 characters of ASCII.
func dimensionOf(eventType string) string {
	value := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, eventType)
	return value[:min(len(value), 1024)]
}

func (m metric) appendValues(line []byte) []byte {
	if m.single {
		return strconv.AppendFloat(line, m.values[0], 'f', -1, 64)
	}
	for i, value := range m.values {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		line = strconv.AppendFloat(append(line, separator), value, 'f', -1, 64)
	}
	return append(line, ']')
}

// appendMember appends a member of a JSON object that is not its first, unless it is empty.
func appendMember(line []byte, name, value string) []byte {
	if value == "" {
		return line
	}
	return appendText(append(line, `,"`+name+`":`...), value)
}

func appendText(line []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string always has a JSON form
	return append(line, quoted...)
}

// metricLevel is the level of lines with metrics: the least that Lambda lets through, or it would drop metrics along with logs.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func metricLevel() string { return cmp.Or(os.Getenv(lambdaLogLevel), "INFO") }
