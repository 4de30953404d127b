package sqs

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const fifoSuffix = ".fifo"

// queueName is what a name may be, the suffix of a FIFO queue left out; at most 80 characters, that suffix included.
var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

const maxQueueName = 80

// CreateQueueInput is the input of CreateQueue.
type CreateQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

// QueueURLOutput is the output of CreateQueue and GetQueueUrl.
type QueueURLOutput struct {
	QueueURL string `json:"QueueUrl"`
}

// CreateQueue makes a queue. If it exists already and each of the given attributes has the given value, that is no error.
func (s *Service) CreateQueue(ctx context.Context, in CreateQueueInput) (QueueURLOutput, error) {
	fifo, err := checkName(in.QueueName, in.Attributes)
	if err != nil {
		return QueueURLOutput{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := settable(name, fifo); err != nil {
			return QueueURLOutput{}, err
		}
	}
	attributes, err := canonical(in.Attributes)
	if err != nil {
		return QueueURLOutput{}, err
	}
	if err := checkEncryption(attributes); err != nil {
		return QueueURLOutput{}, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	arn := wire.ARN(ctx, "sqs", in.QueueName)
	if q, ok := s.queues[arn]; ok {
		return QueueURLOutput{queueURL(ctx, q.name)}, q.same(attributes)
	}
	now := time.Now()
	if deleted, ok := s.deleted[arn]; ok && now.Before(deleted.Add(s.deleteCooldown)) {
		return QueueURLOutput{}, modelled("QueueDeletedRecently", queryNamespace+"QueueDeletedRecently",
			"You must wait %d seconds after deleting a queue before you can create another with the same name.",
			int(s.deleteCooldown.Seconds()))
	}
	delete(s.deleted, arn)
	settings, err := interpret(attributes, fifo)
	if err != nil {
		return QueueURLOutput{}, err
	}
	if err := s.checkRedrive(arn, fifo, settings.redrive, in.Attributes["RedrivePolicy"]); err != nil {
		return QueueURLOutput{}, err
	}
	q := &queue{
		name: in.QueueName, arn: arn, region: wire.CallFrom(ctx).Region, fifo: fifo, created: now, modified: now,
		attributes: merge(nil, attributes), settings: settings, tags: map[string]string{},
	}
	maps.Copy(q.tags, in.Tags)
	q.clear()
	s.queues[arn] = q
	return QueueURLOutput{queueURL(ctx, q.name)}, nil
}

// checkName checks a new queue's name and finds out whether it is to be a FIFO queue.
func checkName(name string, attributes map[string]string) (fifo bool, err error) {
	if name == "" {
		return false, invalid("Queue name cannot be empty")
	}
	fifo = strings.EqualFold(attributes["FifoQueue"], "true")
	base, suffixed := strings.CutSuffix(name, fifoSuffix)
	ok := queueName.MatchString(base) && len(name) <= maxQueueName && suffixed == fifo
	switch {
	case ok:
		return fifo, nil
	case fifo:
		return false, invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, " +
			"must end with .fifo suffix and be 1 to 80 in length")
	default:
		return false, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
}

// same returns QueueNameExists if one of the attributes differs from q's.
func (q *queue) same(attributes map[string]string) error {
	current := effective(q.attributes, q.fifo)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if current[name] != attributes[name] {
			return modelled("QueueNameExists", "QueueAlreadyExists",
				"A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return nil
}

// DeleteQueueInput is the input of DeleteQueue.
type DeleteQueueInput struct {
	QueueURL string `json:"QueueUrl"`
}

// DeleteQueue removes a queue and its messages and ends its long polls.
func (s *Service) DeleteQueue(ctx context.Context, in DeleteQueueInput) (wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(ctx, in.QueueURL)
	if err != nil {
		return wire.Empty{}, err
	}
	delete(s.queues, q.arn)
	delete(s.moves, q.arn)
	if s.deleteCooldown > 0 {
		s.deleted[q.arn] = time.Now()
	}
	q.close()
	return wire.Empty{}, nil
}

// GetQueueURLInput is the input of GetQueueUrl.
type GetQueueURLInput struct {
	QueueName              string
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

// GetQueueURL finds a queue's URL by its name.
func (s *Service) GetQueueURL(ctx context.Context, in GetQueueURLInput) (QueueURLOutput, error) {
	if in.QueueName == "" {
		return QueueURLOutput{}, invalid("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
	}
	if in.QueueOwnerAWSAccountID != "" && in.QueueOwnerAWSAccountID != wire.AccountID {
		return QueueURLOutput{}, queueDoesNotExist()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.queues[wire.ARN(ctx, "sqs", in.QueueName)]; !ok {
		return QueueURLOutput{}, queueDoesNotExist()
	}
	return QueueURLOutput{queueURL(ctx, in.QueueName)}, nil
}

// ListQueuesInput is the input of ListQueues.
type ListQueuesInput struct {
	QueueNamePrefix string
	NextToken       string
	MaxResults      *int // 1 to 1000
}

// ListQueuesOutput is the output of ListQueues.
type ListQueuesOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

// ListQueues lists the queues of the call's region by name.
func (s *Service) ListQueues(ctx context.Context, in ListQueuesInput) (ListQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	urls, next, err := s.listURLs(ctx, in.NextToken, in.MaxResults, func(q *queue) bool {
		return strings.HasPrefix(q.name, in.QueueNamePrefix)
	})
	return ListQueuesOutput{QueueURLs: urls, NextToken: next}, err
}

// maxListed is the most queues that one answer lists, and the default (API reference of ListQueues).
const maxListed = 1000

// listURLs lists one page of the region's queues that match, by name.
func (s *Service) listURLs(ctx context.Context, token string, limit *int, match func(*queue) bool) (urls []string, next string, err error) {
	pageSize := maxListed
	if limit != nil {
		pageSize = *limit
	}
	if pageSize < 1 || pageSize > maxListed {
		return nil, "", invalidValue(pageSize, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
	}
	region := wire.CallFrom(ctx).Region
	var names []string
	for _, q := range s.queues {
		if q.region == region && match(q) {
			names = append(names, q.name)
		}
	}
	names, next, err = wire.Page(names, func(name string) string { return name }, token, pageSize,
		frameworkNamespace+"InvalidParameterValueException")
	urls = make([]string, 0, len(names))
	for _, name := range names {
		urls = append(urls, queueURL(ctx, name))
	}
	return urls, next, err
}

// find finds a queue of the call's region by its URL, of which only the last two parts count (account and name), or by its
// bare name.
func (s *Service) find(ctx context.Context, url string) (*queue, error) {
	if url == "" {
		return nil, missing("QueueUrl")
	}
	parts := strings.Split(strings.TrimSuffix(url, "/"), "/")
	name := parts[len(parts)-1]
	if len(parts) > 1 && parts[len(parts)-2] != wire.AccountID {
		return nil, queueDoesNotExist()
	}
	q, ok := s.queues[wire.ARN(ctx, "sqs", name)]
	if !ok {
		return nil, queueDoesNotExist()
	}
	return q, nil
}

func queueURL(ctx context.Context, name string) string {
	return fmt.Sprintf("http://%s/%s/%s", wire.CallFrom(ctx).Host, wire.AccountID, name)
}

// regionOf reads the region out of an ARN.
func regionOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 3 {
		return parts[3]
	}
	return ""
}
