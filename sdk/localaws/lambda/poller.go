package lambda

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// longPoll is how long a poller waits for messages at a time.
const longPoll = 20 * time.Second

// missingQueueDelay is how long a poller waits for a queue that is gone, or that it may not receive from, to come back.
const missingQueueDelay = time.Second

// poller receives from a queue and invokes a function with what it gets.
type poller struct {
	service *Service
	config  EventSourceMappingConfiguration
	target  reference
	filters []filter
	fifo    bool
	partial bool // the function reports which messages failed

	stopped context.Context // ends when no more may be received
	stop    context.CancelFunc
	done    chan struct{} // closed when the last batch is handled
	slots   *slots
}

func newPoller(s *Service, c EventSourceMappingConfiguration, filters []filter) *poller {
	p := &poller{
		service: s, config: c, target: referenceOfARN(c.FunctionArn), filters: filters,
		fifo: strings.HasSuffix(c.EventSourceArn, ".fifo"), partial: len(c.FunctionResponseTypes) > 0, done: make(chan struct{}),
	}
	p.stopped, p.stop = context.WithCancel(s.ctx)
	p.slots = newSlots(scale(c))
	return p
}

// run receives until the poller is stopped and returns when the last batch is handled.
func (p *poller) run(ctx context.Context) {
	defer p.stop()
	var batches sync.WaitGroup
	defer batches.Wait()
	failing := false
	for {
		function, ok := p.awaitFunction()
		if !ok || !p.slots.take(p.stopped) {
			return
		}
		received, visibleAt, err := p.receive(function)
		if err != nil && p.stopped.Err() == nil {
			if !failing {
				p.service.log.WarnContext(ctx, "receive messages", "mapping", p.config.UUID, "queue", p.config.EventSourceArn, "error", err)
			}
			wait(p.stopped, missingQueueDelay)
		}
		failing = err != nil
		if len(received) == 0 {
			p.slots.idle()
			continue
		}
		batches.Go(func() {
			defer p.slots.put()
			p.handle(ctx, received, visibleAt)
		})
	}
}

// message is a received message as the function is to get it.
type message struct {
	sqs.ReceivedMessage
	record json.RawMessage
}

// handle lets the function handle a batch, in as many invocations as its size takes, and deletes what is handled.
func (p *poller) handle(ctx context.Context, received []sqs.ReceivedMessage, visibleAt time.Time) {
	var wanted []message
	var unwanted []string
	for _, m := range received {
		record, err := encodeRecord(m, p.config.EventSourceArn)
		switch {
		case err != nil:
			p.service.log.ErrorContext(ctx, "encode message", "mapping", p.config.UUID, "message", m.MessageID, "error", err)
		case matchesAny(p.filters, record):
			wanted = append(wanted, message{m, record})
		default:
			unwanted = append(unwanted, m.ReceiptHandle)
		}
	}
	p.delete(ctx, unwanted)
	for len(wanted) > 0 {
		n := fitting(wanted)
		complete := p.invoke(ctx, wanted[:n], visibleAt)
		if p.fifo && !complete {
			return // what comes after a failed message of a group must wait for it
		}
		wanted = wanted[n:]
	}
}

// fitting is how many of the messages fit into one invocation; at least one.
func fitting(messages []message) int {
	size := len(envelopeStart) + len(envelopeEnd)
	for i, m := range messages {
		if size += len(m.record) + 1; size > maxPayload && i > 0 {
			return i
		}
	}
	return len(messages)
}

// invoke has the function handle messages and deletes those that it did. It reports whether that were all.
func (p *poller) invoke(ctx context.Context, messages []message, visibleAt time.Time) (complete bool) {
	records := make([]json.RawMessage, len(messages))
	ids := map[string]bool{}
	for i, m := range messages {
		records[i], ids[m.MessageID] = m.record, true
	}
	i := p.executeUntil(ctx, encodeEvent(records), visibleAt)
	if i == nil || i.failure != nil {
		return false
	}
	var failed map[string]bool
	if p.partial {
		var ok bool
		if failed, ok = failures(i.response, ids); !ok {
			p.service.log.WarnContext(ctx, "malformed batch response, the whole batch failed", "mapping", p.config.UUID, "request", i.requestID)
			return false
		}
	}
	var handled []string
	for _, m := range messages {
		if !failed[m.MessageID] {
			handled = append(handled, m.ReceiptHandle)
		}
	}
	p.delete(ctx, handled)
	return len(failed) == 0
}

// Between tries to invoke a function for which there is no room.
const (
	throttleBackoff    = 50 * time.Millisecond
	maxThrottleBackoff = 5 * time.Second
)

// executeUntil invokes the function. While there is no room for that it tries again until the messages become visible to others or the
// poller is stopped; then, or if the function cannot be invoked, it returns nil.
func (p *poller) executeUntil(ctx context.Context, event []byte, visibleAt time.Time) *invocation {
	for backoff := throttleBackoff; ; backoff = min(2*backoff, maxThrottleBackoff) {
		i := newInvocation(p.target.qualified(), event)
		_, err := p.service.execute(p.target, i)
		if err == nil {
			return i
		}
		if wire.AsError(err).Code != "TooManyRequestsException" {
			if ctx.Err() == nil {
				p.service.log.WarnContext(ctx, "invoke function", "mapping", p.config.UUID, "function", p.target.qualified(), "error", err)
			}
			return nil
		}
		p.slots.shrink()
		if time.Until(visibleAt) <= backoff || !wait(p.stopped, backoff) {
			return nil
		}
	}
}

func (p *poller) delete(ctx context.Context, receiptHandles []string) {
	if len(receiptHandles) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx) // what was handled must not come back because the service closes
	if err := p.service.config.Queues.Delete(ctx, p.config.EventSourceArn, receiptHandles); err != nil {
		p.service.log.WarnContext(ctx, "delete messages", "mapping", p.config.UUID, "queue", p.config.EventSourceArn, "error", err)
	}
}
