package sqs

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// ReceivedMessage is a message as a consumer gets it. Attributes are the system attributes.
type ReceivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string                `json:",omitempty"`
	MD5OfMessageAttributes string                           `json:",omitempty"`
	MessageAttributes      map[string]MessageAttributeValue `json:",omitempty"`
	VisibleAt              time.Time                        `json:"-"` // when others can receive it again; not part of the API
}

// ReceiveMessageInput is the input of ReceiveMessage.
type ReceiveMessageInput struct {
	QueueURL                    string `json:"QueueUrl"`
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int   // 1 to 10, default 1
	VisibilityTimeout           *int   // seconds, 0 to 43,200; default: the queue's
	WaitTimeSeconds             *int   // 0 to 20; default: the queue's
	ReceiveRequestAttemptID     string `json:"ReceiveRequestAttemptId"` // accepted; every attempt is a receive of its own
}

// ReceiveMessageOutput is the output of ReceiveMessage.
type ReceiveMessageOutput struct {
	Messages []ReceivedMessage `json:",omitempty"`
}

// ReceiveMessage takes messages in flight. With a wait time it returns as soon as there is a message.
func (s *Service) ReceiveMessage(ctx context.Context, in ReceiveMessageInput) (ReceiveMessageOutput, error) {
	var q *queue
	var wait time.Duration
	err := s.atQueue(ctx, in.QueueURL, func(found *queue, _ time.Time) error {
		q, wait = found, found.settings.receiveWait
		return in.check()
	})
	if err != nil {
		return ReceiveMessageOutput{}, err
	}
	limit := 1
	if in.MaxNumberOfMessages != nil {
		limit = *in.MaxNumberOfMessages
	}
	if in.WaitTimeSeconds != nil {
		wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	messages, err := s.poll(ctx, q, wait, func(now time.Time) ([]ReceivedMessage, error) {
		visibility := q.settings.visibilityTimeout
		if in.VisibilityTimeout != nil {
			visibility = time.Duration(*in.VisibilityTimeout) * time.Second
		}
		return s.take(q, limit, visibility, now)
	})
	for i := range messages {
		messages[i].filter(slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames), in.MessageAttributeNames)
	}
	return ReceiveMessageOutput{Messages: messages}, err
}

func (in ReceiveMessageInput) check() error {
	if n := in.MaxNumberOfMessages; n != nil && (*n < 1 || *n > maxBatch) {
		return invalidValue(*n, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
	}
	if n := in.WaitTimeSeconds; n != nil && (*n < 0 || *n > 20) {
		return invalidValue(*n, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	}
	if n := in.VisibilityTimeout; n != nil && (*n < 0 || *n > integerAttributes["VisibilityTimeout"].max) {
		return invalidValue(*n, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")
	}
	if in.ReceiveRequestAttemptID != "" {
		return checkID(&in.ReceiveRequestAttemptID, "ReceiveRequestAttemptId")
	}
	for _, name := range slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames) {
		if !slices.Contains(systemAttributeNames, name) {
			return unknownAttribute(name)
		}
	}
	return nil
}

// systemAttributeNames are the names that ReceiveMessage understands.
var systemAttributeNames = []string{
	"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber",
	"MessageDeduplicationId", "MessageGroupId", traceHeaderName, "DeadLetterQueueSourceArn",
}

// take takes up to limit messages in flight. On the way it moves those that have been received too often to the dead-letter
// queue: SQS, too, does that when they are about to be received once more.
func (s *Service) take(q *queue, limit int, visibility time.Duration, now time.Time) ([]ReceivedMessage, error) {
	free := maxInFlight - q.inFlight
	if free <= 0 && !q.fifo {
		return nil, modelled("OverLimit", "OverLimit", "The maximum number of in flight messages is reached.")
	}
	target, maxReceives := s.deadLetterQueue(q)
	var taken []*message
	for len(taken) < min(limit, free) {
		m := q.order.next()
		if m == nil {
			break
		}
		if target != nil && m.receivesHere >= maxReceives {
			s.bury(m, q, target, now)
			continue
		}
		taken = append(taken, m)
	}
	var received []ReceivedMessage
	for _, m := range taken {
		q.receive(m, visibility, now)
		received = append(received, ReceivedMessage{
			MessageID: m.id, ReceiptHandle: q.handle(m), MD5OfBody: m.bodyMD5, Body: m.body,
			Attributes:             m.systemAttributes(q.fifo),
			MD5OfMessageAttributes: digestAttributes(m.attributes), MessageAttributes: m.attributes,
			VisibleAt: now.Add(visibility),
		})
	}
	return received, nil
}

// filter leaves only the attributes that the consumer asked for. The digest is of those, as clients verify what they get.
func (m *ReceivedMessage) filter(system, names []string) {
	if !slices.Contains(system, "All") {
		maps.DeleteFunc(m.Attributes, func(name, _ string) bool { return !slices.Contains(system, name) })
	}
	all := m.MessageAttributes
	m.MessageAttributes = map[string]MessageAttributeValue{}
	for name, value := range all {
		if slices.ContainsFunc(names, func(pattern string) bool { return matchesName(pattern, name) }) {
			m.MessageAttributes[name] = value
		}
	}
	if len(m.MessageAttributes) != len(all) {
		m.MD5OfMessageAttributes = digestAttributes(m.MessageAttributes)
	}
}

// matchesName tells whether an attribute's name is meant by an entry of MessageAttributeNames: itself, All, .*, or prefix.*.
func matchesName(pattern, name string) bool {
	prefix, wildcard := strings.CutSuffix(pattern, ".*")
	return pattern == "All" || pattern == name || wildcard && strings.HasPrefix(name, prefix)
}
