package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// QueueTags returns the tags of a queue, or a [NotFoundError].
func (c *Cloud) QueueTags(ctx context.Context, queueURL string) (map[string]string, error) {
	output, err := c.sqs.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &queueURL})
	if hasCode(err, noQueue...) {
		return nil, &NotFoundError{Object: "queue " + queueURL}
	}
	if err != nil {
		return nil, fmt.Errorf("read tags of queue %s: %w", queueURL, err)
	}
	return output.Tags, nil
}

// TagQueue turns the tags old of a queue into the tags want.
func (c *Cloud) TagQueue(ctx context.Context, queueURL string, old, want map[string]string) error {
	set, removed := tagChanges(old, want)
	if len(removed) > 0 {
		if _, err := c.sqs.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &queueURL, TagKeys: removed}); err != nil {
			return fmt.Errorf("remove tags of queue %s: %w", queueURL, err)
		}
	}
	if len(set) > 0 {
		if _, err := c.sqs.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &queueURL, Tags: set}); err != nil {
			return fmt.Errorf("set tags of queue %s: %w", queueURL, err)
		}
	}
	return nil
}
