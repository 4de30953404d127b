package sdk

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
)

// scope is what an app's contexts carry.
type scope struct {
	app        *App
	logger     *slog.Logger // nil in a message's scope: made when asked for
	tasks      *tasks
	invocation *invocation // nil outside of one
	message    *message    // nil outside of one
}

type scopeKey struct{}

// scopeFrom returns the scope of ctx, which must not be changed.
func scopeFrom(ctx context.Context) *scope {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return s
	}
	return new(scope)
}

func (s *scope) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// Context returns a context with which [Send] works as it does in the app's server, and [Go] as a plain go statement would.
// Servers, handlers and commands are given such a context; this is for code that none of them started.
func (a *App) Context(ctx context.Context) context.Context {
	s := *scopeFrom(ctx)
	s.app = a
	if s.logger == nil && s.message == nil {
		s.logger = newLogger(os.Stdout)
	}
	if s.tasks == nil {
		s.tasks = &tasks{failed: func(err error) { s.logger.LogAttrs(ctx, slog.LevelError, "goroutine failed", errorAttrs(err)...) }}
	}
	return s.context(ctx)
}

// Logger returns the logger of ctx. In a handler function, its lines carry the handler, queue, message, event and request. Without
// one in ctx, it is [slog.Default].
func Logger(ctx context.Context) *slog.Logger {
	s := scopeFrom(ctx)
	switch {
	case s.logger != nil:
		return s.logger
	case s.message != nil:
		return s.message.logger(s.invocation.log())
	}
	return slog.Default()
}

// WithLogger returns a context whose [Logger] is the given one. The app itself logs to it too when [App.Run] or an invocation
// is given the context.
func WithLogger(ctx context.Context, logger *slog.Logger) context.Context {
	s := *scopeFrom(ctx)
	s.logger = logger
	return s.context(ctx)
}

// HandlerName returns the name of the handler that ctx was given by, "" outside of one.
func HandlerName(ctx context.Context) string {
	if v := scopeFrom(ctx).invocation; v != nil {
		return v.handler.name
	}
	return ""
}

// InvocationDeadline returns when Lambda ends the invocation that ctx belongs to. It is later than the deadline of ctx itself, by
// the handler's [Margin]. Outside an invocation, and in one without a deadline, it is false.
func InvocationDeadline(ctx context.Context) (time.Time, bool) {
	if v := scopeFrom(ctx).invocation; v != nil {
		return v.limits.end, !v.limits.end.IsZero()
	}
	return time.Time{}, false
}

// traceToSend is the trace header of what is sent: that of the message being handled, but with the lineage of the invocation, by
// which Lambda counts how often an event has gone round in a loop of functions and queues.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
func traceToSend(ctx context.Context) string {
	trace := TraceHeader(ctx)
	invocation, _ := ctx.Value(traceKey).(string)
	if invocation == "" || trace == invocation {
		return trace
	}
	fields := slices.DeleteFunc(strings.Split(trace, ";"), isLineage)
	for field := range strings.SplitSeq(invocation, ";") {
		if isLineage(field) {
			fields = append(fields, field)
		}
	}
	return strings.Join(fields, ";")
}

func isLineage(field string) bool { return strings.HasPrefix(field, "Lineage=") }

// Message is the SQS message that brought an event.
type Message struct {
	ID         string
	QueueARN   string
	Group      string    // message group ID, "" if it has none
	Sent       time.Time // when SQS took it in; zero if unknown
	Body       []byte    // must not be changed
	attributes []byte
}

// MessageFrom returns the message that brought the event which ctx was given for. Outside of a handler function it is false.
func MessageFrom(ctx context.Context) (Message, bool) {
	m := scopeFrom(ctx).message
	if m == nil {
		return Message{}, false
	}
	return Message{ID: m.id, QueueARN: m.queue, Group: m.group, Sent: m.sent, Body: m.body, attributes: m.attributes}, true
}

// Attribute returns the message attribute of that name, a string, a number as text, or bytes as they are. Without one it is false.
func (m Message) Attribute(name string) (value string, ok bool) {
	attribute, ok := decodeAttributes(m.attributes)[name]
	if attribute.StringValue != nil {
		return *attribute.StringValue, ok
	}
	return string(attribute.BinaryValue), ok
}

// traceKey is where aws-lambda-go and the X-Ray SDK keep the trace header of an invocation.
const traceKey = "x-amzn-trace-id"

// TraceHeader returns the X-Ray trace header of the message that ctx was given for, such as "Root=1-…;Parent=…;Sampled=1", or else
// that of the invocation, or else "". [Send] passes it on.
func TraceHeader(ctx context.Context) string {
	if m := scopeFrom(ctx).message; m != nil && m.trace != "" {
		return m.trace
	}
	trace, _ := ctx.Value(traceKey).(string)
	return trace
}
