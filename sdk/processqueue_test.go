package sdk_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// orderFor is the body of a message for [careless].
func orderFor(id, data string) *string {
	return aws.String(fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"test","type":"do","data":%q}`, id, data))
}

// deadLetterQueues creates the queues "in", which hides messages for an hour, and "dead".
func (c *cloud) deadLetterQueues(t *testing.T) (in, arn, dead string) {
	t.Helper()
	dead, deadARN := c.queue(t, "dead", nil)
	in, arn = c.queue(t, "in", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, deadARN), "VisibilityTimeout": "3600",
	})
	return in, arn, dead
}

func (c *cloud) send(t *testing.T, in *sqs.SendMessageInput) {
	t.Helper()
	if _, err := c.sqs.SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// await asks until it is so.
func await(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	giveUp := time.After(time.Minute)
	for !isSo() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-giveUp:
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// count is how many messages the queue has, visible or not.
func (c *cloud) count(t *testing.T, url string) (n int) {
	t.Helper()
	out, err := c.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"} {
		messages, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			t.Fatal(err)
		}
		n += messages
	}
	return n
}

// TestUnstartedMessagesComeAgainAtOnce: they would wait for the visibility timeout otherwise, and nobody would know why.
func TestUnstartedMessagesComeAgainAtOnce(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	in, arn, _ := c.deadLetterQueues(t)
	for _, id := range []string{"first", "second", "third"} {
		c.send(t, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: orderFor(id, "until-the-end")})
	}
	received := c.receive(t, in, 0)
	slices.SortFunc(received, func(a, b types.Message) int { return strings.Compare(*a.Body, *b.Body) })
	api := newRuntimeAPI(t)
	p := start(t, "careless", append(c.Env(), api.env(), "HANDLER=one"), nil)
	began := time.Now()
	got := <-api.begin(string(event(t, arn, received)), 4*time.Second)
	if want := fmt.Sprintf(`request-1 response {"batchItemFailures":[{"itemIdentifier":"%s"},{"itemIdentifier":"%s"}]}`,
		*received[1].MessageId, *received[2].MessageId); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("the first message's context ended after %s, want 3s", took)
	}
	if again := c.receive(t, in, 0); len(again) != 2 {
		t.Errorf("got %d messages again, want 2", len(again))
	}
	p.kill(t)
	out := p.stdout.String()
	if !strings.Contains(out, `"first" ends true`) || strings.Count(out, "begins") != 1 || !strings.Contains(out, `"Unstarted":2`) {
		t.Errorf("got standard output\n%s", out)
	}
}

// TestBytesReachTheDeadLetterQueueAsTheyCame: who looks for the cause there, or has the messages moved back, needs what was sent.
func TestBytesReachTheDeadLetterQueueAsTheyCame(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	in, arn, dead := c.deadLetterQueues(t)
	blob := []byte("\x00\xff\xfe{\"\\\n")
	sent := map[string]types.MessageAttributeValue{
		"blob":   {DataType: aws.String("Binary.gzip"), BinaryValue: blob},
		"number": {DataType: aws.String("Number.int"), StringValue: aws.String("1e3")},
		"type":   {DataType: aws.String("String"), StringValue: aws.String("\u00e9😀\uFFFD")},
	}
	body := orderFor("a", "attribute blob")
	c.send(t, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: body, MessageAttributes: sent})
	bare := aws.String("no JSON, \uFFFD and \"😀\"\t")
	c.send(t, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: bare})

	api := newRuntimeAPI(t)
	p := start(t, "careless", append(c.Env(), api.env(), "HANDLER=h"), nil)
	if got, want := api.invoke(string(event(t, arn, c.receive(t, in, 0)))), "request-1 "+allDone; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.kill(t)
	if want := fmt.Sprintf("attribute %q true\n", blob); !strings.Contains(p.stdout.String(), want) {
		t.Errorf("no %s in\n%s", want, &p.stdout)
	}
	bodies := make(map[string]types.Message)
	for _, m := range c.receive(t, dead, 20) {
		bodies[*m.Body] = m
	}
	if _, ok := bodies[*bare]; len(bodies) != 2 || !ok {
		t.Errorf("got %v in the dead-letter queue, want two messages as they came", bodies)
	}
	for name, want := range sent {
		got := bodies[*body].MessageAttributes[name]
		if aws.ToString(got.DataType) != *want.DataType || aws.ToString(got.StringValue) != aws.ToString(want.StringValue) ||
			!bytes.Equal(got.BinaryValue, want.BinaryValue) {
			t.Errorf("attribute %s: got %+v, want %+v", name, got, want)
		}
	}
}
