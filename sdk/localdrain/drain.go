//go:build !lambda

package localdrain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

const (
	// maxReceive is how many messages SQS gives at once.
	maxReceive = 10
	// maxLimit is the longest timeout that a function in Lambda can have.
	maxLimit = 15 * time.Minute
)

// drain is what the pollers of one local-drain have in common.
type drain struct {
	client *sqs.Client
	queues environ.Queues // URLs by label; those found by name are added
	prefix string

	goroutines *goroutines
}

// find returns the URL of the queue with that label.
func (d *drain) find(ctx context.Context, label string) (string, error) {
	if url, ok := d.queues[label]; ok {
		return url, nil
	}
	out, err := d.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(d.prefix + label)})
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return "", fmt.Errorf("there is no queue named %q: create it, set -prefix, or add %s=URL to HANDLER_QUEUES", d.prefix+label, label)
	}
	if err != nil {
		return "", fmt.Errorf("find queue %q: %w", d.prefix+label, err)
	}
	d.queues[label] = *out.QueueUrl
	return *out.QueueUrl, nil
}

// poller makes the poller of a queue, for a handler that declares a batch size, or 0 for none.
func (d *drain) poller(ctx context.Context, label string, batchSize int) (*poller, error) {
	url, err := d.find(ctx, label)
	if err != nil {
		return nil, err
	}
	out, err := d.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       &url,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn, types.QueueAttributeNameVisibilityTimeout},
	})
	if err != nil {
		return nil, fmt.Errorf("read the attributes of %s: %w", url, err)
	}
	visibility, err := strconv.Atoi(out.Attributes[string(types.QueueAttributeNameVisibilityTimeout)])
	if err != nil {
		return nil, fmt.Errorf("read the visibility timeout of %s: %w", url, err)
	}
	if visibility == 0 {
		return nil, fmt.Errorf("the visibility timeout of %s is 0, so messages would come again while they are handled: raise it", url)
	}
	return &poller{
		client:     d.client,
		goroutines: d.goroutines,
		url:        url,
		arn:        out.Attributes[string(types.QueueAttributeNameQueueArn)],
		batch:      int32(min(cmp.Or(batchSize, maxReceive), maxReceive)),
		limit:      min(time.Duration(visibility)*time.Second, maxLimit),
	}, nil
}
