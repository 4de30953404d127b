package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// webhooks are n recorded webhooks as events. A thousand fit into the 6 MB of an invocation only if they are small.
func webhooks(tb testing.TB, n int) []sdktest.Event {
	tb.Helper()
	recorded, err := payloads.Read(filepath.Join("..", "handlers", payloads.File))
	if err != nil {
		tb.Fatal(err)
	}
	if n >= 1000 {
		recorded = slices.DeleteFunc(recorded, func(p payloads.Payload) bool { return len(p.Body) > 5000 })
	}
	batch := make([]sdktest.Event, n)
	for i := range batch {
		p := recorded[i*7%len(recorded)]
		batch[i] = sdktest.Event{ID: fmt.Sprint("event-", i), Type: "github." + p.Event, Data: p.Body, Time: time.Now()}
	}
	return batch
}

var batchSizes = []int{1, 10, 100, 1000}

// BenchmarkRoundTrip measures from the handing out of an invocation with recorded webhooks until its answer: with an app on the SDK, and with a
// handler written by hand with aws-lambda-go, in turn. Each is a process built as images are, whose output is read. It
// reports the medians in microseconds and their ratio.
func BenchmarkRoundTrip(b *testing.B) {
	bin := buildTestdata(b, "roundtrip", "onsdk", "bare")
	for _, n := range batchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			invocation := string(payload(b, webhooks(b, n)...))
			apis := map[string]*runtimeAPI{}
			for _, name := range []string{"onsdk", "bare"} {
				apis[name] = newRuntimeAPI(b)
				cmd := exec.CommandContext(b.Context(), filepath.Join(bin, name))
				cmd.Env = []string{"HANDLER=webhooks", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", apis[name].env()}
				cmd.Stdout, cmd.Stderr = struct{ io.Writer }{io.Discard}, os.Stderr
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			}
			rounds := max(2000/n, 100)
			times := map[string][]float64{}
			for b.Loop() {
				for round := range rounds {
					for name, api := range apis {
						start := time.Now()
						answer := api.invoke(invocation)
						if took := time.Since(start); round > rounds/10 { // and warm
							times[name] = append(times[name], float64(took.Nanoseconds())/1000)
						}
						if !strings.Contains(answer, `response {"batchItemFailures":`) || strings.Contains(answer, "itemIdentifier") {
							b.Fatalf("%s answers %.200s", name, answer)
						}
					}
				}
			}
			reportRatio(b, "us", median(times["onsdk"]), median(times["bare"]))
		})
	}
}

// BenchmarkAllocations counts what the handling of a batch allocates per message, beside the handler written by hand.
func BenchmarkAllocations(b *testing.B) {
	type webhook struct {
		Action     string
		Repository struct {
			FullName string `json:"full_name"`
		}
		Sender struct{ Login string }
	}
	judge := func(w webhook) error {
		if w.Action == "impossible" {
			return errors.New("impossible")
		}
		return nil
	}
	app := sdk.New("acme", sdk.Handler("h", sdk.On("github.*",
		func(_ context.Context, e sdk.Event[webhook]) error { return judge(e.Data) })))
	onSDK, err := app.Invoker("h")
	if err != nil {
		b.Fatal(err)
	}
	bare := lambda.NewHandler(func(_ context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
		var response events.SQSEventResponse
		for _, message := range batch.Records {
			var event struct{ Data webhook }
			if json.Unmarshal([]byte(message.Body), &event) != nil || judge(event.Data) != nil {
				response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			}
		}
		return response, nil
	})
	for _, n := range batchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			invocation := payload(b, webhooks(b, n)...)
			ctx, cancel := context.WithTimeout(sdk.WithLogger(b.Context(), discardLogger()), time.Hour)
			defer cancel()
			count := func(handler lambda.Handler) float64 {
				return testing.AllocsPerRun(20, func() {
					if _, err := handler.Invoke(ctx, invocation); err != nil {
						b.Fatal(err)
					}
				}) / float64(n)
			}
			var ours, theirs float64
			for b.Loop() {
				ours, theirs = count(onSDK), count(bare)
			}
			reportRatio(b, "allocs/message", ours, theirs)
		})
	}
}
