package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/provider/once"
)

// queueNames are the names that queues of the region had when this run first made one, and those of queues that it made and deleted. SQS does not say
// whether CreateQueue made a queue or found one with the same attributes.
type queueNames struct {
	listed  once.Answer[map[string]bool]
	made    sync.Map
	deleted sync.Map
}

// CreateQueue makes a queue and returns its URL. Attributes that are empty are not set. The error is an [ExistsError] if there is one of this name, unless it has the mark of an
// unfinished creation: then it is given these attributes and tags, and those that are empty are cleared.
func (c *Cloud) CreateQueue(ctx context.Context, name string, attributes, tags map[string]string) (string, error) {
	if _, made := c.queueNames.made.LoadOrStore(name, true); made {
		return "", &ExistsError{Object: "a queue named " + name, Else: "in this very plan"}
	}
	queueURL, err := c.createQueue(ctx, name, attributes, tags)
	if err != nil {
		c.queueNames.made.Delete(name)
		return "", err
	}
	c.queueURLs.Store(c.QueueARN(queueURL), queueURL)
	return queueURL, nil
}

// RefuseQueue returns an [ExistsError] if there is a queue of this name that is not an unfinished one.
func (c *Cloud) RefuseQueue(ctx context.Context, name string) error {
	exists, err := c.queueExists(ctx, name)
	if err != nil || !exists {
		return err
	}
	_, _, err = c.unfinishedQueue(ctx, name)
	if IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Cloud) createQueue(ctx context.Context, name string, attributes, tags map[string]string) (string, error) {
	exists, err := c.queueExists(ctx, name)
	if err != nil {
		return "", err
	}
	if exists {
		if queueURL, err := c.resumeQueue(ctx, name, attributes, tags); !IsNotFound(err) {
			return queueURL, err
		}
	}
	output, err := retry(ctx, func() (*sqs.CreateQueueOutput, error) {
		return c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: withoutEmpty(attributes), Tags: tags})
	})
	if hasCode(err, "QueueNameExists", "QueueAlreadyExists") {
		return c.resumeQueue(ctx, name, attributes, tags)
	}
	if err != nil {
		return "", fmt.Errorf("create queue %s: %w", name, err)
	}
	return aws.ToString(output.QueueUrl), nil
}

// resumeQueue gives a queue that an interrupted run left behind these attributes and tags.
func (c *Cloud) resumeQueue(ctx context.Context, name string, attributes, tags map[string]string) (string, error) {
	queueURL, found, err := c.unfinishedQueue(ctx, name)
	if err != nil {
		return "", err
	}
	return queueURL, errors.Join(c.UpdateQueue(ctx, queueURL, changeable(attributes)), c.TagQueue(ctx, queueURL, found, tags))
}

// unfinishedQueue returns the URL and tags of a queue whose creation was not finished. The error is an [ExistsError] if it was, and a
// [NotFoundError] if there is no queue of this name.
func (c *Cloud) unfinishedQueue(ctx context.Context, name string) (queueURL string, tags map[string]string, err error) {
	output, err := c.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if hasCode(err, noQueue...) {
		return "", nil, &NotFoundError{Object: "queue " + name}
	}
	if err != nil {
		return "", nil, fmt.Errorf("find queue %s: %w", name, err)
	}
	queueURL = aws.ToString(output.QueueUrl)
	tags, err = c.QueueTags(ctx, queueURL)
	if err == nil && !IsMarked(tags) {
		err = &ExistsError{Object: "a queue named " + name, ID: queueURL}
	}
	return queueURL, tags, err
}

// changeable returns the attributes of a queue without the one that is decided when it is made.
func changeable(attributes map[string]string) map[string]string {
	rest := map[string]string{}
	for name, value := range attributes {
		if name != AttributeFIFO {
			rest[name] = value
		}
	}
	return rest
}

func withoutEmpty(attributes map[string]string) map[string]string {
	rest := maps.Clone(attributes)
	maps.DeleteFunc(rest, func(_, value string) bool { return value == "" })
	return rest
}

// queueExists reports whether there may be a queue of this name, with one list for all queues of a run. Who may not list has to look for
// each.
func (c *Cloud) queueExists(ctx context.Context, name string) (bool, error) {
	if _, deleted := c.queueNames.deleted.Load(name); deleted {
		return false, nil // though SQS may still show it
	}
	names, err := c.queueNames.listed.Get(ctx, c.listQueues)
	if IsDenied(err) {
		return true, nil
	}
	return names[name], err
}

func (c *Cloud) listQueues(ctx context.Context) (map[string]bool, error) {
	const pageSize = 1000 // the most; without a size there is no second page
	names := map[string]bool{}
	pages := sqs.NewListQueuesPaginator(c.sqs, &sqs.ListQueuesInput{MaxResults: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list queues: %w", err)
		}
		for _, queueURL := range page.QueueUrls {
			names[queueName(queueURL)] = true
		}
	}
	return names, nil
}

// forgetQueue is for a queue that is deleted: its name is free.
func (c *Cloud) forgetQueue(queueURL string) {
	queueARN := c.QueueARN(queueURL)
	c.queueURLs.Delete(queueARN)
	c.seenQueues.Delete(queueARN)
	c.queueNames.made.Delete(queueName(queueURL))
	c.queueNames.deleted.Store(queueName(queueURL), true)
}

// queueName returns the name of the queue with this URL or ARN.
func queueName(address string) string {
	return address[strings.LastIndexAny(address, "/:")+1:]
}
