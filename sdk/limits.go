package sdk

import (
	"context"
	"time"
)

// A tenth of an invocation's time is kept for what follows the handler functions, within these bounds: at least what a few
// calls to SQS take, at most what they need when retried.
const (
	minMargin = 200 * time.Millisecond
	maxMargin = 2 * time.Second
)

// settleTime is for one round of calls to SQS, with the AWS SDK's own retries. When SQS does not answer, an invocation that has
// minutes left does not wait for them to pass.
const settleTime = 10 * time.Second

// limits are the times by which things must have happened for the answer to reach Lambda before it ends the invocation, which
// would make every message of the batch come again:
//
//	last start ── margin ── functions' contexts end ── margin/2 ── functions left behind ── margin/4 ── settled ── margin/4 ── end
type limits struct {
	end    time.Time // zero: there is none
	margin time.Duration
}

func limitsOf(ctx context.Context) limits {
	end, ok := ctx.Deadline()
	if !ok {
		return limits{margin: minMargin}
	}
	return limits{end: end, margin: min(max(time.Until(end)/10, minMargin), maxMargin)}
}

func (l limits) tooLateToStart() bool {
	return !l.end.IsZero() && time.Until(l.end) < 2*l.margin
}

// handle derives the context of a handler function with the given timeout, 0 for none.
func (l limits) handle(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	var deadline time.Time
	if !l.end.IsZero() {
		deadline = l.end.Add(-l.margin)
	}
	if timeout > 0 {
		if own := time.Now().Add(timeout); deadline.IsZero() || own.Before(deadline) {
			deadline = own
		}
	}
	if deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

// grace is the time that a function has to return after its context ended.
func (l limits) grace() time.Duration { return l.margin / 2 }

// settle derives the context of the calls that follow handler functions. It outlives ctx: what is being given back when an app
// shuts down must still be given back.
func (l limits) settle(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := time.Now().Add(settleTime)
	if last := l.end.Add(-l.margin / 4); !l.end.IsZero() && last.Before(deadline) {
		deadline = last
	}
	return context.WithDeadline(context.WithoutCancel(ctx), deadline)
}
