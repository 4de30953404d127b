package sdkotel_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdkotel"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestFreeze exports the spans of an invocation before its end, however lazy the provider is.
func TestFreeze(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Hour)))
		app := appOf(sdkotel.Tracing(provider), func(context.Context, sdk.Event[string]) error { return nil })
		sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push"}, sdktest.Event{Type: "github.push"})
		if n := len(exporter.GetSpans()); n != 2 {
			t.Errorf("%d spans were exported when the invocation was over, want 2", n)
		}
		if err := provider.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// stuckExporter takes no spans until its context ends.
type stuckExporter struct{ *tracetest.InMemoryExporter }

func (stuckExporter) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestFreezeWithoutExport still answers in time, with the messages that were handled.
func TestFreezeWithoutExport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(stuckExporter{tracetest.NewInMemoryExporter()}))
		app := appOf(sdkotel.Tracing(provider), func(context.Context, sdk.Event[string]) error { return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		m := sdktest.InvokeContext(ctx, t, app, "webhooks", sdktest.Event{Type: "github.push"}).Messages[0]
		if m.Outcome != sdktest.Handled || ctx.Err() != nil {
			t.Errorf("got %s, and %v", m.Outcome, ctx.Err())
		}
		stop, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = provider.Shutdown(stop) // it fails, as its exporter does
	})
}

// TestProviderWithoutFlush has nothing to flush.
func TestProviderWithoutFlush(t *testing.T) {
	t.Parallel()
	app := appOf(sdkotel.Tracing(noop.NewTracerProvider()), func(context.Context, sdk.Event[string]) error { return errBroken })
	if m := sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push"}).Messages[0]; !errors.Is(m.Err, errBroken) {
		t.Errorf("got %v", m.Err)
	}
}

// TestGlobalProvider is set after the app was put together, as a main function may that reads its settings first.
func TestGlobalProvider(t *testing.T) {
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	app := appOf(sdkotel.Tracing(nil), func(context.Context, sdk.Event[string]) error { return nil })
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Hour)))
	otel.SetTracerProvider(provider)
	sdktest.Invoke(t, app, "webhooks", sdktest.Event{Type: "github.push"})
	if n := len(exporter.GetSpans()); n != 1 {
		t.Errorf("%d spans were exported when the invocation was over, want 1", n)
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
