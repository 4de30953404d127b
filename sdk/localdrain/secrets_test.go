//go:build !lambda

package localdrain_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/localdrain"
)

// TestSecretsAreRefreshedInADrain changes a secret between two messages.
func TestSecretsAreRefreshedInADrain(t *testing.T) {
	c := startCloud(t)
	jobs := c.queue(t, "jobs", nil)
	t.Setenv("TOKEN", "before")
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", "acme")
	secrets := secretsmanager.NewFromConfig(c.Config())
	_, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("acme"), SecretString: aws.String(`{"TOKEN":"old"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens := make(chan string, 2)
	d := drain(t, sdk.New("acme", localdrain.Command(), sdk.SecretsTTL(time.Millisecond),
		sdk.Handler("jobs", sdk.On("*", func(context.Context, sdk.Event[any]) error { tokens <- os.Getenv("TOKEN"); return nil }))))
	send := func() string {
		_, err := c.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &jobs, MessageBody: aws.String(`{"specversion":"1.0","id":"1","source":"test","type":"a"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		return <-tokens
	}
	if got := send(); got != "old" {
		t.Errorf("at first: got %q", got)
	}
	_, err = secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("acme"), SecretString: aws.String(`{"TOKEN":"new"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := send(); got != "new" {
		t.Errorf("after the change: got %q", got)
	}
	d.end(t)
}
