package sdkotel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdkotel"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

const (
	w3cParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	w3cOther  = "00-11111111111111111111111111111111-2222222222222222-01"
	w3cNot    = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	xray      = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	xrayNot   = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"

	w3cTrace  = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
	xrayTrace = "5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8"
)

// message makes the record of an event.
func message(body string, system, attributes map[string]string) events.SQSMessage {
	m := events.SQSMessage{
		MessageId: "m-1", EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-west-1:111122223333:jobs",
		Body: body, Attributes: system, MessageAttributes: make(map[string]events.SQSMessageAttribute),
	}
	for name, value := range attributes {
		m.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
	}
	return m
}

func cloudEvent(more string) string {
	return `{"specversion":"1.0","id":"1","source":"s","type":"a","data":{"traceparent":"` + w3cOther + `"}` + more + `}`
}

// origin is where a span says it comes from: trace and span IDs.
type origin struct{ Parent, Link, State string }

func id(c trace.SpanContext) string {
	if !c.IsValid() {
		return ""
	}
	return c.TraceID().String() + "-" + c.SpanID().String()
}

func TestParents(t *testing.T) {
	t.Parallel()
	own := func(header string) map[string]string { return map[string]string{"AWSTraceHeader": header} }
	attribute := func(parent, state string) map[string]string {
		return map[string]string{"traceparent": parent, "tracestate": state}
	}
	for _, test := range []struct {
		name       string
		message    events.SQSMessage
		invocation string // X-Ray's header
		options    []sdkotel.Option
		want       origin
		dropped    bool
	}{
		{name: "nothing", message: message(cloudEvent(""), nil, nil)},
		{name: "attributes", message: message(cloudEvent(""), nil, attribute(w3cParent, "a=1,b=2")),
			want: origin{Parent: w3cTrace, State: "a=1,b=2"}},
		{name: "CloudEvent", message: message(cloudEvent(`,"traceparent":"`+w3cParent+`","tracestate":"a=1"`), nil, nil),
			want: origin{Parent: w3cTrace, State: "a=1"}},
		{name: "attributes before the CloudEvent", want: origin{Parent: w3cTrace},
			message: message(cloudEvent(`,"traceparent":"`+w3cOther+`"`), nil, map[string]string{"traceparent": w3cParent})},
		{name: "broken attribute, good CloudEvent", want: origin{Parent: w3cTrace},
			message: message(cloudEvent(`,"traceparent":"`+w3cParent+`"`), nil, attribute("00-zz", ""))},
		{name: "bare body that has such a member", message: message(`{"traceparent":"`+w3cParent+`"}`, nil, map[string]string{"type": "a"})},
		{name: "bare body that is no JSON", message: message(`"traceparent"!`, nil, map[string]string{"type": "a"})},
		{name: "CloudEvent with another type of member", message: message(cloudEvent(`,"traceparent":7`), nil, nil)},
		{name: "W3C before X-Ray", message: message(cloudEvent(""), own(xray), attribute(w3cParent, "")), want: origin{Parent: w3cTrace}},
		{name: "X-Ray of the message", message: message(cloudEvent(""), own(xray), nil), want: origin{Parent: xrayTrace}},
		{name: "X-Ray of the invocation", message: message(cloudEvent(""), nil, nil), invocation: xray, want: origin{Parent: xrayTrace}},
		{name: "X-Ray of the message before that of the invocation", message: message(cloudEvent(""), own(xray), nil), invocation: xrayNot,
			want: origin{Parent: xrayTrace}},
		{name: "X-Ray not sampled", message: message(cloudEvent(""), nil, nil), invocation: xrayNot, want: origin{Link: xrayTrace}},
		{name: "W3C not sampled", message: message(cloudEvent(""), nil, attribute(w3cNot, "")), dropped: true},
		{name: "linked W3C", message: message(cloudEvent(""), nil, attribute(w3cParent, "a=1")),
			options: []sdkotel.Option{sdkotel.Linked()}, want: origin{Link: w3cTrace, State: "a=1"}},
		{name: "linked X-Ray", message: message(cloudEvent(""), own(xray), nil),
			options: []sdkotel.Option{sdkotel.Linked()}, want: origin{Link: xrayTrace}},
		{name: "linked to nothing", message: message(cloudEvent(""), nil, nil), options: []sdkotel.Option{sdkotel.Linked()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			provider, exporter := recording(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
			app := sdk.New("acme", sdkotel.Tracing(provider, test.options...),
				sdk.Handler("h", sdk.On("a", func(context.Context, sdk.RawEvent) error { return nil })))
			invoke(t, app, test.invocation, test.message)
			spans := exporter.GetSpans()
			if test.dropped {
				if len(spans) > 0 {
					t.Errorf("got %d spans although the sender's trace is not sampled", len(spans))
				}
				return
			}
			if len(spans) != 1 {
				t.Fatalf("got %d spans, want 1", len(spans))
			}
			span := spans[0]
			got := origin{Parent: id(span.Parent), State: span.Parent.TraceState().String()}
			if got.Parent != "" && (!span.Parent.IsRemote() || span.SpanContext.TraceID() != span.Parent.TraceID()) {
				t.Errorf("span %s does not continue the remote trace of %s", id(span.SpanContext), got.Parent)
			}
			for _, link := range span.Links {
				got.Link, got.State = id(link.SpanContext), link.SpanContext.TraceState().String()
				if !link.SpanContext.IsRemote() {
					t.Error("the link is not to a remote trace")
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("origin (-want +got):\n%s", diff)
			}
			if a := attributes(span); span.Name != "process jobs" || a["messaging.message.id"] != "m-1" {
				t.Errorf("got span %q of message %v", span.Name, a["messaging.message.id"])
			}
		})
	}
}

// invoke has the app handle a message as Lambda would.
func invoke(t *testing.T, app *sdk.App, header string, m events.SQSMessage) {
	t.Helper()
	invoker, err := app.Invoker("h")
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{m}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := invoker.Invoke(withHeader(t.Context(), header), payload)
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("got %s, %v", answer, err)
	}
}

// withHeader puts X-Ray's header where aws-lambda-go does.
func withHeader(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, "x-amzn-trace-id", header) //nolint:staticcheck // the key is aws-lambda-go's
}

// TestXRayHeaders reads what is a header and nothing else.
func TestXRayHeaders(t *testing.T) {
	t.Parallel()
	const root, parent = "Root=1-5759e988-bd862e3fe1be46a994272793", "Parent=53995c3f42cd8ad8"
	for header, want := range map[string]string{
		root + ";" + parent + ";Sampled=1":                            xrayTrace,
		"Sampled=1;" + parent + ";" + root:                            xrayTrace,
		" " + root + " ; " + parent + " ; Sampled=1 ":                 xrayTrace,
		root + ";" + parent + ";Sampled=1;Lineage=25:1a2b3c4d:0;Self": xrayTrace,
		root + ";" + parent + ";Sampled=?":                            "link",
		root + ";" + parent:                                           "link",
		root + ";Sampled=1":                                           "",
		parent + ";Sampled=1":                                         "",
		"":                                                            "",
		";=;==;Root;Parent;Sampled":                                   "",
		"Root=;Parent=;Sampled=1":                                     "",
		"Root=2-5759e988-bd862e3fe1be46a994272793;" + parent + ";Sampled=1":  "",
		"Root=1-5759e988bd862e3fe1be46a9942727930-;" + parent + ";Sampled=1": "",
		"Root=1-5759e988abd862e3fe1be46a994272793;" + parent + ";Sampled=1":  "",
		"Root=1-5759e98-8bd862e3fe1be46a994272793;" + parent + ";Sampled=1":  "",
		"Root=1-5759e988bd862e3fe1be46a994272793;" + parent + ";Sampled=1":   "",
		"Root=1-5759e988-bd862e3fe1be46a99427279;" + parent + ";Sampled=1":   "",
		"Root=1-5759e988-bd862e3fe1be46a9942727933;" + parent + ";Sampled=1": "",
		"Root=1-5759e988-bd862e3fe1be46a99427279x;" + parent + ";Sampled=1":  "",
		"Root=1-00000000-000000000000000000000000;" + parent + ";Sampled=1":  "",
		"Root=123-59e988-bd862e3fe1be46a994272793;" + parent + ";Sampled=1":  "",
		root + ";Parent=0000000000000000;Sampled=1":                          "",
		root + ";Parent=53995c3f42cd8ad;Sampled=1":                           "",
		root + ";Parent=53995c3f42cd8adg;Sampled=1":                          "",
		root + ";Parent=53995c3f42cd8ad8ff;Sampled=1":                        "",
	} {
		provider, exporter := recording()
		app := sdk.New("acme", sdkotel.Tracing(provider),
			sdk.Handler("h", sdk.On("a", func(context.Context, sdk.RawEvent) error { return nil })))
		sdktest.InvokeContext(withHeader(t.Context(), header), t, app, "h", sdktest.Event{Type: "a"})
		span := exporter.GetSpans()[0]
		got := id(span.Parent)
		if len(span.Links) > 0 {
			got = "link"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// FuzzXRayHeaders has any header either be none or come out as it went in.
func FuzzXRayHeaders(f *testing.F) {
	for _, seed := range []string{xray, xrayNot, "", "Root=1-;Parent=", "Root=1-5759e988-bd862e3fe1be46a994272793"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		provider, exporter := recording()
		app := sdk.New("acme", sdkotel.Tracing(provider),
			sdk.Handler("h", sdk.On("a", func(context.Context, sdk.RawEvent) error { return nil })))
		sdktest.InvokeContext(withHeader(t.Context(), header), t, app, "h", sdktest.Event{Type: "a"})
		parent := exporter.GetSpans()[0].Parent
		if !parent.IsValid() {
			return
		}
		root := parent.TraceID().String()
		written := fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=1", root[:8], root[8:], parent.SpanID())
		sdktest.InvokeContext(withHeader(t.Context(), written), t, app, "h", sdktest.Event{Type: "a"})
		if again := exporter.GetSpans()[1].Parent; id(again) != id(parent) {
			t.Errorf("%q became %q and then %s", header, written, id(again))
		}
	})
}
