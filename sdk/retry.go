package sdk

import (
	"context"
	"errors"
	"log/slog"
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
func retryDelay(err error, attempt int) time.Duration {
	if told, ok := errors.AsType[*RetryError](err); ok {
		return min(max(told.After, 0), maxRetryAfter)
	}
	return backoff(attempt, rand.Float64())
}

// backoff is attempt⁴ seconds, at most an hour, times 0.75 to 1.25 for jitter in [0, 1): 1 s, 16 s, 81 s, 256 s, 625 s, ….
// With five receives, the default of handler_queue, a message survives an outage of about six minutes.
func backoff(attempt int, jitter float64) time.Duration {
	n := float64(attempt)
	seconds := min(n*n*n*n, maxBackoff.Seconds())
	return time.Duration(seconds * (0.75 + jitter/2) * float64(time.Second))
}

// visibility is a delay as SQS takes it: whole seconds, rounded up.
func visibility(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second)
}

// parallelCalls bounds how many calls to SQS postpone makes at the same time.
const parallelCalls = 10

// postpone has failed messages come back after their delays. Where it does not succeed, they come back when the queue's
// visibility timeout ends, which is later but no loss.
func (v *invocation) postpone(ctx context.Context, failed []*message) {
	if len(failed) == 0 {
		return
	}
	ctx, cancel := v.limits.settle(ctx)
	defer cancel()
	env, err := v.app.aws.reach(ctx)
	if err != nil {
		v.notPostponed(ctx, failed, err)
		return
	}
	byQueue := make(map[string][]*message)
	for _, m := range failed {
		byQueue[m.EventSourceARN] = append(byQueue[m.EventSourceARN], m)
	}
	calls := make(chan struct{}, parallelCalls)
	var running sync.WaitGroup
	for arn, messages := range byQueue {
		for chunk := range slices.Chunk(messages, maxEntries) {
			calls <- struct{}{}
			running.Go(func() {
				defer func() { <-calls }()
				if err := v.changeVisibility(ctx, env.SQS, v.app.queues.get(arn), chunk); err != nil {
					v.notPostponed(ctx, chunk, err)
				}
			})
		}
	}
	running.Wait()
}

// changeVisibility makes one call for up to ten messages of one queue.
func (v *invocation) changeVisibility(ctx context.Context, client environ.SQS, q *queue, messages []*message) error {
	url, err := q.resolve(ctx, client)
	if err != nil {
		return err
	}
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                aws.String(strconv.Itoa(i)),
			ReceiptHandle:     aws.String(m.ReceiptHandle),
			VisibilityTimeout: visibility(m.delay),
		}
	}
	out, err := client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
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

// notPostponed logs which messages come back only when their visibility timeout ends.
func (v *invocation) notPostponed(ctx context.Context, messages []*message, err error) {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.event.ID
	}
	v.log.WarnContext(ctx, "retry waits for the visibility timeout",
		slog.String("queue", queueName(messages[0].EventSourceARN)), slog.Any("ids", ids), slog.String("error", err.Error()))
}
