package sqs_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// start serves a new Service over HTTP and returns a real client of it, which verifies digests.
func start(t *testing.T) *client.Client {
	t.Helper()
	service := sqs.New(discard())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service.ServeHTTP(w, wire.WithCall(r))
	}))
	t.Cleanup(server.Close)
	return newClient(server.URL, "eu-west-1")
}

func newClient(endpoint, region string) *client.Client {
	return client.New(client.Options{
		Region:       region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      aws.NopRetryer{},
	})
}

// create makes a queue and returns its URL and ARN.
func create(t *testing.T, c *client.Client, name string, attributes map[string]string) (url, arn string) {
	t.Helper()
	out, err := c.CreateQueue(t.Context(), &client.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl, "arn:aws:sqs:eu-west-1:" + wire.AccountID + ":" + name
}

func TestMessageGoesThroughItsLife(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := t.Context()
	url, _ := create(t, c, "jobs", nil)
	sent, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("hello")})
	if err != nil {
		t.Fatal(err)
	}
	received, err := c.ReceiveMessage(ctx, &client.ReceiveMessageInput{QueueUrl: &url})
	if err != nil || len(received.Messages) != 1 {
		t.Fatalf("got %v, %v, want one message", received, err)
	}
	m := received.Messages[0]
	if *m.Body != "hello" || *m.MessageId != *sent.MessageId {
		t.Errorf("got %s %s, want hello %s", *m.Body, *m.MessageId, *sent.MessageId)
	}
	if _, err := c.DeleteMessage(ctx, &client.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
