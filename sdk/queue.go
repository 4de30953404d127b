package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// maxEntries is how many messages SQS takes in one batch call.
const maxEntries = 10

// queueCache remembers what was found out about queues, for as long as the app runs. It grows with the number of queues that
// the app's handlers consume.
type queueCache struct {
	mu    sync.Mutex
	byARN map[string]*queue
}

func (c *queueCache) get(arn string) *queue {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.byARN[arn]
	if q == nil {
		if c.byARN == nil {
			c.byARN = make(map[string]*queue)
		}
		q = &queue{arn: arn, lock: newLock()}
		c.byARN[arn] = q
	}
	return q
}

// queue is a queue that a handler consumes, or its dead-letter queue. Lookups that fail are tried again by the next caller.
type queue struct {
	arn string

	lock       lock
	url        string
	attributes *queueAttributes // nil: not looked up yet
	looked     time.Time
}

// How long attributes of a queue are taken for current: they change while runtimes are warm. That a queue has no dead-letter queue is
// likely to be mended soon.
const (
	attributesTime   = 5 * time.Minute
	noDeadLetterTime = 15 * time.Second
)

// queueAttributes are those of a queue that settling its messages depends on.
type queueAttributes struct {
	deadLetterARN string        // "" for none
	retention     time.Duration // for how long it keeps messages
}

// resolve returns the queue's URL.
func (q *queue) resolve(ctx context.Context, client environ.SQS) (string, error) {
	if err := q.lock.acquire(ctx); err != nil {
		return "", fmt.Errorf("find the URL of %s: %w", q.arn, err)
	}
	defer q.lock.release()
	if q.url != "" {
		return q.url, nil
	}
	parts := strings.Split(q.arn, ":") // arn:aws:sqs:region:account:name
	if len(parts) != 6 || parts[2] != "sqs" {
		return "", fmt.Errorf("%q is no ARN of an SQS queue", q.arn)
	}
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parts[5], QueueOwnerAWSAccountId: &parts[4]})
	if err != nil {
		return "", fmt.Errorf("find the URL of %s: %w", q.arn, err)
	}
	q.url = aws.ToString(out.QueueUrl)
	return q.url, nil
}

var errNoDeadLetterQueue = errors.New("the queue has none; give it a redrive policy")

// deadLetter returns the ARN of the queue's dead-letter queue, or errNoDeadLetterQueue.
func (q *queue) deadLetter(ctx context.Context, client environ.SQS) (string, error) {
	attributes, err := q.look(ctx, client)
	if err != nil {
		return "", err
	}
	if attributes.deadLetterARN == "" {
		return "", errNoDeadLetterQueue
	}
	return attributes.deadLetterARN, nil
}

// look returns the queue's attributes.
func (q *queue) look(ctx context.Context, client environ.SQS) (*queueAttributes, error) {
	url, err := q.resolve(ctx, client)
	if err != nil {
		return nil, err
	}
	if err := q.lock.acquire(ctx); err != nil {
		return nil, fmt.Errorf("read the attributes of %s: %w", q.arn, err)
	}
	defer q.lock.release()
	if q.attributes == nil || now().Sub(q.looked) > q.attributes.current() {
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url,
			AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameRedrivePolicy, types.QueueAttributeNameMessageRetentionPeriod,
			},
		})
		if err != nil {
			return nil, fmt.Errorf("read the attributes of %s: %w", q.arn, err)
		}
		if q.attributes, err = readAttributes(out.Attributes); err != nil {
			return nil, fmt.Errorf("read the attributes of %s: %w", q.arn, err)
		}
		q.looked = now()
	}
	return q.attributes, nil
}

// current is for how long the attributes are taken for current.
func (a *queueAttributes) current() time.Duration {
	if a.deadLetterARN == "" {
		return noDeadLetterTime
	}
	return attributesTime
}

// forget has attributes looked up again, as something is wrong with them.
func (q *queue) forget(ctx context.Context) {
	if q.lock.acquire(ctx) == nil {
		defer q.lock.release()
		q.attributes = nil
	}
}

func readAttributes(from map[string]string) (*queueAttributes, error) {
	attributes := new(queueAttributes)
	if seconds, err := strconv.Atoi(from[string(types.QueueAttributeNameMessageRetentionPeriod)]); err == nil {
		attributes.retention = time.Duration(seconds) * time.Second
	}
	if encoded := from[string(types.QueueAttributeNameRedrivePolicy)]; encoded != "" {
		var policy struct {
			DeadLetterTargetARN string `json:"deadLetterTargetArn"`
		}
		if err := json.Unmarshal([]byte(encoded), &policy); err != nil {
			return nil, fmt.Errorf("decode its redrive policy: %w", err)
		}
		attributes.deadLetterARN = policy.DeadLetterTargetARN
	}
	return attributes, nil
}

// queueName is the last part of a queue's ARN.
func queueName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// isFIFO tells whether a queue is a FIFO queue, by its ARN or URL.
func isFIFO(queue string) bool { return strings.HasSuffix(queue, ".fifo") }

// entryError makes an error of what SQS says about one entry of a batch.
func entryError(entry types.BatchResultErrorEntry) error {
	return fmt.Errorf("%s: %s", aws.ToString(entry.Code), aws.ToString(entry.Message))
}
