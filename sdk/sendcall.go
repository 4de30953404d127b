package sdk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

const (
	// maxSends is in how many calls an entry is at most.
	maxSends = 4
	// parallelCalls is how many calls are made at the same time.
	parallelCalls = 10
	// firstPause is the longest time between the first two of them. It doubles each time.
	firstPause = 200 * time.Millisecond
)

// parcel is what one SendAll sends to a queue.
type parcel struct {
	client environ.SQS
	url    string

	mu   sync.Mutex
	lost error // why SQS cannot be reached
}

// send sends entries to a standard queue.
func (p *parcel) send(ctx context.Context, entries []*entry) {
	slots := make(chan struct{}, parallelCalls)
	var running sync.WaitGroup
	for _, load := range pack(entries) {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			for batch := load.entries; len(batch) > 0; {
				p.call(ctx, batch)
				pause(ctx, batch)
				batch = slices.DeleteFunc(batch, (*entry).isSettled)
			}
		})
	}
	running.Wait()
}

// sendInOrder sends entries to a FIFO queue.
func (p *parcel) sendInOrder(ctx context.Context, entries []*entry) {
	for len(entries) > 0 {
		batch := firstLoad(entries).entries
		p.call(ctx, batch)
		settleOvertaken(batch)
		pause(ctx, batch)
		if slices.ContainsFunc(batch, (*entry).hasFailed) {
			entries = inOrder(entries)
		} else {
			entries = entries[len(batch):]
		}
	}
}

// settleOvertaken gives up what can be sent no more without breaking the order: what SQS took an entry of the same group behind.
func settleOvertaken(batch []*entry) {
	taken := make(map[string]bool)
	for _, e := range slices.Backward(batch) {
		switch group := aws.ToString(e.MessageGroupId); {
		case e.err == nil:
			taken[group] = true
		case !e.settled && taken[group]:
			e.settle(fmt.Errorf("%w (not tried again: an event after it in its group was sent)", e.err))
		}
	}
}

var errGroupBroken = fmt.Errorf("%w: an event before it in its group was not sent", errNotTried)

// inOrder returns what is still to be sent, without what has a failure before it in its group, which it settles.
func inOrder(entries []*entry) []*entry {
	broken := make(map[string]bool)
	var rest []*entry
	for _, e := range entries {
		switch group := aws.ToString(e.MessageGroupId); {
		case broken[group]:
			if !e.settled {
				e.settle(errGroupBroken)
			}
		case e.settled:
			broken[group] = e.err != nil
		default:
			rest = append(rest, e)
		}
	}
	return rest
}

// call sends one batch. Afterwards, those of its entries that are not settled may be tried again.
func (p *parcel) call(ctx context.Context, batch []*entry) {
	if err := p.unreachable(); err != nil {
		giveUp(batch, err)
		return
	}
	input := &sqs.SendMessageBatchInput{QueueUrl: &p.url}
	for i, e := range batch {
		e.Id = aws.String(strconv.Itoa(i))
		input.Entries = append(input.Entries, e.SendMessageBatchRequestEntry)
	}
	out, err := p.client.SendMessageBatch(ctx, input)
	if err != nil {
		p.note(err)
		for _, e := range batch {
			e.settle(err)
		}
		return
	}
	read(batch, out)
}

var errNoResult = errors.New("the answer of SQS does not tell whether it was sent")

// read notes on entries what an answer says about each.
func read(batch []*entry, out *sqs.SendMessageBatchOutput) {
	byID := make(map[string]*entry, len(batch))
	for _, e := range batch {
		e.sends++
		e.settle(errNoResult)
		byID[*e.Id] = e
	}
	for _, success := range out.Successful {
		if e := byID[aws.ToString(success.Id)]; e != nil {
			e.err = nil
		}
	}
	for _, failure := range out.Failed {
		if e := byID[aws.ToString(failure.Id)]; e != nil {
			e.err, e.settled = entryError(failure), failure.SenderFault || e.sends == maxSends
		}
	}
}

// note remembers an error of a call that is no answer of SQS: others would wait for an answer in vain, too.
func (p *parcel) note(err error) {
	if _, answered := errors.AsType[smithy.APIError](err); answered {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = err
}

func (p *parcel) unreachable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// pause waits until what is not settled of a batch may be tried again. If ctx ends before that, it gives up.
func pause(ctx context.Context, batch []*entry) {
	sends := 0
	for _, e := range batch {
		if !e.settled {
			sends = max(sends, e.sends)
		}
	}
	if sends == 0 {
		return
	}
	d := time.Duration(float64(firstPause<<(sends-1)) * (0.5 + rand.Float64()/2))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		giveUp(batch, context.DeadlineExceeded)
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		giveUp(batch, context.Cause(ctx))
	}
}

// giveUp settles what is not settled.
func giveUp(batch []*entry, reason error) {
	for _, e := range batch {
		switch {
		case e.settled:
		case e.err != nil:
			e.settle(fmt.Errorf("%w (not tried again: %w)", e.err, reason))
		default:
			e.settle(fmt.Errorf("%w: %w", errNotTried, reason))
		}
	}
}
