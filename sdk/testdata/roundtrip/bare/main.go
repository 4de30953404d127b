// Command bare is a function as one writes it with aws-lambda-go alone: it takes messages of a queue and answers with those that failed.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

type webhook struct {
	Action     string
	Repository struct {
		FullName string `json:"full_name"`
	}
	Sender struct{ Login string }
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, message := range batch.Records {
		if err := handleMessage(ctx, message); err != nil {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return response, nil
}

func handleMessage(_ context.Context, message events.SQSMessage) error {
	var event struct{ Data webhook }
	if err := json.Unmarshal([]byte(message.Body), &event); err != nil {
		return err
	}
	if event.Data.Action == "impossible" {
		return errors.New("impossible")
	}
	return nil
}
