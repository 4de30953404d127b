// Package environ holds what an app reaches its queues with. In production the app makes it from environment variables;
// tests and local-drain put another one into the context of an invocation.
package environ

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// SQS is the part of Amazon SQS that an app calls.
type SQS interface {
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (
		*sqs.ChangeMessageVisibilityBatchOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Environment is what surrounds an app.
type Environment struct {
	SQS      SQS
	QueueURL func(label string) (url string, known []string) // where to send; "" for an unknown label, with those that are known
	Settled  func(Settlement)                                // told what became of each message, concurrently; may be nil
}

// Settlement is what became of a message.
type Settlement struct {
	MessageID string
	Outcome   string // as in the log
	Err       error  // why the message was not handled
}

type key struct{}

// NewContext returns a context whose invocations use e.
func NewContext(ctx context.Context, e *Environment) context.Context {
	return context.WithValue(ctx, key{}, e)
}

// FromContext returns the environment of ctx, or nil.
func FromContext(ctx context.Context) *Environment {
	e, _ := ctx.Value(key{}).(*Environment)
	return e
}

// Queues are queue URLs by label.
type Queues map[string]string

// ParseQueues reads what HANDLER_QUEUES holds: "label=URL" pairs, separated by commas. Spaces around them are ignored.
func ParseQueues(list string) (Queues, error) {
	queues := make(Queues)
	for i, pair := range strings.Split(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		label, url, ok := strings.Cut(pair, "=")
		if !ok || label == "" || !strings.Contains(url, "://") {
			return nil, fmt.Errorf("HANDLER_QUEUES: entry %d is not of the form label=URL; separate entries by commas", i+1)
		}
		if _, exists := queues[label]; exists {
			return nil, fmt.Errorf("HANDLER_QUEUES: label %q is there twice", label)
		}
		queues[label] = url
	}
	return queues, nil
}

// URL returns the URL of the queue with that label, or "" and the labels that there are.
func (q Queues) URL(label string) (url string, known []string) {
	if url, ok := q[label]; ok {
		return url, nil
	}
	return "", slices.Sorted(maps.Keys(q))
}
