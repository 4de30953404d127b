package sqs

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// handle is the receipt handle of m's last receive. It names queue, message and receive; to clients it is opaque.
func (q *queue) handle(m *message) string {
	fields := q.arn + " " + m.id + " " + strconv.FormatUint(m.receipt, 10)
	return base64.StdEncoding.EncodeToString([]byte(fields))
}

// resolve finds the message that a handle names, or nil if it is gone, and whether the handle is that of its last receive.
func (q *queue) resolve(handle string) (m *message, latest bool, err error) {
	if strings.TrimSpace(handle) == "" {
		return nil, false, missing("ReceiptHandle")
	}
	decoded, err := base64.StdEncoding.DecodeString(handle)
	if err != nil {
		return nil, false, invalidReceiptHandle(handle)
	}
	fields := strings.Split(string(decoded), " ")
	if len(fields) != 3 || fields[0] != q.arn {
		return nil, false, invalidReceiptHandle(handle)
	}
	receipt, err := strconv.ParseUint(fields[2], 10, 64)
	if err != nil {
		return nil, false, invalidReceiptHandle(handle)
	}
	m, ok := q.messages[fields[1]]
	if !ok {
		return nil, false, nil
	}
	return m, m.receipt == receipt, nil
}

// DeleteMessageInput is the input of DeleteMessage.
type DeleteMessageInput struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

// DeleteMessage removes a message. That it is gone already is no error.
func (s *Service) DeleteMessage(ctx context.Context, in DeleteMessageInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, _ time.Time) error {
		return q.delete(in.ReceiptHandle)
	})
}

// delete removes the message that handle names. On a standard queue the handle of the last receive deletes even after the
// visibility timeout, and an older one succeeds without deleting ("the request will succeed, but the message might not be
// deleted", API reference of DeleteMessage). On a FIFO queue a handle expires with the visibility timeout.
func (q *queue) delete(handle string) error {
	m, latest, err := q.resolve(handle)
	switch {
	case err != nil:
		return err
	case m == nil:
		return nil
	case q.fifo && (!latest || !m.inFlight):
		return expiredReceiptHandle(handle)
	case latest:
		q.drop(m)
	}
	return nil
}

// ChangeMessageVisibilityInput is the input of ChangeMessageVisibility.
type ChangeMessageVisibilityInput struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout *int // seconds from now, 0 to 43,200
}

// ChangeMessageVisibility sets when a received message becomes visible again; 0 is at once.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in ChangeMessageVisibilityInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		return q.changeVisibility(in.ReceiptHandle, in.VisibilityTimeout, now)
	})
}

// changeVisibility follows what was recorded on AWS where the documentation is silent: on a standard queue every handle of
// the message counts, also one whose visibility timeout is over.
func (q *queue) changeVisibility(handle string, timeout *int, now time.Time) error {
	const name = "VisibilityTimeout"
	limit := integerAttributes[name].max
	switch {
	case strings.TrimSpace(handle) == "":
		return missing("ReceiptHandle")
	case timeout == nil:
		return missing(name)
	case *timeout < 0 || *timeout > limit:
		return invalidValue(*timeout, name, "Must be between 0 and 43200, if provided.")
	}
	m, latest, err := q.resolve(handle)
	switch {
	case err != nil:
		return err
	case m == nil || q.fifo && (!latest || !m.inFlight):
		return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case int(now.Sub(m.receivedAt).Seconds())+*timeout > limit:
		return invalidValue(*timeout, name, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	q.hide(m, now.Add(time.Duration(*timeout)*time.Second), now)
	q.order.refresh(m)
	return nil
}
