package lambda

import (
	"context"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

// awaitFunction returns what the function is as soon as that can be invoked, so that no message is received in vain; false if the poller
// is stopped.
func (p *poller) awaitFunction() (function *deployment, ok bool) {
	for p.stopped.Err() == nil {
		p.service.mu.Lock()
		d, err := p.service.invocableLocked(p.target)
		changed := p.service.changed
		p.service.mu.Unlock()
		if err == nil {
			return d, true
		}
		select {
		case <-changed:
		case <-p.stopped.Done():
		}
	}
	return nil, false
}

// windowGrace is how long messages stay hidden beyond a batching window and an invocation that together exceed the queue's
// visibility timeout.
const windowGrace = 30 * time.Second

// receive gathers a batch: what is there, or, with a batching window, what comes within the window. What was received counts even
// if the poller is stopped meanwhile. The messages are hidden from others until visibleAt. When roles change, it returns early with what
// there is: the function's may not allow it to receive any more.
func (p *poller) receive(function *deployment) (batch []sqs.ReceivedMessage, visibleAt time.Time, err error) {
	queues, queue := p.service.config.Queues, p.config.EventSourceArn
	ctx, cancel := p.whileRolesStay()
	defer cancel()
	if err := p.service.config.Access.MayConsume(function.role, function.arn, queue); err != nil {
		return nil, time.Time{}, err
	}
	var visibility time.Duration // the queue's
	window := time.Duration(p.config.MaximumBatchingWindowInSeconds) * time.Second
	if window > 0 {
		own, err := queues.VisibilityTimeout(queue)
		if err != nil {
			return nil, time.Time{}, err
		}
		if window+function.timeout > own {
			visibility = window + function.timeout + windowGrace
		}
	}
	patience := longPoll
	var end time.Time
	for size := 0; size < maxPayload; {
		messages, err := queues.Receive(ctx, queue, p.config.BatchSize-len(batch), patience, visibility)
		if len(messages) > 0 && len(batch) == 0 {
			visibleAt, end = messages[0].VisibleAt, time.Now().Add(window)
		}
		for _, m := range messages {
			size += len(m.Body)
		}
		batch = append(batch, messages...)
		patience = time.Until(end)
		if err != nil || len(batch) == 0 || len(batch) >= p.config.BatchSize || patience <= 0 || ctx.Err() != nil {
			return batch, visibleAt, err
		}
	}
	return batch, visibleAt, nil
}

// whileRolesStay returns a context that ends when a role changes or the poller is stopped.
func (p *poller) whileRolesStay() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(p.stopped)
	changed := p.service.config.Access.Changed()
	go func() {
		defer cancel()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
