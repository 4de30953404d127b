package sdkotel_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdkotel"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

var errBroken = errors.New("broken")

// recording is a provider that records spans as soon as they end.
func recording(options ...sdktrace.TracerProviderOption) (*sdktrace.TracerProvider, *tracetest.InMemoryExporter) {
	exporter := tracetest.NewInMemoryExporter()
	return sdktrace.NewTracerProvider(append(options, sdktrace.WithSyncer(exporter))...), exporter
}

// appOf has one handler "webhooks", for events "github.push".
func appOf(tracing sdk.AppOption, fn func(context.Context, sdk.Event[string]) error) *sdk.App {
	return sdk.New("acme", tracing, sdk.Handler("webhooks", sdk.On("github.push", fn)))
}

func attributes(span tracetest.SpanStub) map[string]any {
	got := make(map[string]any)
	for _, a := range span.Attributes {
		got[string(a.Key)] = a.Value.AsInterface()
	}
	return got
}

func TestSpan(t *testing.T) {
	t.Parallel()
	provider, exporter := recording()
	app := appOf(sdkotel.Tracing(provider), func(ctx context.Context, _ sdk.Event[string]) error {
		_, child := provider.Tracer("test").Start(ctx, "child")
		child.End()
		return nil
	})
	for _, group := range []string{"", "g"} {
		exporter.Reset()
		sdktest.Invoke(t, app, "webhooks",
			sdktest.Event{Type: "github.push", ID: "event-7", Source: "github", Attempt: 3, Data: "secret", Group: group})
		spans := exporter.GetSpans()
		if len(spans) != 2 {
			t.Fatalf("got %d spans, want the event's and its child", len(spans))
		}
		child, span := spans[0], spans[1]
		if child.Parent.SpanID() != span.SpanContext.SpanID() {
			t.Errorf("the function's span has parent %s, want the event's span %s", child.Parent.SpanID(), span.SpanContext.SpanID())
		}
		queue := "webhooks"
		if group != "" {
			queue = "webhooks.fifo"
		}
		want := map[string]any{
			"messaging.system": "aws_sqs", "messaging.operation.type": "process", "messaging.operation.name": "process",
			"messaging.destination.name": queue, "messaging.message.id": "message-1",
			"cloudevents.event_id": "event-7", "cloudevents.event_type": "github.push", "cloudevents.event_source": "github",
			"handler.event.attempt": int64(3),
		}
		if diff := cmp.Diff(want, attributes(span)); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		if span.Name != "process "+queue || span.SpanKind != trace.SpanKindConsumer || span.Parent.IsValid() || len(span.Links) > 0 {
			t.Errorf("got %s span %q with parent %s and %d links", span.SpanKind, span.Name, span.Parent.SpanID(), len(span.Links))
		}
		if span.Status != (sdktrace.Status{}) || len(span.Events) > 0 {
			t.Errorf("got status %v and %d events of a success", span.Status, len(span.Events))
		}
		if name := span.InstrumentationScope.Name; !strings.HasSuffix(name, "/sdk/sdkotel") {
			t.Errorf("got instrumentation scope %q", name)
		}
	}
}

// TestSpanOutsideAnInvocation calls the middleware as a unit test of a function may.
func TestSpanOutsideAnInvocation(t *testing.T) {
	t.Parallel()
	provider, exporter := recording()
	var handle sdk.HandlerFunc
	keep := func(next sdk.HandlerFunc) sdk.HandlerFunc { handle = next; return next }
	sdk.New("acme", sdk.Use(keep), sdkotel.Tracing(provider),
		sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[string]) error { return nil })))
	if err := handle(t.Context(), sdk.RawEvent{ID: "1", Type: "a", Attempt: 1}); err != nil {
		t.Error(err)
	}
	spans := exporter.GetSpans()
	if len(spans) != 1 || spans[0].Name != "process a" || attributes(spans[0])["messaging.message.id"] != nil {
		t.Errorf("got %+v, want one span named by the event's type", spans)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fn        func(context.Context) error
		want      sdktest.Outcome
		status    string
		errorType string
		stack     bool
	}{
		"error": {fn: func(context.Context) error { return errBroken },
			want: sdktest.Retried, status: "broken", errorType: "*errors.errorString"},
		"wrapped error": {fn: func(context.Context) error { return fmt.Errorf("fetch: %w", context.Canceled) },
			want: sdktest.Retried, status: "fetch: context canceled", errorType: "*errors.errorString"},
		"permanent error": {fn: func(context.Context) error { return sdk.Permanent(errBroken) },
			want: sdktest.DeadLettered, status: "broken", errorType: "*sdk.PermanentError"},
		"panic": {fn: func(context.Context) error { panic("oh") },
			want: sdktest.Retried, status: "panic: oh", errorType: "panic", stack: true},
		"panic with an error": {fn: func(context.Context) error { panic(sdk.Permanent(errBroken)) },
			want: sdktest.Retried, status: "panic: broken", errorType: "panic", stack: true},
		"goexit": {fn: func(context.Context) error { runtime.Goexit(); return nil },
			want: sdktest.Retried, status: sdk.ErrGoexit.Error(), errorType: "*errors.errorString"},
		"failing goroutine": {fn: func(ctx context.Context) error {
			sdk.Go(ctx, func(context.Context) error { time.Sleep(time.Minute); return errBroken })
			return nil
		}, want: sdktest.Retried, status: "broken", errorType: "*errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				provider, exporter := recording()
				app := appOf(sdkotel.Tracing(provider), func(ctx context.Context, _ sdk.Event[string]) error { return test.fn(ctx) })
				m := sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push"}).Messages[0]
				if m.Outcome != test.want || m.Err == nil {
					t.Errorf("got %s with %v, want %s as without tracing", m.Outcome, m.Err, test.want)
				}
				spans := exporter.GetSpans()
				if len(spans) != 1 {
					t.Fatalf("got %d spans, want 1", len(spans))
				}
				checkFailure(t, spans[0], test.status, test.errorType, test.stack)
			})
		})
	}
}

func checkFailure(t *testing.T, span tracetest.SpanStub, status, errorType string, stack bool) {
	t.Helper()
	if want := (sdktrace.Status{Code: codes.Error, Description: status}); span.Status != want {
		t.Errorf("got status %v, want %v", span.Status, want)
	}
	if got := attributes(span)["error.type"]; got != errorType {
		t.Errorf("got error.type %v, want %s", got, errorType)
	}
	if len(span.Events) != 1 || span.Events[0].Name != "exception" {
		t.Fatalf("got events %v, want one exception", span.Events)
	}
	exception := attribute.NewSet(span.Events[0].Attributes...)
	if text, _ := exception.Value("exception.message"); text.AsString() != status {
		t.Errorf("got exception %q, want %q", text.AsString(), status)
	}
	if trace, _ := exception.Value("exception.stacktrace"); strings.Contains(trace.AsString(), "TestFailures.func") != stack {
		t.Errorf("got stack %q, want that of the function: %t", trace.AsString(), stack)
	}
}

// TestConcurrentEvents have a span each.
func TestConcurrentEvents(t *testing.T) {
	t.Parallel()
	provider, exporter := recording()
	var together sync.WaitGroup
	together.Add(10)
	app := appOf(sdkotel.Tracing(provider), func(ctx context.Context, _ sdk.Event[string]) error {
		together.Done()
		together.Wait()
		trace.SpanFromContext(ctx).SetAttributes(attribute.Bool("own", true))
		return nil
	})
	sdktest.Invoke(t, app, "webhooks", slices.Repeat([]sdktest.Event{{Type: "github.push"}}, 10)...)
	ids := make(map[any]bool)
	for _, span := range exporter.GetSpans() {
		if got := attributes(span); got["own"] == true {
			ids[got["messaging.message.id"]] = true
		}
	}
	if len(ids) != 10 {
		t.Errorf("got spans of %d messages, want 10", len(ids))
	}
}
