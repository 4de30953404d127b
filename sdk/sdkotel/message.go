package sdkotel

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// message is what a span tells of the message that brought an event.
type message struct {
	queue, id string            // "" outside an invocation
	sender    trace.SpanContext // invalid: unknown
	follow    bool              // the sender's trace is to be continued
}

func messageOf(ctx context.Context) message {
	var m message
	if received, ok := sdk.MessageFrom(ctx); ok {
		m.queue, m.id = received.QueueARN[strings.LastIndexByte(received.QueueARN, ':')+1:], received.ID
		m.sender = traceContext(received)
	}
	m.follow = m.sender.IsValid()
	if !m.follow {
		m.sender = parseXRay(sdk.TraceHeader(ctx))
		m.follow = m.sender.IsSampled()
	}
	return m
}

// The names of W3C trace context, in message attributes and in CloudEvents.
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
)

// traceContext reads the W3C trace context of a message: that of its attributes, which tell of the last hop, or else of its CloudEvent.
func traceContext(received sdk.Message) trace.SpanContext {
	carrier := make(propagation.MapCarrier)
	for _, name := range []string{traceParent, traceState} {
		if value, ok := received.Attribute(name); ok {
			carrier[name] = value
		}
	}
	if sender := extract(carrier); sender.IsValid() {
		return sender
	}
	if !bytes.Contains(received.Body, []byte(`"`+traceParent+`"`)) { // large bodies are not decoded twice for nothing
		return trace.SpanContext{}
	}
	var event struct {
		SpecVersion string `json:"specversion"`
		TraceParent string `json:"traceparent"`
		TraceState  string `json:"tracestate"`
	}
	if json.Unmarshal(received.Body, &event) != nil || event.SpecVersion == "" {
		return trace.SpanContext{}
	}
	return extract(propagation.MapCarrier{traceParent: event.TraceParent, traceState: event.TraceState})
}

func extract(carrier propagation.MapCarrier) trace.SpanContext {
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// parseXRay reads X-Ray's header, such as "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1". A header
// without a parent, or that is no such header, gives an invalid one. Fields that it may have besides are ignored.
func parseXRay(header string) trace.SpanContext {
	config := trace.SpanContextConfig{Remote: true}
	for field := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Root":
			version, id, _ := strings.Cut(value, "-")
			seconds, random, _ := strings.Cut(id, "-")
			if version == "1" && len(seconds) == 8 {
				config.TraceID, _ = trace.TraceIDFromHex(seconds + random) // an error leaves it invalid
			}
		case "Parent":
			config.SpanID, _ = trace.SpanIDFromHex(value)
		case "Sampled":
			config.TraceFlags = config.TraceFlags.WithSampled(value == "1")
		}
	}
	return trace.NewSpanContext(config)
}
