package sdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// recordedBatches are events as AWS records and documents them.
var recordedBatches = []string{
	// A message with attributes of each type, and what AWS leaves null or empty without one.
	`{"Records":[{"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d","receiptHandle":"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",` +
		`"body":"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"a\",\"data\":{\"n\":1}}",` +
		`"attributes":{"ApproximateReceiveCount":"3","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793","SentTimestamp":"1545082649183",` +
		`"SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1545082649185"},"messageAttributes":{` +
		`"Title":{"stringValue":"The Whistler","stringListValues":[],"binaryListValues":[],"dataType":"String"},` +
		`"N":{"stringValue":"6","stringListValues":[],"binaryListValues":[],"dataType":"Number"},` +
		`"B":{"binaryValue":"MTEwMA==","stringListValues":[],"binaryListValues":[],"dataType":"Binary"}},` +
		`"md5OfMessageAttributes":"d25a6aea97eb8f585bfa92d314504a92","md5OfBody":"098f6bcd4621d373cade4e832627b4f6","eventSource":"aws:sqs",` +
		`"eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:my-queue","awsRegion":"us-east-2"}]}`,
	// Of a FIFO queue, two messages of a group.
	`{"Records":[{"messageId":"11d6ee51-4cc7-4302-9e22-7cd8afdaadf5","receiptHandle":"AQEB1","body":"Test message.","attributes":{` +
		`"ApproximateReceiveCount":"1","SentTimestamp":"1573251510774","SequenceNumber":"18849496460467696128","MessageGroupId":"1",` +
		`"SenderId":"AIDAIO23YVJENQZJOL4VO","MessageDeduplicationId":"1","ApproximateFirstReceiveTimestamp":"1573251510774"},` +
		`"messageAttributes":{},"md5OfMessageAttributes":null,"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","eventSource":"aws:sqs",` +
		`"eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:fifo.fifo","awsRegion":"us-east-2"},` +
		`{"messageId":"2","receiptHandle":"AQEB2","body":"\u00e9\ud83d\ude00\n","attributes":{"MessageGroupId":"1"},"messageAttributes":null,` +
		`"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:fifo.fifo"}]}`,
	`{"Records":[]}`, `{"Records":null}`, `{}`, `[]`, `{"Records":[{"eventSource":"aws:s3","messageId":"1"}]}`, `{"Records":[{"eventSource":"aws:sqs"}]}`,
	`{"Records":[1]}`, `{"Records":[{}]`, "{\"Records\":[{\"messageId\":\"1\",\"eventSource\":\"aws:sqs\",\"body\":\"a\xff\xc3(\"}]}",
	`{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":null,"attributes":null,"receiptHandle":null}]}`,
}

// TestDecodeBatch holds what is read to what aws-lambda-go's types hold of it.
func TestDecodeBatch(t *testing.T) {
	t.Parallel()
	for _, payload := range recordedBatches[:2] {
		var want events.SQSEvent
		if err := json.Unmarshal([]byte(payload), &want); err != nil {
			t.Fatal(err)
		}
		given := []byte(payload)
		messages, err := decodeBatch(given, "")
		if err != nil || len(messages) != len(want.Records) {
			t.Fatalf("got %d messages, %v", len(messages), err)
		}
		clear(given) // as the Lambda loop uses its memory again
		for i := range messages {
			got, want := &messages[i], want.Records[i]
			if got.id != want.MessageId || string(got.body) != want.Body || string(got.receipt) != want.ReceiptHandle ||
				got.queue != want.EventSourceARN || got.group != want.Attributes["MessageGroupId"] || got.trace != want.Attributes["AWSTraceHeader"] ||
				strconv.Itoa(got.attempt) != cmp.Or(want.Attributes["ApproximateReceiveCount"], "1") ||
				!got.sent.IsZero() && strconv.FormatInt(got.sent.UnixMilli(), 10) != want.Attributes["SentTimestamp"] {
				t.Errorf("message %d: got %+v, want %+v", i, got, want)
			}
			attributes := decodeAttributes(got.attributes)
			for name, want := range want.MessageAttributes {
				got := attributes[name]
				if got.DataType != want.DataType || !bytes.Equal(got.BinaryValue, want.BinaryValue) || !reflect.DeepEqual(got.StringValue, want.StringValue) {
					t.Errorf("message %d: attribute %q: got %+v, want %+v", i, name, got, want)
				}
			}
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	for _, payload := range recordedBatches {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		given := bytes.Clone(payload)
		messages, err := decodeBatch(given, "")
		clear(given)
		if err != nil {
			return // TestPayloadsThatAreNoBatch says what is refused
		}
		var want struct{ Records []map[string]any }
		var members map[string]json.RawMessage // by exact names
		if err := json.Unmarshal(payload, &members); err != nil {
			t.Fatalf("took what is no JSON object: %s", err)
		}
		if err := json.Unmarshal(members["Records"], &want.Records); err != nil || len(messages) != len(want.Records) {
			t.Fatalf("got %d messages, want %d, %v", len(messages), len(want.Records), err)
		}
		for i := range messages {
			got, want := &messages[i], want.Records[i]
			for name, part := range map[string]string{
				"messageId": got.id, "body": string(got.body), "receiptHandle": string(got.receipt), "eventSourceARN": got.queue,
			} {
				if text, _ := want[name].(string); part != text {
					t.Errorf("message %d: got %s %q, want %q", i, name, part, text)
				}
			}
		}
	})
}

func TestPayloadsThatAreNoBatch(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		``:                 "no SQS event",
		`null`:             "no SQS event",
		`[]`:               "no SQS event",
		`{"Records":null}`: "no SQS event",
		`{"Records":[1]}`:  "no SQS event",
		`{"Records":[`:     "no SQS event",
		`{"Records":[]} x`: "no SQS event",
		`{}`:               "no Records",
		`{"Records":[{"eventSource":"aws:s3","messageId":"1"}]}`:                                                  `record 0 of the invocation's payload is no SQS message but of "aws:s3"`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1"},{"eventSource":"aws:sqs"}]}`:                       `record 1`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","attributes":{"SentTimestamp":"` + "\x00" + `"}}]}`: "no SQS event",
	} {
		if _, err := decodeBatch([]byte(payload), ""); err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, errNoBatch) {
			t.Errorf("%s: got %v, want %s", payload, err, want)
		}
	}
}
