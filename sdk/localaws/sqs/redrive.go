package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// redrivePolicy says when a message that nobody manages to handle leaves the queue, and where to.
type redrivePolicy struct {
	DeadLetterTargetARN string `json:"deadLetterTargetArn"`
	MaxReceiveCount     int    `json:"maxReceiveCount"` // 1 to 1000
}

// redriveAllowPolicy says which queues may use a queue as their dead-letter queue.
type redriveAllowPolicy struct {
	RedrivePermission string   `json:"redrivePermission"` // allowAll, denyAll or byQueue
	SourceQueueARNs   []string `json:"sourceQueueArns,omitempty"`
}

func (p *redrivePolicy) String() string { return encodeDocument(p) }

func (p *redriveAllowPolicy) String() string { return encodeDocument(p) }

func encodeDocument(document any) string {
	encoded, err := json.Marshal(document)
	if err != nil {
		return "" // strings and numbers always encode
	}
	return string(encoded)
}

func parseRedrivePolicy(value string) (*redrivePolicy, error) {
	const name = "RedrivePolicy"
	var members map[string]any
	if err := decodeDocument(value, &members, false); err != nil || members == nil {
		return nil, invalidAttributeValue(name, "Redrive policy is not a valid JSON map.")
	}
	refuse := func(format string, args ...any) (*redrivePolicy, error) {
		return nil, invalidValue(value, name, fmt.Sprintf(format, args...))
	}
	for _, mandatory := range []string{"maxReceiveCount", "deadLetterTargetArn"} {
		if _, ok := members[mandatory]; !ok {
			return refuse("Redrive policy does not contain mandatory attribute: %s.", mandatory)
		}
	}
	if len(members) > 2 {
		return refuse("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].")
	}
	count, err := strconv.Atoi(fmt.Sprint(members["maxReceiveCount"])) // a number, or a string with one
	if err != nil || count < 1 || count > 1000 {
		return refuse("Invalid value for maxReceiveCount: %v, valid values are from 1 to 1000 both inclusive.", members["maxReceiveCount"])
	}
	target, ok := members["deadLetterTargetArn"].(string)
	if !ok || len(strings.Split(target, ":")) != 6 {
		return refuse("Invalid value for deadLetterTargetArn.")
	}
	if strings.Split(target, ":")[2] != "sqs" {
		return refuse("Only SQS queues are valid resources for deadLetterTargetArn.")
	}
	return &redrivePolicy{DeadLetterTargetARN: target, MaxReceiveCount: count}, nil
}

func parseRedriveAllowPolicy(value string) (*redriveAllowPolicy, error) {
	const name = "RedriveAllowPolicy"
	const refusal = "Amazon SQS can't create the redrive allow policy"
	var policy redriveAllowPolicy
	err := decodeDocument(value, &policy, true)
	if err != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, policy.RedrivePermission) {
		return nil, invalidAttributeValue(name, refusal+", as it’s in an unsupported format.")
	}
	switch sources := len(policy.SourceQueueARNs); {
	case policy.RedrivePermission != "byQueue" && sources > 0:
		return nil, invalidValue(value, name,
			refusal+". To specify one or more source queue ARNs, you must set redrivePermission to byQueue.")
	case policy.RedrivePermission == "byQueue" && sources == 0:
		return nil, invalidValue(value, name, refusal+
			". When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.")
	case sources > 10:
		return nil, invalidValue(value, name, refusal+". The maximum number of source queue ARNs you can specify is 10.")
	}
	return &policy, nil
}

// decodeDocument decodes exactly one JSON value, numbers as json.Number.
func decodeDocument(value string, into any, strict bool) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
	decoder.UseNumber()
	if strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// allows tells whether the queue with the given ARN may use a queue with policy p as its dead-letter queue.
func (p *redriveAllowPolicy) allows(source string) bool {
	if p == nil || p.RedrivePermission == "allowAll" {
		return true
	}
	return p.RedrivePermission == "byQueue" && slices.Contains(p.SourceQueueARNs, source)
}

// checkRedrive checks what a redrive policy says about other queues; value is the policy as the caller wrote it.
func (s *Service) checkRedrive(source string, fifo bool, policy *redrivePolicy, value string) error {
	if policy == nil {
		return nil
	}
	const name = "RedrivePolicy"
	target, ok := s.queues[policy.DeadLetterTargetARN]
	switch {
	case !ok || target.region != regionOf(source):
		return invalidValue(value, name, "Dead letter target does not exist.")
	case target.fifo != fifo:
		return invalidValue(value, name, "Dead-letter queue must be same type of queue as the source..") // two dots, as on AWS
	case !target.settings.redriveAllow.allows(source):
		return invalidValue(value, name,
			"The dead-letter queue's redrive allow policy does not allow redrive from this source queue.")
	}
	return nil
}

// deadLetterQueue returns where q's messages go and after how many receives, or nil if they stay. A target that has been
// deleted takes nothing: the messages stay, rather than vanish.
func (s *Service) deadLetterQueue(q *queue) (target *queue, maxReceives int) {
	policy := q.settings.redrive
	if policy == nil {
		return nil, 0
	}
	return s.queues[policy.DeadLetterTargetARN], policy.MaxReceiveCount
}

// bury moves m, which is in no order, from q to target. It keeps its ID, its send time and its count of receives; in a
// standard queue also its age, so that its retention does not begin anew (SQS developer guide, "Dead-letter queues").
func (s *Service) bury(m *message, q, target *queue, now time.Time) {
	q.drop(m)
	m.deadLetterSource = q.arn
	m.receivesHere, m.receipt = 0, 0
	if target.fifo {
		m.enqueued = now
	}
	target.push(m, now, now)
	s.settle(target, now)
}

// ListDeadLetterSourceQueuesInput is the input of ListDeadLetterSourceQueues.
type ListDeadLetterSourceQueuesInput struct {
	QueueURL   string `json:"QueueUrl"`
	NextToken  string
	MaxResults *int // 1 to 1000
}

// ListDeadLetterSourceQueuesOutput is the output of ListDeadLetterSourceQueues.
type ListDeadLetterSourceQueuesOutput struct {
	QueueURLs []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

// ListDeadLetterSourceQueues lists the queues whose redrive policy names the given queue.
func (s *Service) ListDeadLetterSourceQueues(
	ctx context.Context, in ListDeadLetterSourceQueuesInput,
) (ListDeadLetterSourceQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(ctx, in.QueueURL)
	if err != nil {
		return ListDeadLetterSourceQueuesOutput{}, err
	}
	urls, next, err := s.listURLs(ctx, in.NextToken, in.MaxResults, func(source *queue) bool {
		return source.settings.redrive != nil && source.settings.redrive.DeadLetterTargetARN == q.arn
	})
	return ListDeadLetterSourceQueuesOutput{QueueURLs: urls, NextToken: next}, err
}
