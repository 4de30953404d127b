package sdk

import (
	"context"
	"time"
)

// maxMargin is the margin unless [Margin] says otherwise or a tenth of the invocation's time is less.
const maxMargin = 500 * time.Millisecond

// settleTime is for one round of calls to SQS, with the AWS SDK's own retries. When SQS does not answer, an invocation that has
// minutes left does not wait for them to pass.
const settleTime = 10 * time.Second

// limits are the times by which things must have happened for the answer to reach Lambda before it ends the invocation, which
// would make every message of the batch come again:
//
//	functions' contexts end, nothing starts ── margin/2 ── functions left behind ── margin/4 ── settled ── margin/4 ── end
type limits struct {
	end    time.Time // zero: there is none
	margin time.Duration
}

// limitsOf are those of an invocation with this context, and of a handler that sets a margin, or 0 for the default.
func limitsOf(ctx context.Context, margin time.Duration) limits {
	end, ok := ctx.Deadline()
	if !ok {
		return limits{margin: maxMargin}
	}
	left := max(time.Until(end), 0)
	if margin == 0 {
		margin = min(left/10, maxMargin)
	}
	return limits{end: end, margin: min(margin, left/4)}
}

func (l limits) tooLateToStart() bool {
	return !l.end.IsZero() && time.Until(l.end) <= l.margin
}

// handling derives the context that those of handler functions are derived from.
func (l limits) handling(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.end.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, l.end.Add(-l.margin))
}

// waking derives the context of what precedes the messages. It leaves most of the time to them.
func (l limits) waking(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.end.IsZero() {
		return context.WithTimeout(ctx, settleTime)
	}
	return context.WithTimeout(ctx, time.Until(l.end.Add(-l.margin))/4)
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
