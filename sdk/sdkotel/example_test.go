package sdkotel_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdkotel"
)

// An app gives its provider, with an exporter of its choice, to Tracing. The function finds the span in its context.
func Example() {
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(tracetest.NewInMemoryExporter()))
	onPush := func(ctx context.Context, e sdk.Event[string]) error {
		trace.SpanFromContext(ctx).AddEvent("cloned")
		return nil
	}
	app := sdk.New("acme", sdkotel.Tracing(provider), sdk.Handler("webhooks", sdk.On("github.push", onPush)))
	if _, err := app.Invoker("webhooks"); err != nil { // in production: app.Main()
		fmt.Println(err)
	}
	// Output:
}
