package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Outgoing is an event to be sent by [SendAll].
type Outgoing struct {
	Type    string
	Data    any // becomes JSON; nil: the event has no data
	Options []SendOption
}

// SendOption refines how an event is sent: [WithID], [WithDelay], [WithGroup] or [WithTime].
type SendOption func(*sending)

// sending is what options can say about an event.
type sending struct {
	id    string
	delay time.Duration
	group string
	time  time.Time
}

// WithID sets the event's ID, which is random otherwise. A queue's consumers can tell by it that they have seen the event
// before; FIFO queues drop an event whose ID they got in the last five minutes.
func WithID(id string) SendOption { return func(s *sending) { s.id = id } }

// WithDelay hides the event for d, in whole seconds, rounded up: 0 to 15 minutes. FIFO queues do not offer it.
func WithDelay(d time.Duration) SendOption { return func(s *sending) { s.delay = d } }

// WithGroup puts the event in a group of at most 128 characters. A FIFO queue needs it, and keeps order within the group; a
// standard queue shares its consumers fairly between groups.
func WithGroup(id string) SendOption { return func(s *sending) { s.group = id } }

// WithTime sets the event's time, which is that of sending otherwise.
func WithTime(t time.Time) SendOption { return func(s *sending) { s.time = t } }

// Send sends one event to the queue with that label in HANDLER_QUEUES. The context must be one that the app gave to a handler
// function, server or command, or derived from it.
func Send(ctx context.Context, queue, eventType string, data any, options ...SendOption) error {
	err := SendAll(ctx, queue, Outgoing{Type: eventType, Data: data, Options: options})
	if failed, ok := errors.AsType[*SendError](err); ok && len(failed.Failures) == 1 {
		return fmt.Errorf("send event %q to queue %q: %w", eventType, queue, failed.Failures[0].Err)
	}
	return err
}

// SendAll sends events to the queue with that label, in as few calls as SQS allows (10 events or 1 MiB each). If some of them
// could not be sent, the error is a [*SendError] that says which. On a FIFO queue, nothing is sent after a failure, so that
// order is kept.
func SendAll(ctx context.Context, queue string, events ...Outgoing) error {
	return errors.New("not built yet")
}

// SendError tells which of the events given to [SendAll] were not sent. The others were.
type SendError struct {
	Queue    string // label
	Total    int    // how many events there were to be sent
	Failures []SendFailure
}

// SendFailure is one event that was not sent.
type SendFailure struct {
	Index int    // in the events given to SendAll
	ID    string // of the event
	Err   error
}

func (e *SendError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d events were not sent to queue %q", len(e.Failures), e.Total, e.Queue)
	for i, failure := range e.Failures {
		if i == 3 {
			b.WriteString("; …")
			break
		}
		fmt.Fprintf(&b, "; event %d: %s", failure.Index, failure.Err)
	}
	return b.String()
}

// Unwrap returns the errors of all failures.
func (e *SendError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, failure := range e.Failures {
		errs[i] = failure.Err
	}
	return errs
}
