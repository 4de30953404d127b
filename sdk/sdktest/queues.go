package sdktest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// queues stand in for SQS: they take whatever an app does and keep it for the test. Only sending heeds its context: what else
// reaches SQS is called by package sdk, not by handlers.
type queues struct {
	labels []string // that may be sent to

	mu          sync.Mutex
	sent        []Sent
	delays      map[string]time.Duration      // by receipt handle
	settlements map[string]environ.Settlement // by message ID
	failure     error
}

const urlPrefix = "https://sqs.sdktest/111122223333/"

// declared is where a handler's events go.
func (q *queues) declared(label string) (string, error) {
	if !slices.Contains(q.labels, label) {
		return "", fmt.Errorf("the handler does not declare that it sends to %q: add it to sdk.SendsTo, which has %q", label, q.labels)
	}
	return urlPrefix + label, nil
}

// any is where a server's events go.
func (q *queues) any(label string) (string, error) { return urlPrefix + label, nil }

func (q *queues) settled(s environ.Settlement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settlements[s.MessageID] = s
}

func (q *queues) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (
	*sqs.SendMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := cmp.Or(ctx.Err(), q.failure); err != nil {
		return nil, err
	}
	for _, entry := range in.Entries {
		var e cloudEvent
		if err := json.Unmarshal([]byte(*entry.MessageBody), &e); err != nil {
			return nil, err
		}
		q.sent = append(q.sent, Sent{
			Queue: path.Base(*in.QueueUrl), ID: e.ID, Type: e.Type, Time: e.Time, Data: e.Data,
			Group: aws.ToString(entry.MessageGroupId), Delay: time.Duration(entry.DelaySeconds) * time.Second,
		})
	}
	return &sqs.SendMessageBatchOutput{}, nil
}

func (q *queues) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (
	*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, entry := range in.Entries {
		q.delays[*entry.ReceiptHandle] = time.Duration(entry.VisibilityTimeout) * time.Second
	}
	return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
}

// SendMessage is how messages get to the dead-letter queue, which takes them all.
func (q *queues) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return &sqs.SendMessageOutput{}, nil
}

func (q *queues) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String(urlPrefix + *in.QueueName)}, nil
}

// GetQueueAttributes gives each queue a dead-letter queue.
func (q *queues) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (
	*sqs.GetQueueAttributesOutput, error) {
	name, fifo := strings.CutSuffix(path.Base(*in.QueueUrl), ".fifo")
	name += "-dead-letter"
	if fifo {
		name += ".fifo"
	}
	policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, queueARN(name))
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{string(types.QueueAttributeNameRedrivePolicy): policy}}, nil
}
