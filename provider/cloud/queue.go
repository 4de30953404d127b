package cloud

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Names of the queue attributes that the provider sets and reads.
const (
	AttributeARN               = string(types.QueueAttributeNameQueueArn)
	AttributeVisibilityTimeout = string(types.QueueAttributeNameVisibilityTimeout)
	AttributeRetention         = string(types.QueueAttributeNameMessageRetentionPeriod)
	AttributeMaxMessageSize    = string(types.QueueAttributeNameMaximumMessageSize)
	AttributeDelay             = string(types.QueueAttributeNameDelaySeconds)
	AttributeReceiveWaitTime   = string(types.QueueAttributeNameReceiveMessageWaitTimeSeconds)
	AttributeKMSKey            = string(types.QueueAttributeNameKmsMasterKeyId)
	AttributeOwnEncryption     = string(types.QueueAttributeNameSqsManagedSseEnabled)
	AttributeFIFO              = string(types.QueueAttributeNameFifoQueue)
	AttributeDeduplication     = string(types.QueueAttributeNameContentBasedDeduplication)
	AttributeDeduplicateBy     = string(types.QueueAttributeNameDeduplicationScope)
	AttributeThroughputLimit   = string(types.QueueAttributeNameFifoThroughputLimit)
	AttributeRedrivePolicy     = string(types.QueueAttributeNameRedrivePolicy)
	AttributePolicy            = string(types.QueueAttributeNamePolicy)
)

// attributesTimeout is how long SQS may take until all of it knows a queue's attributes.
const attributesTimeout = time.Minute

// noQueue are the codes of a queue that does not exist, by protocol.
var noQueue = []string{"NonExistentQueue", "QueueDoesNotExist"}

// FindQueue returns the attributes of a queue, or a [NotFoundError].
func (c *Cloud) FindQueue(ctx context.Context, queueURL string) (map[string]string, error) {
	output, err := c.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       &queueURL,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if hasCode(err, noQueue...) {
		return nil, &NotFoundError{Object: "queue " + queueURL}
	}
	if err != nil {
		return nil, fmt.Errorf("read queue %s: %w", queueURL, err)
	}
	c.queueURLs.Store(output.Attributes[AttributeARN], queueURL)
	c.seenQueues.Store(output.Attributes[AttributeARN], output.Attributes)
	return output.Attributes, nil
}

// SeenQueue returns the attributes of the queue with this ARN as this run has seen them last, or else as they are, or a [NotFoundError].
func (c *Cloud) SeenQueue(ctx context.Context, queueARN string) (map[string]string, error) {
	seen, _ := c.seenQueues.Load(queueARN)
	if attributes, ok := seen.(map[string]string); ok {
		return attributes, nil
	}
	queueURL, err := c.QueueURL(ctx, queueARN)
	if err != nil {
		return nil, err
	}
	return c.FindQueue(ctx, queueURL)
}

// UpdateQueue sets attributes of a queue and waits until they are read back, for as long as SQS says that this may take. What SQS
// answers in its own words (a policy) is not compared.
func (c *Cloud) UpdateQueue(ctx context.Context, queueURL string, attributes map[string]string) error {
	if len(attributes) == 0 {
		return nil
	}
	if _, err := c.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &queueURL, Attributes: attributes}); err != nil {
		return fmt.Errorf("update queue %s: %w", queueURL, err)
	}
	return wait(ctx, attributesTimeout, fmt.Sprintf("queue %s to show its new attributes", queueURL), func() (bool, error) {
		current, err := c.FindQueue(ctx, queueURL)
		if err != nil {
			return false, err
		}
		for name, want := range attributes {
			if _, err := strconv.Atoi(want); err == nil && current[name] != want {
				return false, nil
			}
		}
		return true, nil
	})
}

// DeleteQueue deletes a queue with all its messages. That it does not exist is fine.
func (c *Cloud) DeleteQueue(ctx context.Context, queueURL string) error {
	_, err := c.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &queueURL})
	c.forgetQueue(queueURL)
	if err := ignore(err, noQueue...); err != nil {
		return fmt.Errorf("delete queue %s: %w", queueURL, err)
	}
	return nil
}

// MessageCount returns the approximate number of messages that a queue of these attributes holds, whether they can be received,
// are being handled or are delayed.
func MessageCount(attributes map[string]string) int {
	total := 0
	for _, name := range []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	} {
		count, _ := strconv.Atoi(attributes[string(name)])
		total += count
	}
	return total
}

// QueueURL returns the URL of the queue with this ARN, or a [NotFoundError].
func (c *Cloud) QueueURL(ctx context.Context, queueARN string) (string, error) {
	known, _ := c.queueURLs.Load(queueARN)
	if queueURL, ok := known.(string); ok {
		return queueURL, nil
	}
	parsed, err := arn.Parse(queueARN)
	if err != nil || parsed.Service != "sqs" {
		return "", &NotFoundError{Object: "queue " + queueARN}
	}
	output, err := c.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{
		QueueName:              &parsed.Resource,
		QueueOwnerAWSAccountId: &parsed.AccountID,
	})
	if hasCode(err, noQueue...) {
		return "", &NotFoundError{Object: "queue " + queueARN}
	}
	if err != nil {
		return "", fmt.Errorf("find queue %s: %w", queueARN, err)
	}
	c.queueURLs.Store(queueARN, aws.ToString(output.QueueUrl))
	return aws.ToString(output.QueueUrl), nil
}

// QueueARN returns the ARN of the queue with this URL, whose path is account and name. It is empty if the URL is none of a queue.
func (c *Cloud) QueueARN(queueURL string) string {
	parsed, err := url.Parse(queueURL)
	if err != nil {
		return ""
	}
	account, name, ok := strings.Cut(strings.Trim(parsed.Path, "/"), "/")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return c.ARN("sqs", account, name)
}
