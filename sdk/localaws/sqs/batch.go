package sqs

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	maxBatch      = 10        // entries of a batch
	maxBatchBytes = 1_048_576 // of all messages of a batch together
)

var batchEntryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// BatchError is the failure of one entry of a batch.
type BatchError struct {
	ID          string `json:"Id"`
	SenderFault bool   // always true: localaws itself does not fail
	Code        string
	Message     string
}

// BatchSuccess is an entry of a batch that succeeded with nothing to tell.
type BatchSuccess struct {
	ID string `json:"Id"`
}

// BatchOutput is the output of the batch operations: every entry is in one of the lists.
type BatchOutput[T any] struct {
	Successful []T          `json:",omitempty"`
	Failed     []BatchError `json:",omitempty"`
}

// add files the outcome of one entry.
func (o *BatchOutput[T]) add(id string, success T, err error) {
	if err == nil {
		o.Successful = append(o.Successful, success)
		return
	}
	apiErr := wire.AsError(err)
	o.Failed = append(o.Failed, BatchError{ID: id, SenderFault: true, Code: apiErr.Query, Message: apiErr.Message})
}

// checkBatch checks what makes a whole batch fail: the number of its entries and their IDs. Kind is the name of an entry in
// the query protocol, by which SQS still calls it.
func checkBatch(kind string, ids []string) error {
	switch {
	case ids == nil:
		return missing("Entries")
	case len(ids) == 0:
		return modelled("EmptyBatchRequest", queryNamespace+"EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	case len(ids) > maxBatch:
		return modelled("TooManyEntriesInBatchRequest", queryNamespace+"TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(ids))
	}
	seen := map[string]bool{}
	for i, id := range ids {
		switch {
		case id == "":
			return missing(fmt.Sprintf("%s.%d.Id", kind, i+1))
		case !batchEntryID.MatchString(id):
			return modelled("InvalidBatchEntryId", queryNamespace+"InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		case seen[id]:
			return modelled("BatchEntryIdsNotDistinct", queryNamespace+"BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

// idsOf returns the IDs of entries; nil, not empty, if there is no list at all.
func idsOf[E any](entries []E, id func(E) string) []string {
	if entries == nil {
		return nil
	}
	ids := make([]string, 0, len(entries))
	for _, entry := range entries {
		ids = append(ids, id(entry))
	}
	return ids
}

// SendMessageBatchInput is the input of SendMessageBatch.
type SendMessageBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []SendMessageBatchEntry
}

// SendMessageBatchEntry is a message of a batch.
type SendMessageBatchEntry struct {
	ID string `json:"Id"`
	Outgoing
}

// SendMessageBatchSuccess is a message of a batch that was accepted.
type SendMessageBatchSuccess struct {
	ID string `json:"Id"`
	Sent
}

// SendMessageBatch puts up to 10 messages, 1 MiB together, into a queue.
func (s *Service) SendMessageBatch(ctx context.Context, in SendMessageBatchInput) (BatchOutput[SendMessageBatchSuccess], error) {
	var out BatchOutput[SendMessageBatchSuccess]
	err := s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		ids := idsOf(in.Entries, func(e SendMessageBatchEntry) string { return e.ID })
		if err := checkBatch("SendMessageBatchRequestEntry", ids); err != nil {
			return err
		}
		total := 0
		for _, entry := range in.Entries {
			if err := q.checkFIFOEntry(entry.Outgoing); err != nil {
				return err
			}
			total += size(entry.MessageBody, entry.MessageAttributes)
		}
		if total > maxBatchBytes {
			return modelled("BatchRequestTooLong", queryNamespace+"BatchRequestTooLong",
				"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBatchBytes, total)
		}
		for i, entry := range in.Entries {
			sent, err := q.sendEntry(i, entry.Outgoing, now)
			out.add(entry.ID, SendMessageBatchSuccess{entry.ID, sent}, err)
		}
		return nil
	})
	return out, err
}

// checkFIFOEntry checks what makes a whole batch fail on a FIFO queue, where SQS does not accept part of it.
func (q *queue) checkFIFOEntry(out Outgoing) error {
	switch {
	case !q.fifo:
		return nil
	case out.MessageGroupID == nil:
		return invalid("The request must contain the parameter MessageGroupId.")
	case out.MessageDeduplicationID == nil && !q.settings.contentBased:
		return errNoDeduplicationID()
	}
	return nil
}

func errNoDeduplicationID() *wire.Error {
	return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
}

func (q *queue) sendEntry(index int, out Outgoing, now time.Time) (Sent, error) {
	if out.MessageBody == "" {
		return Sent{}, missing(fmt.Sprintf("SendMessageBatchRequestEntry.%d.MessageBody", index+1))
	}
	if size(out.MessageBody, out.MessageAttributes) > q.settings.maxMessageSize {
		return Sent{}, invalid("One or more parameters cannot be validated. Reason: Message must be shorter than %d bytes.",
			q.settings.maxMessageSize)
	}
	m, delay, err := q.compose(out)
	if err != nil {
		return Sent{}, err
	}
	return q.accept(m, delay, now).digest(out), nil
}

// DeleteMessageBatchInput is the input of DeleteMessageBatch.
type DeleteMessageBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []ReceiptEntry
}

// ReceiptEntry is an entry of DeleteMessageBatch or ChangeMessageVisibilityBatch.
type ReceiptEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int // seconds from now, 0 to 43,200; ChangeMessageVisibilityBatch only
}

// DeleteMessageBatch removes up to 10 messages.
func (s *Service) DeleteMessageBatch(ctx context.Context, in DeleteMessageBatchInput) (BatchOutput[BatchSuccess], error) {
	return s.receiptBatch(ctx, in.QueueURL, "DeleteMessageBatchRequestEntry", in.Entries,
		func(q *queue, entry ReceiptEntry, _ time.Time) error { return q.delete(entry.ReceiptHandle) })
}

// ChangeMessageVisibilityBatchInput is the input of ChangeMessageVisibilityBatch.
type ChangeMessageVisibilityBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []ReceiptEntry
}

// ChangeMessageVisibilityBatch sets when up to 10 messages become visible again.
func (s *Service) ChangeMessageVisibilityBatch(
	ctx context.Context, in ChangeMessageVisibilityBatchInput,
) (BatchOutput[BatchSuccess], error) {
	return s.receiptBatch(ctx, in.QueueURL, "ChangeMessageVisibilityBatchRequestEntry", in.Entries,
		func(q *queue, entry ReceiptEntry, now time.Time) error {
			return q.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout, now)
		})
}

func (s *Service) receiptBatch(
	ctx context.Context, url, kind string, entries []ReceiptEntry, do func(*queue, ReceiptEntry, time.Time) error,
) (BatchOutput[BatchSuccess], error) {
	var out BatchOutput[BatchSuccess]
	err := s.atQueue(ctx, url, func(q *queue, now time.Time) error {
		if err := checkBatch(kind, idsOf(entries, func(e ReceiptEntry) string { return e.ID })); err != nil {
			return err
		}
		for _, entry := range entries {
			out.add(entry.ID, BatchSuccess{entry.ID}, do(q, entry, now))
		}
		return nil
	})
	return out, err
}
