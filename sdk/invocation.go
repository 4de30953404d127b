package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Invoker returns the Lambda handler behind a handler's name. It takes an SQS event and answers with the messages that
// failed, as [events.SQSEventResponse]; it has no error for failed messages, only for input that is no SQS event. When Invoke
// returns, nothing refers to its payload any more. Local-drain and tests invoke handlers through it just as Lambda does.
func (a *App) Invoker(handler string) (lambda.Handler, error) {
	if err := a.err(); err != nil {
		return nil, err
	}
	h, err := a.handler(handler)
	if err != nil {
		return nil, err
	}
	return &invoker{app: a, handler: h, logger: newLogger(os.Stdout)}, nil
}

func (a *App) handler(name string) (*handler, error) {
	if h := a.handlers[name]; h != nil {
		return h, nil
	}
	known := "it has none"
	if names := a.handlerNames(); len(names) > 0 {
		known = "it has " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("app %q has no handler %q (%s)", a.name, name, known)
}

type invoker struct {
	app     *App
	handler *handler
	logger  *slog.Logger // for contexts without one
}

// Invoke handles one batch.
func (i *invoker) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	messages, err := decodeBatch(payload)
	if err != nil {
		return nil, err
	}
	v := i.begin(ctx)
	v.refreshSecrets(ctx)
	v.handleAll(ctx, lanes(messages))

	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	var failed []*message
	for _, m := range messages {
		if m.outcome == retried {
			failed = append(failed, m)
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	v.postpone(ctx, failed)
	v.freeze(ctx)
	return json.Marshal(response)
}

// freeze calls the app's OnFreeze functions.
func (v *invocation) freeze(ctx context.Context) {
	if len(v.app.freeze) == 0 {
		return
	}
	ctx, cancel := v.limits.settle(v.app.Context(ctx))
	defer cancel()
	for _, fn := range v.app.freeze {
		if err := recovering(func() error { fn(ctx); return nil }); err != nil {
			v.log.Error("OnFreeze function failed", errorAttrs(err)...)
		}
	}
}

// outcome is what became of a message.
type outcome string

const (
	handled      outcome = "handled"
	retried      outcome = "retried"       // will come back
	deadLettered outcome = "dead-lettered" // is in the dead-letter queue
)

// message is one message of a batch on its way through an invocation.
type message struct {
	*events.SQSMessage
	event   RawEvent
	invalid error // why there is no event
	outcome outcome
	delay   time.Duration // until it comes back, if retried
}

// decodeBatch copies all it needs out of the payload, whose memory the Lambda loop uses again.
func decodeBatch(payload []byte) ([]*message, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, errors.New("the invocation's payload is no SQS event: handlers are invoked by event source mappings of SQS queues")
	}
	if batch.Records == nil {
		return nil, errors.New("the invocation's payload has no Records: handlers are invoked by event source mappings of SQS queues")
	}
	messages := make([]*message, len(batch.Records))
	for i := range batch.Records {
		record := &batch.Records[i]
		if record.EventSource != "aws:sqs" || record.MessageId == "" {
			return nil, fmt.Errorf("record %d of the invocation's payload is no SQS message but of %q: "+
				"handlers are invoked by event source mappings of SQS queues", i, record.EventSource)
		}
		m := &message{SQSMessage: record}
		m.event, m.invalid = decodeEvent(record)
		messages[i] = m
	}
	return messages, nil
}

// lanes splits a batch into what may be handled at the same time: each message of a standard queue, each group of a FIFO queue.
func lanes(messages []*message) [][]*message {
	var split [][]*message
	groups := make(map[string]int)
	for _, m := range messages {
		if !isFIFO(m.EventSourceARN) {
			split = append(split, []*message{m})
			continue
		}
		group := m.EventSourceARN + " " + m.Attributes["MessageGroupId"]
		lane, ok := groups[group]
		if !ok {
			lane = len(split)
			groups[group] = lane
			split = append(split, nil)
		}
		split[lane] = append(split[lane], m)
	}
	return split
}

// invocation is the handling of one batch.
type invocation struct {
	*invoker
	limits limits
	log    *slog.Logger
}

func (i *invoker) begin(ctx context.Context) *invocation {
	logger := scopeFrom(ctx).logger
	if logger == nil {
		logger = i.logger
	}
	logger = logger.With(slog.String("handler", i.handler.name))
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With(slog.String("request_id", lc.AwsRequestID))
	}
	return &invocation{invoker: i, limits: limitsOf(ctx), log: logger}
}

// handleAll returns when every message has an outcome.
func (v *invocation) handleAll(ctx context.Context, lanes [][]*message) {
	queue := make(chan []*message, len(lanes))
	for _, lane := range lanes {
		queue <- lane
	}
	close(queue)
	concurrency := v.handler.concurrency
	if concurrency == 0 {
		concurrency = defaultConcurrency
	}
	var workers sync.WaitGroup
	for range min(concurrency, len(lanes)) {
		workers.Go(func() {
			for lane := range queue {
				v.handleLane(ctx, lane)
			}
		})
	}
	workers.Wait()
}

var (
	errNoTime      = errors.New("not started: the invocation is about to end")
	errGroupFailed = errors.New("not started: an earlier message of its group failed")
)

// handleLane handles messages in order. What follows one that will come back is not started and comes back after it.
func (v *invocation) handleLane(ctx context.Context, lane []*message) {
	for i, m := range lane {
		if ctx.Err() != nil || v.limits.tooLateToStart() {
			v.leave(ctx, lane[i:], 0, errNoTime)
			return
		}
		v.handle(ctx, m)
		if m.outcome == retried {
			v.leave(ctx, lane[i+1:], m.delay, errGroupFailed)
			return
		}
	}
}

// leave gives messages back unstarted.
func (v *invocation) leave(ctx context.Context, lane []*message, delay time.Duration, reason error) {
	for _, m := range lane {
		m.outcome, m.delay = retried, delay
		v.settled(ctx, m, reason, 0)
	}
}
