package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

const (
	maxBackoff = time.Hour
	// maxRetryAfter is what remains of the 12 hours for which SQS hides a message, counted from its receipt, after 15 minutes in a
	// mapping, which may wait for a batch or for concurrency, and the 15 minutes that an invocation may take.
	maxRetryAfter = 12*time.Hour - 30*time.Minute
)

// retryDelay is the time until a failed message comes back: what the error says, or else the backoff of the attempt.
func (m *message) retryDelay() time.Duration {
	if told, ok := errors.AsType[*RetryError](m.err); ok {
		return bounded(told.After)
	}
	if m.route != nil && m.route.backoff != nil {
		var delay time.Duration
		err := recovering(func() error { delay = m.route.backoff(m.attempt); return nil })
		if err == nil {
			return bounded(delay)
		}
		m.err = fmt.Errorf("%w (and the function given to sdk.Backoff failed: %w)", m.err, err)
	}
	return backoff(m.attempt, rand.Float64())
}

func bounded(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }

// backoff is a second, and six times as much with each attempt, at most an hour, times 0.75 to 1.25 for jitter in [0, 1): 1 s, 6 s, 36 s,
// 216 s, 1296 s, 1 h. With five receives, the default of handler_queue, a message survives an outage of about four minutes.
func backoff(attempt int, jitter float64) time.Duration {
	seconds := min(math.Pow(6, float64(attempt-1)), maxBackoff.Seconds())
	return time.Duration(seconds * (0.75 + jitter/2) * float64(time.Second))
}

// visibility is a delay as SQS takes it: whole seconds, rounded up.
func visibility(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second)
}

// postponeCalls bounds how many calls to SQS postpone makes at the same time: a batch of 10,000 messages takes a thousand.
const postponeCalls = 50

// toPostpone are the messages that are to come back and have not been postponed yet.
func (v *invocation) toPostpone() []*message {
	var failed []*message
	for i := range v.messages {
		if m := &v.messages[i]; m.outcome == retried && !m.postponed {
			failed = append(failed, m)
		}
	}
	return failed
}

// postpone has failed messages come back after their delays. Where it does not succeed, they come back when the queue's
// visibility timeout ends, which is later but no loss.
func (v *invocation) postpone(failed []*message) {
	if len(failed) == 0 {
		return
	}
	byQueue := make(map[string][]*message)
	for _, m := range failed {
		m.postponed = true
		byQueue[m.queue] = append(byQueue[m.queue], m)
	}
	ctx, cancel := v.limits.settle(v.ctx)
	defer cancel()
	calls := make(chan struct{}, postponeCalls)
	var running sync.WaitGroup
	for arn, messages := range byQueue {
		for chunk := range slices.Chunk(messages, maxEntries) {
			calls <- struct{}{}
			running.Go(func() {
				defer func() { <-calls }()
				if err := v.changeVisibility(ctx, arn, chunk); err != nil {
					v.notPostponed(ctx, chunk, err)
				}
			})
		}
	}
	running.Wait()
}

// changeVisibility makes one call for up to ten messages of one queue.
func (v *invocation) changeVisibility(ctx context.Context, arn string, messages []*message) error {
	env, err := v.app.aws.reach(ctx)
	if err != nil {
		return err
	}
	q := v.app.queues.get(arn)
	url, err := q.resolve(ctx, env.SQS)
	if err != nil {
		return err
	}
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                aws.String(strconv.Itoa(i)),
			ReceiptHandle:     aws.String(string(m.receipt)),
			VisibilityTimeout: visibility(withinRetention(ctx, env.SQS, q, m)),
		}
	}
	out, err := env.SQS.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
	if err != nil {
		return err
	}
	for _, failure := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(failure.Id)); err == nil && i < len(messages) {
			v.notPostponed(ctx, messages[i:i+1], entryError(failure))
		}
	}
	return nil
}

// minRetention is the least that a queue can be set to keep its messages.
const minRetention = time.Minute

// withinRetention is the message's delay, but at most half of the time for which its queue still keeps it: a message that is hidden
// when that time is over is lost, while one that comes again may be handled, or reach the dead-letter queue.
func withinRetention(ctx context.Context, client environ.SQS, q *queue, m *message) time.Duration {
	age := time.Since(m.sent)
	if m.sent.IsZero() || age+m.delay < minRetention {
		return m.delay
	}
	attributes, err := q.look(ctx, client)
	if err != nil || attributes.retention == 0 {
		return m.delay // hidden for longer than the queue keeps it, at worst
	}
	return min(m.delay, max(attributes.retention-age, 0)/2)
}

// notPostponed logs which messages come back only when their visibility timeout ends.
func (v *invocation) notPostponed(ctx context.Context, messages []*message, err error) {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.id
	}
	v.log().WarnContext(ctx, "retry waits for the visibility timeout",
		slog.String("queue", queueName(messages[0].queue)), slog.Any("messageIds", ids), slog.String("error", err.Error()))
}
