package sdktest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// What SQS takes in one call.
const (
	maxEntries = 10
	maxBytes   = 1 << 20
)

func newQueues(options []Option) *queues {
	q := &queues{
		fifo: make(map[string]bool), delays: make(map[string]time.Duration), settlements: make(map[string]environ.Settlement),
	}
	for _, option := range options {
		option(q)
	}
	return q
}

// declare permits sending to the given labels only.
func (q *queues) declare(labels []string) {
	q.labels = make(map[string]bool)
	for _, label := range labels {
		q.labels[label] = true
	}
}

// url is where the events for a label go: https://sqs.sdktest/LABEL/queue or /queue.fifo.
func (q *queues) url(label string) (url string, known []string) {
	if q.labels != nil && !q.labels[label] {
		return "", slices.Sorted(maps.Keys(q.labels))
	}
	url = "https://sqs.sdktest/" + label + "/queue"
	if q.fifo[label] || strings.HasSuffix(label, ".fifo") {
		url += ".fifo"
	}
	return url, nil
}

// SendMessageBatch is how events are sent. It refuses what SQS refuses.
func (q *queues) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (
	*sqs.SendMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := cmp.Or(ctx.Err(), q.failure, refusal(in.Entries)); err != nil {
		return nil, err
	}
	out := new(sqs.SendMessageBatchOutput)
	for _, entry := range in.Entries {
		if err := q.accept(*in.QueueUrl, entry); err != nil {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{
				Id: entry.Id, SenderFault: true, Code: aws.String("InvalidParameterValue"), Message: aws.String(err.Error()),
			})
			continue
		}
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: entry.Id})
	}
	return out, nil
}

// refusal is why SQS does not take a batch at all.
func refusal(entries []types.SendMessageBatchRequestEntry) error {
	size := 0
	ids := make(map[string]bool)
	for _, entry := range entries {
		size += len(aws.ToString(entry.MessageBody))
		ids[aws.ToString(entry.Id)] = true
	}
	switch {
	case len(entries) == 0:
		return &types.EmptyBatchRequest{}
	case len(entries) > maxEntries:
		return &types.TooManyEntriesInBatchRequest{Message: aws.String(fmt.Sprintf("a call takes %d entries, not %d", maxEntries, len(entries)))}
	case len(ids) < len(entries):
		return &types.BatchEntryIdsNotDistinct{}
	case size > maxBytes:
		return &types.BatchRequestTooLong{Message: aws.String(fmt.Sprintf("a call takes %d bytes, not %d", maxBytes, size))}
	}
	return nil
}

// accept keeps a message, unless it breaks a rule. A FIFO queue drops duplicates.
func (q *queues) accept(url string, entry types.SendMessageBatchRequestEntry) error {
	fifo := strings.HasSuffix(url, ".fifo")
	if err := violation(fifo, entry); err != nil {
		return err
	}
	var e cloudEvent
	if err := json.Unmarshal([]byte(*entry.MessageBody), &e); err != nil {
		return err
	}
	s := Sent{
		Queue: path.Base(path.Dir(url)), ID: e.ID, Type: e.Type, Time: e.Time, Data: e.Data,
		Group: aws.ToString(entry.MessageGroupId), DeduplicationID: aws.ToString(entry.MessageDeduplicationId),
		Delay:       time.Duration(entry.DelaySeconds) * time.Second,
		TraceHeader: aws.ToString(entry.MessageSystemAttributes["AWSTraceHeader"].StringValue),
	}
	if q.reject != nil {
		if err := q.reject(s); err != nil {
			return err
		}
	}
	duplicate := func(earlier Sent) bool {
		return earlier.Queue == s.Queue && earlier.DeduplicationID == s.DeduplicationID
	}
	if !fifo || !slices.ContainsFunc(q.sent, duplicate) {
		q.sent = append(q.sent, s)
	}
	return nil
}

// violation is the rule of SQS that a message breaks.
func violation(fifo bool, entry types.SendMessageBatchRequestEntry) error {
	unfit := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0xFFFE || r == 0xFFFF }
	switch group, duplicate := aws.ToString(entry.MessageGroupId), aws.ToString(entry.MessageDeduplicationId); {
	case aws.ToString(entry.MessageBody) == "":
		return errors.New("the message has no body")
	case strings.ContainsFunc(*entry.MessageBody, unfit):
		return errors.New("the message has characters outside of the allowed set")
	case entry.DelaySeconds < 0 || entry.DelaySeconds > 900:
		return errors.New("DelaySeconds must be 0 to 900")
	case fifo && entry.DelaySeconds > 0:
		return errors.New("DelaySeconds is not valid for a FIFO queue")
	case fifo && group == "":
		return errors.New("a FIFO queue needs a MessageGroupId")
	case fifo && duplicate == "":
		return errors.New("a FIFO queue needs a MessageDeduplicationId")
	case !fifo && duplicate != "":
		return errors.New("MessageDeduplicationId is not valid for a standard queue")
	case !validID(group) || !validID(duplicate):
		return errors.New("MessageGroupId and MessageDeduplicationId consist of 1 to 128 letters, digits and punctuation characters")
	}
	return nil
}

// validID tells whether SQS takes a group or deduplication ID, if it is there.
func validID(id string) bool {
	return len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}
