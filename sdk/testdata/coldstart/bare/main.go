// Command bare is a function as one writes it with aws-lambda-go alone: it loads its secrets, sets their keys as environment variables and
// takes messages of a queue.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

type order struct{ Number int }

func main() {
	if ids := os.Getenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS"); ids != "" {
		if err := loadSecrets(context.Background(), strings.Split(ids, ",")); err != nil {
			log.Fatal(err)
		}
	}
	lambda.Start(handle)
}

func loadSecrets(ctx context.Context, ids []string) error {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client := secretsmanager.NewFromConfig(settings)
	for _, id := range ids {
		secret, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return err
		}
		var variables map[string]string
		if err := json.Unmarshal([]byte(aws.ToString(secret.SecretString)), &variables); err != nil {
			return err
		}
		for name, value := range variables {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func handle(_ context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, message := range batch.Records {
		var envelope struct{ Data order }
		if err := json.Unmarshal([]byte(message.Body), &envelope); err != nil {
			log.Printf("message %s: %v", message.MessageId, err)
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			continue
		}
		log.Printf("order %d for %s", envelope.Data.Number, os.Getenv("GREETING"))
	}
	return response, nil
}
