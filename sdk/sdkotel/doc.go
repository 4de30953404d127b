// Package sdkotel traces the handling of events with OpenTelemetry. It is a package of its own so that only apps that use it link
// OpenTelemetry, of which it needs the API only: exporter, sampler and resource are those of the app's provider.
//
//	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource)) // go.opentelemetry.io/otel/sdk/trace
//	app := sdk.New("acme",
//		sdkotel.Tracing(provider),
//		sdk.Handler("webhooks", sdk.On("github.push", onPush)),
//	)
//
// [Tracing] stands before other middleware of the app, so that its spans cover what that does. The context of a handler function holds
// the span: spans begun from it, such as those of instrumented clients, are its children.
//
// # Spans
//
// Each attempt to handle an event is a span of kind consumer, named "process" and the queue, with the attributes of OpenTelemetry's
// conventions for messaging and for CloudEvents: messaging.system (aws_sqs), messaging.operation.type and .name (process),
// messaging.destination.name (the queue), messaging.message.id (that of SQS), cloudevents.event_id, .event_type and .event_source.
// What the conventions have no name for is handler.event.attempt: 1 the first time. A span holds no data of the event.
//
// A span ends when the function and all goroutines that it started with [sdk.Go] have returned. If any of them failed, its status is an
// error, error.type says of which type, and an exception event has the text, which is the error's own: errors should not quote data. A
// panic is recorded with its stack. A function that is left behind after the end of its context has a span only when it
// returns, which may be in a later invocation, or never.
//
// # Parents
//
// A span continues the trace of whoever sent the message, as far as the message tells, in this order:
//
//   - the W3C trace context in the message attributes "traceparent" and "tracestate", where instrumented SQS clients put it;
//   - that in the CloudEvent's extension attributes of the same names;
//   - the X-Ray header of the message or else of the invocation, see [sdk.TraceHeader].
//
// X-Ray's header counts as a parent only if it is sampled. If it is not, the span begins a trace of its own, with a link: Lambda gives each
// invocation of a function without active tracing a header that is not sampled, and following it would drop every span. Whether a span is
// recorded is up to the provider's sampler. [Linked] makes each span the beginning of a trace, with a link to the sender's.
//
// Events that [sdk.Send] sends carry X-Ray's header on, not the trace context of the span.
//
// # The freeze
//
// Lambda freezes a runtime between invocations, with all spans that were not exported yet. Tracing therefore has a provider that can be
// flushed (ForceFlush, as that of OpenTelemetry's SDK has) flushed at the end of each invocation, within the time that the invocation has
// left. What is not exported by then waits for the next one. The answer to Lambda waits too, so the exporter should be near: an extension
// of the function, or a collector in the same network.
package sdkotel
