package sdk

import (
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// lambdaLogLevel is the variable with the level below which Lambda drops the lines of a function whose log format is JSON.
const lambdaLogLevel = "AWS_LAMBDA_LOG_LEVEL"

// The two levels that Lambda has beyond those of slog.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// newLogger writes JSON lines at the level that LOG_LEVEL names, or else AWS_LAMBDA_LOG_LEVEL, which Lambda sets when the
// function's log format is JSON. Without either, or with a name that is no level, it is INFO. Lambda finds level and time of a line
// by the names that it has itself for them:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
func newLogger(w io.Writer) *slog.Logger {
	name := os.Getenv("LOG_LEVEL")
	if name == "" {
		name = os.Getenv(lambdaLogLevel)
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: logLevel(name), ReplaceAttr: asLambda}))
}

// logLevel understands slog's names and the two that only Lambda has.
func logLevel(name string) slog.Level {
	switch strings.ToUpper(name) {
	case "TRACE":
		return levelTrace
	case "FATAL":
		return levelFatal
	}
	level := slog.LevelInfo
	if level.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return level
}

// asLambda names slog's own attributes as Lambda does.
func asLambda(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	switch attr.Key {
	case slog.TimeKey:
		attr.Key = "timestamp"
	case slog.MessageKey:
		attr.Key = "message"
	case slog.LevelKey:
		if level, ok := attr.Value.Any().(slog.Level); ok {
			attr.Value = slog.StringValue(levelName(level))
		}
	}
	return attr
}

// levelName is the name that Lambda has for a level, or for the next one below.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelDebug:
		return "TRACE"
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARN"
	case level < levelFatal:
		return "ERROR"
	}
	return "FATAL"
}

// settled writes the message's one line of log. It holds no data of the event unless the handler asked for it.
func (v *invocation) settled(m *message) {
	m.age = max(time.Since(m.event.Time), 0) // clocks differ
	if v.env != nil && v.env.Settled != nil {
		v.env.Settled(environ.Settlement{MessageID: m.id, Outcome: string(m.outcome), Err: m.err})
	}
	level := slog.LevelInfo
	switch m.outcome {
	case retried, dropped:
		level = slog.LevelWarn
	case deadLettered:
		level = slog.LevelError
	}
	if !v.logger.Enabled(v.ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 16), // enough for all, so that it stays on the stack
		slog.String("handler", v.handler.name),
		slog.String("requestId", v.request),
		slog.String("queue", queueName(m.queue)),
		slog.String("messageId", m.id),
		slog.String("eventId", m.event.ID),
		slog.String("type", m.event.Type),
		slog.Int("attempt", m.attempt),
		slog.String("outcome", string(m.outcome)),
		slog.Float64("durationMs", milliseconds(m.duration)),
	)
	if v.request == "" {
		attrs = slices.Delete(attrs, 1, 2)
	}
	if !m.event.Time.IsZero() {
		attrs = append(attrs, slog.Int64("ageMs", m.age.Milliseconds()))
	}
	if m.outcome == retried {
		attrs = append(attrs, slog.Int64("retryAfterSeconds", int64(visibility(m.delay))))
	}
	if m.route != nil && m.route.logData && len(m.event.Data) > 0 {
		if len(m.event.Data) > maxLogged {
			attrs = append(attrs, slog.String("data", shortened(string(m.event.Data))))
		} else {
			attrs = append(attrs, slog.Any("data", m.event.Data))
		}
	}
	if m.err != nil {
		attrs = append(attrs, errorAttrs(m.err)...)
	}
	if v.lines != nil && len(v.messages) == 1 && m.outcome == handled {
		v.lines.holdNext() // the metrics follow at once
	}
	v.logger.LogAttrs(v.ctx, level, "event settled", attrs...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
