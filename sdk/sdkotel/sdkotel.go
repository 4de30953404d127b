package sdkotel

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// scope is the name of the instrumentation, as spans carry it.
const scope = "github.com/lambda-land/terraform-provider-handler/sdk/sdkotel"

// attemptKey is how often the message has been received, this time included.
const attemptKey = attribute.Key("handler.event.attempt")

// Option refines [Tracing]: [Linked].
type Option func(*tracing)

// Linked has each span begin a trace of its own, with a link to the trace of whoever sent the message. It suits messages that wait for
// long, and senders with many messages to one trace.
func Linked() Option { return func(t *tracing) { t.linked = true } }

// Tracing is the part of an app that makes a span for each event, and flushes the provider at the end of each invocation. With a nil
// provider, spans go to the global one, as it is when an event is handled.
func Tracing(provider trace.TracerProvider, options ...Option) sdk.AppOption {
	t := &tracing{provider: otel.GetTracerProvider}
	if provider != nil {
		t.provider = func() trace.TracerProvider { return provider }
	}
	for _, option := range options {
		option(t)
	}
	return sdk.Options(sdk.Use(t.middleware), sdk.OnFreeze(t.flush))
}

type tracing struct {
	provider func() trace.TracerProvider
	linked   bool
}

func (t *tracing) middleware(next sdk.HandlerFunc) sdk.HandlerFunc {
	return func(ctx context.Context, e sdk.RawEvent) error {
		ctx, span := t.begin(ctx, e)
		return observe(ctx, span, e, next)
	}
}

// begin starts the span of an event.
func (t *tracing) begin(ctx context.Context, e sdk.RawEvent) (context.Context, trace.Span) {
	m := messageOf(ctx)
	attributes := []attribute.KeyValue{
		semconv.MessagingSystemAWSSQS, semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"),
		semconv.CloudEventsEventID(e.ID), semconv.CloudEventsEventType(e.Type), semconv.CloudEventsEventSource(e.Source),
		attemptKey.Int(e.Attempt),
	}
	name := "process " + e.Type
	if m.queue != "" {
		name = "process " + m.queue
		attributes = append(attributes, semconv.MessagingDestinationName(m.queue), semconv.MessagingMessageID(m.id))
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attributes...)}
	if t.linked {
		options = append(options, trace.WithNewRoot())
	}
	switch {
	case m.follow && !t.linked:
		ctx = trace.ContextWithRemoteSpanContext(ctx, m.sender)
	case m.sender.IsValid():
		options = append(options, trace.WithLinks(trace.Link{SpanContext: m.sender}))
	}
	return t.provider().Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)).Start(ctx, name, options...)
}

// observe handles the event and ends its span with what became of it.
func observe(ctx context.Context, span trace.Span, e sdk.RawEvent, next sdk.HandlerFunc) error {
	err := sdk.ErrGoexit
	defer func() { // also when the function ends its goroutine
		if err != nil {
			record(span, err)
		}
		span.End()
	}()
	err = next(ctx, e)
	return err
}

func record(span trace.Span, err error) {
	kind := semconv.ErrorType(err)
	var details []trace.EventOption
	if panicked, ok := errors.AsType[*sdk.PanicError](err); ok {
		kind = semconv.ErrorTypeKey.String("panic")
		details = append(details, trace.WithAttributes(semconv.ExceptionStacktrace(string(panicked.Stack))))
	}
	span.RecordError(err, details...)
	span.SetAttributes(kind)
	span.SetStatus(codes.Error, err.Error())
}

// flush has the provider export what it holds.
func (t *tracing) flush(ctx context.Context) {
	provider, ok := t.provider().(interface{ ForceFlush(context.Context) error })
	if !ok {
		return
	}
	if err := provider.ForceFlush(ctx); err != nil {
		sdk.Logger(ctx).WarnContext(ctx, "spans were not exported before the freeze", slog.String("error", err.Error()))
	}
}
