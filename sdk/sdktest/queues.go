package sdktest

import (
	"context"
	"fmt"
	"path"
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
	labels map[string]bool  // that may be sent to; nil: all
	fifo   map[string]bool  // labels of FIFO queues
	reject func(Sent) error // tells what cannot be sent; may be nil

	mu          sync.Mutex
	sent        []Sent
	failure     error                         // of all calls that send
	delays      map[string]time.Duration      // by receipt handle
	settlements map[string]environ.Settlement // by message ID
}

func (q *queues) settled(s environ.Settlement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settlements[s.MessageID] = s
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
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("https://sqs.sdktest/" + *in.QueueName)}, nil
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
