//go:build !lambda

package localdrain

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

const (
	// concurrentBatches is with how many Lambda starts for each queue.
	concurrentBatches = 5
	// longPoll is how long SQS holds a request when there are no messages, and thus how long the end of a drain may take to begin:
	// a request that is given up may still receive, and what it receives stays hidden.
	longPoll = time.Second
	// receiveTime is for a request to receive as a whole, retries included.
	receiveTime = longPoll + 10*time.Second
	// After a failure to receive, the poller waits for minPause, then twice as long each time, up to maxPause.
	minPause = 500 * time.Millisecond
	maxPause = 30 * time.Second
	// deleteTime is for deleting what was handled, also when the drain is about to end.
	deleteTime = 10 * time.Second
)

// poller has one handler consume one queue.
type poller struct {
	handler    string
	invoker    lambda.Handler
	client     *sqs.Client
	url, arn   string
	goroutines *goroutines
	batch      int32         // messages per invocation
	limit      time.Duration // of an invocation, as the timeout of a function
}

// poll receives and handles batches until ctx ends and those begun have ended. It interrupts them only when it receives no more, lest
// it receive what they give back. What was received as ctx ended is invoked all the same, since the handler gives it back at once.
func (p *poller) poll(ctx context.Context) {
	log := sdk.Logger(ctx).With(slog.String("handler", p.handler), slog.String("queue_url", p.url))
	log.Info("draining")
	batches, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer interrupt()
	slots := make(chan struct{}, concurrentBatches)
	pause := minPause
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		messages, err := p.receive(ctx)
		if err != nil {
			<-slots
			if ctx.Err() != nil {
				return
			}
			log.Error("receive failed", slog.String("error", err.Error()), slog.Duration("again_in", pause))
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
			pause = min(2*pause, maxPause)
			continue
		}
		pause = minPause
		if len(messages) == 0 {
			<-slots
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			if err := p.handle(batches, messages); err != nil {
				log.Error("batch failed", slog.String("error", err.Error()))
			}
		})
	}
}

func (p *poller) receive(ctx context.Context) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiveTime)
	defer cancel()
	out, err := p.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &p.url,
		MaxNumberOfMessages:         p.batch,
		WaitTimeSeconds:             int32(longPoll / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// handle does to a batch what Lambda does: it invokes the handler, then deletes what did not fail.
func (p *poller) handle(ctx context.Context, messages []types.Message) error {
	var event events.SQSEvent
	for _, m := range messages {
		event.Records = append(event.Records, p.record(m))
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode the batch: %w", err)
	}
	invocation, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	invocation = lambdacontext.NewContext(invocation, &lambdacontext.LambdaContext{AwsRequestID: rand.Text()})
	var answer []byte
	p.goroutines.invoke(invocation, func(ctx context.Context) { answer, err = p.invoker.Invoke(ctx, payload) })
	if err != nil {
		return fmt.Errorf("invoke the handler: %w", err)
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return fmt.Errorf("decode the handler's answer: %w", err)
	}
	done := slices.DeleteFunc(messages, func(m types.Message) bool {
		return slices.Contains(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: aws.ToString(m.MessageId)})
	})
	return p.delete(ctx, done)
}

// record is a message as Lambda puts it into an event.
func (p *poller) record(m types.Message) events.SQSMessage {
	r := events.SQSMessage{
		MessageId:              aws.ToString(m.MessageId),
		ReceiptHandle:          aws.ToString(m.ReceiptHandle),
		Body:                   aws.ToString(m.Body),
		Md5OfBody:              aws.ToString(m.MD5OfBody),
		Md5OfMessageAttributes: aws.ToString(m.MD5OfMessageAttributes),
		Attributes:             m.Attributes,
		MessageAttributes:      make(map[string]events.SQSMessageAttribute, len(m.MessageAttributes)),
		EventSource:            "aws:sqs",
		EventSourceARN:         p.arn,
	}
	if parts := strings.Split(p.arn, ":"); len(parts) > 3 {
		r.AWSRegion = parts[3]
	}
	for name, value := range m.MessageAttributes {
		r.MessageAttributes[name] = events.SQSMessageAttribute{
			DataType: aws.ToString(value.DataType), StringValue: value.StringValue, BinaryValue: value.BinaryValue,
			StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
	}
	return r
}

// delete removes what was handled. What cannot be removed will be handled again.
func (p *poller) delete(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
	}
	out, err := p.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &p.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("delete what was handled: %w", err)
	}
	if len(out.Failed) > 0 {
		failure := out.Failed[0]
		return fmt.Errorf("delete what was handled: %d of %d messages were not: %s: %s",
			len(out.Failed), len(messages), aws.ToString(failure.Code), aws.ToString(failure.Message))
	}
	return nil
}
