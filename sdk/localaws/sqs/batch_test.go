package sqs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestBatchesFailAsAWhole(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	ids := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprint(i))
		}
		return list
	}
	// Each call sends entries with the given IDs, which are all that matters.
	calls := map[string]func(ids []string) error{
		"SendMessageBatchRequestEntry": func(ids []string) error {
			entries := []types.SendMessageBatchRequestEntry{}
			for i := range ids {
				entries = append(entries, types.SendMessageBatchRequestEntry{Id: &ids[i], MessageBody: aws.String("x")})
			}
			_, err := c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
			return err
		},
		"DeleteMessageBatchRequestEntry": func(ids []string) error {
			entries := []types.DeleteMessageBatchRequestEntry{}
			for i := range ids {
				entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: &ids[i], ReceiptHandle: aws.String("x")})
			}
			_, err := c.DeleteMessageBatch(t.Context(), &client.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
			return err
		},
		"ChangeMessageVisibilityBatchRequestEntry": func(ids []string) error {
			entries := []types.ChangeMessageVisibilityBatchRequestEntry{}
			for i := range ids {
				entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: &ids[i], ReceiptHandle: aws.String("x")})
			}
			_, err := c.ChangeMessageVisibilityBatch(t.Context(), &client.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
			return err
		},
	}
	const badID = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
	for kind, call := range calls {
		for _, test := range []struct {
			ids           []string
			code, message string
		}{
			{nil, ns + "EmptyBatchRequest", "There should be at least one " + kind + " in the request."},
			{ids(11), ns + "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."},
			{[]string{"a", "b", "a"}, ns + "BatchEntryIdsNotDistinct", "Id a repeated."},
			{[]string{"a", "b."}, ns + "InvalidBatchEntryId", badID},
			{[]string{strings.Repeat("a", 81)}, ns + "InvalidBatchEntryId", badID},
			{[]string{"a", ""}, missingCode, "The request must contain the parameter " + kind + ".2.Id."},
		} {
			wantAPIError(t, call(test.ids), 400, test.code, test.message)
		}
	}
	if out, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: &url}); err != nil || len(out.Messages) > 0 {
		t.Errorf("got %v, %v: a failed batch has sent something", out, err)
	}
}

func TestSendMessageBatchSize(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", map[string]string{"MaximumMessageSize": "1024"})
	big, _ := create(t, c, "big", nil)
	entry := func(id string, size int) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: aws.String(strings.Repeat("a", size))}
	}
	_, err := c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{
		QueueUrl: &big, Entries: []types.SendMessageBatchRequestEntry{entry("a", 1<<20), entry("b", 1)},
	})
	wantAPIError(t, err, 400, ns+"BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.")
	if _, err := c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{
		QueueUrl: &big, Entries: []types.SendMessageBatchRequestEntry{entry("a", 1<<20-1), entry("b", 1)},
	}); err != nil {
		t.Error(err)
	}
	out, err := c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{
		QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{entry("a", 1025), entry("b", 1024)},
	})
	if err != nil || len(out.Successful) != 1 {
		t.Fatalf("got %+v, %v, want one success", out, err)
	}
	wantFailed(t, out.Failed, "a", invalidValueCode,
		"One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.")
}

func wantFailed(t *testing.T, got []types.BatchResultErrorEntry, id, code, message string) {
	t.Helper()
	want := []types.BatchResultErrorEntry{{Id: &id, SenderFault: true, Code: &code, Message: &message}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.BatchResultErrorEntry{})); diff != "" {
		t.Errorf("failed entries (-want +got):\n%s", diff)
	}
}

func TestBatchesFailInPart(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	str := aws.String
	sent, err := c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: str("good"), MessageBody: str("x"), MessageAttributes: map[string]types.MessageAttributeValue{"a": text("b")}},
		{Id: str("bad"), MessageBody: str("\x01")},
		{Id: str("fine"), MessageBody: str("y")},
	}})
	if err != nil || len(sent.Successful) != 2 || *sent.Successful[0].Id != "good" || *sent.Successful[1].Id != "fine" {
		t.Fatalf("got %+v, %v", sent, err)
	}
	wantFailed(t, sent.Failed, "bad", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are "+
		"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")

	received, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil || len(received.Messages) != 2 {
		t.Fatalf("got %+v, %v, want two messages", received, err)
	}
	first, second := received.Messages[0].ReceiptHandle, received.Messages[1].ReceiptHandle
	changed, err := c.ChangeMessageVisibilityBatch(t.Context(), &client.ChangeMessageVisibilityBatchInput{
		QueueUrl: &url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: str("bad"), ReceiptHandle: first, VisibilityTimeout: 43201}, {Id: str("good"), ReceiptHandle: second, VisibilityTimeout: 0},
		},
	})
	if err != nil || len(changed.Successful) != 1 || *changed.Successful[0].Id != "good" {
		t.Fatalf("got %+v, %v", changed, err)
	}
	wantFailed(t, changed.Failed, "bad", invalidValueCode,
		"Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.")

	deleted, err := c.DeleteMessageBatch(t.Context(), &client.DeleteMessageBatchInput{
		QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: str("good"), ReceiptHandle: first}, {Id: str("bad"), ReceiptHandle: str("nonsense")}, {Id: str("fine"), ReceiptHandle: second},
		},
	})
	if err != nil || len(deleted.Successful) != 2 {
		t.Fatalf("got %+v, %v", deleted, err)
	}
	wantFailed(t, deleted.Failed, "bad", "ReceiptHandleIsInvalid", `The input receipt handle "nonsense" is not a valid receipt handle.`)
}

func TestSendMessageBatchToFIFO(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q.fifo", map[string]string{"FifoQueue": "true"})
	str := aws.String
	send := func(entries ...types.SendMessageBatchRequestEntry) (*client.SendMessageBatchOutput, error) {
		return c.SendMessageBatch(t.Context(), &client.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	}
	good := types.SendMessageBatchRequestEntry{Id: str("a"), MessageBody: str("1"), MessageGroupId: str("g"), MessageDeduplicationId: str("1")}
	_, err := send(good, types.SendMessageBatchRequestEntry{Id: str("b"), MessageBody: str("x"), MessageDeduplicationId: str("2")})
	wantAPIError(t, err, 400, invalidValueCode, "The request must contain the parameter MessageGroupId.")
	_, err = send(good, types.SendMessageBatchRequestEntry{Id: str("b"), MessageBody: str("x"), MessageGroupId: str("g")})
	wantAPIError(t, err, 400, invalidValueCode,
		"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")

	duplicate, other := good, good
	duplicate.Id = str("b")
	other.Id, other.MessageBody, other.MessageDeduplicationId = str("c"), str("2"), str("2")
	out, err := send(good, duplicate, other)
	if err != nil || len(out.Successful) != 3 || *out.Successful[0].SequenceNumber != *out.Successful[1].SequenceNumber {
		t.Fatalf("got %+v, %v, want the second to be the duplicate of the first", out, err)
	}
	received, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil || len(received.Messages) != 2 || *received.Messages[0].Body != "1" || *received.Messages[1].Body != "2" {
		t.Errorf("got %+v, %v", received, err)
	}
}
