// Command clients is a function that calls by hand what the SDK calls of AWS. It is only built, for its size.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	secrets, queues := secretsmanager.NewFromConfig(settings), sqs.NewFromConfig(settings)
	lambda.Start(func(ctx context.Context, _ events.SQSEvent) (response events.SQSEventResponse, err error) {
		for _, call := range []func() error{
			func() error { _, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{}); return err },
			func() error {
				_, err := secrets.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{})
				return err
			},
			func() error { _, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{}); return err },
			func() error { _, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{}); return err },
			func() error { _, err := queues.SendMessage(ctx, &sqs.SendMessageInput{}); return err },
			func() error { _, err := queues.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{}); return err },
			func() error {
				_, err := queues.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{})
				return err
			},
		} {
			if err := call(); err != nil {
				return response, err
			}
		}
		return response, nil
	})
}
