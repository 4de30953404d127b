package sdkotel

import (
	"context"
	"errors"
	"fmt"
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

var errGoexit = errors.New("the function was ended by runtime.Goexit")

// observe handles the event and ends its span with what became of it: the error of the function, or else of its goroutines.
func observe(ctx context.Context, span trace.Span, e sdk.RawEvent, next sdk.HandlerFunc) error {
	ctx, wait := sdk.Gather(ctx)
	err := errGoexit
	defer func() {
		value := recover()
		failed := wait()
		switch {
		case value != nil:
			recordPanic(span, value)
		case err != nil:
			record(span, err)
		case failed != nil:
			record(span, failed)
		}
		span.End()
		if value != nil {
			panic(value) // from here, its stack still shows where it began
		}
	}()
	err = next(ctx, e)
	return err
}

func record(span trace.Span, err error) {
	span.RecordError(err)
	span.SetAttributes(semconv.ErrorType(err))
	span.SetStatus(codes.Error, err.Error())
}

func recordPanic(span trace.Span, value any) {
	text := fmt.Sprintf("panic: %v", value)
	span.RecordError(errors.New(text), trace.WithStackTrace(true))
	span.SetAttributes(semconv.ErrorTypeKey.String("panic"))
	span.SetStatus(codes.Error, text)
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
