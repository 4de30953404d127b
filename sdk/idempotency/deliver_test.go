package idempotency_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// deliver brings a message several times, as a queue does, and prints what becomes of it.
func deliver(app *sdk.App, handler, body string, times int) {
	invoker, err := app.Invoker(handler)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := sdk.WithLogger(context.Background(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	for n := range times {
		payload, _ := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", Body: body}}})
		answer, err := invoker.Invoke(ctx, payload)
		if err != nil {
			fmt.Println(err)
			return
		}
		var response events.SQSEventResponse
		outcome := "handled"
		if err := json.Unmarshal(answer, &response); err != nil || len(response.BatchItemFailures) > 0 {
			outcome = "to be retried"
		}
		fmt.Printf("delivery %d: %s\n", n+1, outcome)
	}
}
