package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// cloud is a localaws with a client, for tests of what the app does to real queues.
type cloud struct {
	*localaws.Server
	sqs *sqs.Client
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	s := localaws.Start(t)
	return &cloud{Server: s, sqs: sqs.NewFromConfig(s.Config())}
}

// queue creates a queue and returns its URL and ARN.
func (c *cloud) queue(t *testing.T, name string, attributes map[string]string) (url, arn string) {
	t.Helper()
	if strings.HasSuffix(name, ".fifo") {
		if attributes == nil {
			attributes = make(map[string]string)
		}
		attributes["FifoQueue"] = "true"
	}
	created, err := c.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: created.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *created.QueueUrl, out.Attributes["QueueArn"]
}

// receive takes up to ten messages.
func (c *cloud) receive(t *testing.T, url string, wait int32) []types.Message {
	t.Helper()
	out, err := c.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// event is what Lambda would make of received messages.
func event(t *testing.T, arn string, messages []types.Message) []byte {
	t.Helper()
	var e events.SQSEvent
	for _, m := range messages {
		r := events.SQSMessage{
			MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes,
			EventSource: "aws:sqs", EventSourceARN: arn, MessageAttributes: make(map[string]events.SQSMessageAttribute),
		}
		for name, value := range m.MessageAttributes {
			r.MessageAttributes[name] = events.SQSMessageAttribute{
				DataType: *value.DataType, StringValue: value.StringValue, BinaryValue: value.BinaryValue,
			}
		}
		e.Records = append(e.Records, r)
	}
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// setenv leads the app in this process to the server.
func (c *cloud) setenv(t *testing.T, queues string) {
	t.Helper()
	for _, pair := range c.Env() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	t.Setenv("HANDLER_QUEUES", queues)
}

// TestOnRealQueues sends through the command line, invokes with what was received, and looks at the queues afterwards.
func TestOnRealQueues(t *testing.T) {
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("queue"+suffix, func(t *testing.T) {
			c := startCloud(t)
			deadURL, deadARN := c.queue(t, "dead"+suffix, nil)
			url, arn := c.queue(t, "h"+suffix, map[string]string{
				"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, deadARN), "VisibilityTimeout": "3600",
			})
			c.setenv(t, "h="+url)
			app := doing()
			send := func(id, data string) {
				var out bytes.Buffer
				args := []string{"backend", "send", "-id", id}
				if suffix != "" {
					args = append(args, "-group", id)
				}
				if err := app.Run(t.Context(), append(args, "h", "do", fmt.Sprintf("%q", data)), &out, &out); err != nil {
					t.Fatal(err)
				}
				if out.String() != id+"\n" {
					t.Errorf("got output %s, want %s", &out, id)
				}
			}
			send("e-ok", "")
			send("e-permanent", "permanent")
			send("e-retry", "retry 0s")
			send("e-later", "retry 30m")
			received := c.receive(t, url, 0)
			if len(received) != 4 {
				t.Fatalf("received %d messages, want 4", len(received))
			}
			answer := invokeRaw(t.Context(), t, app, event(t, arn, received))
			if got := strings.Count(answer, "itemIdentifier"); got != 2 {
				t.Errorf("got %s, want two failures", answer)
			}
			again := c.receive(t, url, 20)
			if len(again) != 1 || !strings.Contains(*again[0].Body, "e-retry") || again[0].Attributes["ApproximateReceiveCount"] != "2" {
				t.Errorf("got %d messages again, want e-retry for the second time", len(again))
			}
			dead := c.receive(t, deadURL, 20)
			if len(dead) != 1 || !strings.Contains(*dead[0].Body, "e-permanent") {
				t.Fatalf("got %d messages in the dead-letter queue, want e-permanent", len(dead))
			}
			if got := aws.ToString(dead[0].MessageAttributes["dead-letter-reason"].StringValue); got != "broken" {
				t.Errorf("got reason %q, want broken", got)
			}
			if suffix != "" && dead[0].Attributes["MessageGroupId"] != "e-permanent" {
				t.Errorf("got group %q, want e-permanent", dead[0].Attributes["MessageGroupId"])
			}
		})
	}
}

// TestEqualMessagesOfTwoGroupsBothReachTheDeadLetterQueue has a source that looks for duplicates within a group, and a dead-letter
// queue that looks everywhere.
func TestEqualMessagesOfTwoGroupsBothReachTheDeadLetterQueue(t *testing.T) {
	c := startCloud(t)
	deadURL, deadARN := c.queue(t, "dead.fifo", nil)
	url, arn := c.queue(t, "h.fifo", map[string]string{
		"RedrivePolicy":      fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, deadARN),
		"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
	})
	c.setenv(t, "h="+url)
	app := doing()
	for _, group := range []string{"a", "b"} {
		err := sdk.Send(app.Context(t.Context()), "h", "do", "permanent", sdk.WithID("same"), sdk.WithGroup(group))
		if err != nil {
			t.Fatal(err)
		}
	}
	var received []types.Message
	for len(received) < 2 {
		received = append(received, c.receive(t, url, 20)...)
	}
	if got, want := invokeRaw(t.Context(), t, app, event(t, arn, received)), `{"batchItemFailures":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	dead := 0
	for messages := c.receive(t, deadURL, 20); len(messages) > 0; messages = c.receive(t, deadURL, 0) {
		dead += len(messages)
	}
	if dead != 2 {
		t.Errorf("got %d messages in the dead-letter queue, want 2", dead)
	}
}

// TestADeadLetterQueueThatTakesLess gets the message without an explanation, which would make it too large.
func TestADeadLetterQueueThatTakesLess(t *testing.T) {
	c := startCloud(t)
	deadURL, deadARN := c.queue(t, "dead", map[string]string{"MaximumMessageSize": "1024"})
	url, arn := c.queue(t, "h", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, deadARN),
	})
	c.setenv(t, "h="+url)
	if err := sdk.Send(sdk.New("acme").Context(t.Context()), "h", "do", "permanent"+strings.Repeat(" ", 800)); err != nil {
		t.Fatal(err)
	}
	received := c.receive(t, url, 0)
	if got := invokeRaw(t.Context(), t, doing(), event(t, arn, received)); got != `{"batchItemFailures":[]}` {
		t.Errorf("got %s", got)
	}
	if dead := c.receive(t, deadURL, 0); len(dead) != 1 || *dead[0].Body != *received[0].Body || len(dead[0].MessageAttributes) > 0 {
		t.Errorf("got %d dead messages, want the one without an explanation", len(dead))
	}
}

func TestSendAllToARealQueue(t *testing.T) {
	c := startCloud(t)
	url, _ := c.queue(t, "jobs", nil)
	c.setenv(t, "jobs="+url)
	var all []sdk.Outgoing
	for i := range 25 {
		all = append(all, sdk.Outgoing{Type: "a", Data: i, Options: []sdk.SendOption{sdk.WithGroup("tenant")}})
	}
	if err := sdk.SendAll(sdk.New("acme").Context(t.Context()), "jobs", all...); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for len(seen) < len(all) {
		messages := c.receive(t, url, 1)
		if len(messages) == 0 {
			t.Fatalf("got %d messages, want %d", len(seen), len(all))
		}
		for _, m := range messages {
			seen[*m.Body] = true
		}
	}
}

func TestSendToAQueueThatIsGone(t *testing.T) {
	c := startCloud(t)
	url, _ := c.queue(t, "jobs", nil)
	c.setenv(t, "jobs="+url+"-gone")
	err := sdk.Send(sdk.New("acme").Context(t.Context()), "jobs", "a", nil)
	if err == nil || !strings.Contains(err.Error(), "NonExistentQueue") && !strings.Contains(err.Error(), "QueueDoesNotExist") {
		t.Errorf("got %v, want that the queue does not exist", err)
	}
}

func TestRealSecrets(t *testing.T) {
	c := startCloud(t)
	restore(t, "S_REAL")
	created, err := secretsmanager.NewFromConfig(c.Config()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("acme"), SecretString: aws.String(`{"S_REAL":"yes"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.setenv(t, "")
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", *created.ARN)
	var got bytes.Buffer
	app := sdk.New("acme", sdk.Command("env", "", func(context.Context, *sdk.App, []string) error {
		_, err := got.WriteString(os.Getenv("S_REAL"))
		return err
	}))
	if err := app.Run(t.Context(), []string{"backend", "env"}, &got, &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != "yes" {
		t.Errorf("got %q, want yes", &got)
	}
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", *created.ARN+",gone")
	err = app.Run(t.Context(), []string{"backend", "env"}, &got, &got)
	if err == nil || !strings.Contains(err.Error(), "load secret gone: ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
}
