package sqs

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Outgoing is a message as a producer sends it.
type Outgoing struct {
	MessageBody             string
	DelaySeconds            *int // 0 to 900; standard queues only, where nil means the queue's delay
	MessageAttributes       map[string]MessageAttributeValue
	MessageSystemAttributes map[string]MessageAttributeValue
	MessageDeduplicationID  *string `json:"MessageDeduplicationId"` // FIFO queues only
	MessageGroupID          *string `json:"MessageGroupId"`         // FIFO queues must have it; the tenant on standard queues
}

// SendMessageInput is the input of SendMessage.
type SendMessageInput struct {
	QueueURL string `json:"QueueUrl"`
	Outgoing
}

// Sent is what a producer learns of a message that was accepted.
type Sent struct {
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	MessageID                    string `json:"MessageId"`
	SequenceNumber               string `json:",omitempty"`
}

// SendMessage puts one message into a queue.
func (s *Service) SendMessage(ctx context.Context, in SendMessageInput) (Sent, error) {
	var sent Sent
	err := s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		if in.MessageBody == "" {
			return missing("MessageBody")
		}
		if q.fifo && in.MessageGroupID == nil {
			return missing("MessageGroupId")
		}
		if size(in.MessageBody, in.MessageAttributes) > q.settings.maxMessageSize {
			return invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.settings.maxMessageSize)
		}
		m, delay, err := q.compose(in.Outgoing)
		if err != nil {
			return err
		}
		sent = q.accept(m, delay, now)
		return nil
	})
	if err != nil {
		return Sent{}, err
	}
	return sent.digest(in.Outgoing), nil
}

// digest adds the digests, by which clients verify that what they sent arrived. They are of what was sent now, even if it is a
// duplicate of a message with other content.
func (s Sent) digest(out Outgoing) Sent {
	s.MD5OfMessageBody = digestBody(out.MessageBody)
	s.MD5OfMessageAttributes = digestAttributes(out.MessageAttributes)
	s.MD5OfMessageSystemAttributes = digestAttributes(out.MessageSystemAttributes)
	return s
}

// compose checks what a producer sent, but for its size, and makes a message of it.
func (q *queue) compose(out Outgoing) (m *message, delay time.Duration, err error) {
	if !validText(out.MessageBody) {
		return nil, 0, invalidContents()
	}
	if err := checkAttributes(out.MessageAttributes); err != nil {
		return nil, 0, err
	}
	trace, err := traceHeader(out.MessageSystemAttributes)
	if err != nil {
		return nil, 0, err
	}
	if delay, err = q.delayOf(out.DelaySeconds); err != nil {
		return nil, 0, err
	}
	if err := checkID(out.MessageGroupID, "MessageGroupId"); err != nil {
		return nil, 0, err
	}
	dedupID, err := q.deduplicationID(out)
	if err != nil {
		return nil, 0, err
	}
	m = &message{
		id: uuid.NewString(), body: out.MessageBody, bodyMD5: digestBody(out.MessageBody), attributes: out.MessageAttributes,
		traceHeader: trace, dedupID: dedupID,
	}
	if out.MessageGroupID != nil {
		m.groupID = *out.MessageGroupID
	}
	return m, delay, nil
}

// delayOf returns the delay of a message sent with the given DelaySeconds. On a FIFO queue only 0 is accepted, and it still
// means the queue's delay.
func (q *queue) delayOf(seconds *int) (time.Duration, error) {
	switch {
	case seconds == nil:
		return q.settings.delay, nil
	case *seconds < 0 || *seconds > integerAttributes["DelaySeconds"].max:
		return 0, invalidValue(*seconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	case q.fifo && *seconds > 0:
		return 0, invalidValue(*seconds, "DelaySeconds", "The request include parameter that is not valid for this queue type.")
	case q.fifo:
		return q.settings.delay, nil
	}
	return time.Duration(*seconds) * time.Second, nil
}

func (q *queue) deduplicationID(out Outgoing) (string, error) {
	const name = "MessageDeduplicationId"
	switch {
	case !q.fifo && out.MessageDeduplicationID != nil:
		return "", invalidValue(*out.MessageDeduplicationID, name,
			"The request includes a parameter that is not valid for this queue type.")
	case !q.fifo:
		return "", nil
	case out.MessageDeduplicationID != nil:
		return *out.MessageDeduplicationID, checkID(out.MessageDeduplicationID, name)
	case q.settings.contentBased:
		return contentID(out.MessageBody), nil
	}
	return "", errNoDeduplicationID()
}

// accept puts m into q, unless it is a duplicate.
func (q *queue) accept(m *message, delay time.Duration, now time.Time) Sent {
	key := m.dedupID
	if q.settings.perGroup {
		key = m.groupID + " " + m.dedupID // neither can contain a space
	}
	if q.fifo {
		if original, ok := q.dedup.find(key, now); ok {
			return Sent{MessageID: original.messageID, SequenceNumber: sequenceNumber(original.sequence)}
		}
	}
	m.sent, m.enqueued = now, now
	q.push(m, now.Add(delay), now)
	if !q.fifo {
		return Sent{MessageID: m.id}
	}
	q.dedup.remember(key, accepted{m.id, m.sequence}, now)
	return Sent{MessageID: m.id, SequenceNumber: sequenceNumber(m.sequence)}
}
