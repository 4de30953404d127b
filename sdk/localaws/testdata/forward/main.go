// Command forward is a function that sends what it gets from its queue on to the queue OUT.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() { lambda.Start(forward) }

func forward(ctx context.Context, batch events.SQSEvent) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client, out := sqs.NewFromConfig(cfg), os.Getenv("OUT")
	for _, message := range batch.Records {
		fmt.Println("forwarding", message.Body)
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &out, MessageBody: &message.Body}); err != nil {
			return err
		}
	}
	return nil
}
