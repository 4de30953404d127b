package sqs

import (
	"context"
	"maps"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// maxTags is how many tags a queue may have (SQS developer guide, quotas).
const maxTags = 50

// TagQueueInput is the input of TagQueue.
type TagQueueInput struct {
	QueueURL string `json:"QueueUrl"`
	Tags     map[string]string
}

// TagQueue adds tags, or replaces the values of those there are.
func (s *Service) TagQueue(ctx context.Context, in TagQueueInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, _ time.Time) error {
		if len(in.Tags) == 0 {
			return missing("Tags")
		}
		tags := maps.Clone(q.tags)
		maps.Copy(tags, in.Tags)
		if len(tags) > maxTags {
			return invalid("Too many tags added for queue %s.", q.name)
		}
		q.tags = tags
		return nil
	})
}

// UntagQueueInput is the input of UntagQueue.
type UntagQueueInput struct {
	QueueURL string `json:"QueueUrl"`
	TagKeys  []string
}

// UntagQueue removes tags. That a queue does not have one is no error.
func (s *Service) UntagQueue(ctx context.Context, in UntagQueueInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, _ time.Time) error {
		if len(in.TagKeys) == 0 {
			return invalid("Tag keys can't be null or empty.")
		}
		for _, key := range in.TagKeys {
			delete(q.tags, key)
		}
		return nil
	})
}

// ListQueueTagsInput is the input of ListQueueTags.
type ListQueueTagsInput struct {
	QueueURL string `json:"QueueUrl"`
}

// ListQueueTagsOutput is the output of ListQueueTags.
type ListQueueTagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

// ListQueueTags returns the tags of a queue.
func (s *Service) ListQueueTags(ctx context.Context, in ListQueueTagsInput) (ListQueueTagsOutput, error) {
	var out ListQueueTagsOutput
	err := s.atQueue(ctx, in.QueueURL, func(q *queue, _ time.Time) error {
		out.Tags = maps.Clone(q.tags)
		return nil
	})
	return out, err
}
