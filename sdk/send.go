package sdk

import (
	"context"
	"errors"
	"fmt"
)

// Outgoing is an event to be sent by [SendAll].
type Outgoing struct {
	Type    string
	Data    any // becomes JSON; nil: the event has no data
	Options []SendOption
}

// Send sends one event to the queue with that label in HANDLER_QUEUES, an [*UnknownQueueError] if there is none. The context must be
// one that the app gave to a handler function, server or command, or derived from it. The event's [TraceHeader] is that of ctx.
//
// Data becomes JSON as [encoding/json] makes it, at most 1 MiB with the rest of the event; what is no UTF-8 in it is replaced by U+FFFD.
//
// As always with SQS, an event may have been sent although there is an error, when the answer was lost. On a FIFO queue, sending it
// again with the same ID is safe within five minutes.
func Send(ctx context.Context, queue, eventType string, data any, options ...SendOption) error {
	err := SendAll(ctx, queue, Outgoing{Type: eventType, Data: data, Options: options})
	if failed, ok := errors.AsType[*SendError](err); ok {
		return fmt.Errorf("send event %q to queue %q: %w", eventType, queue, failed.Failures[0].Err)
	}
	return err
}

// SendAll sends events as [Send] does, in as few calls as possible: SQS takes 10 events and 1 MiB in one. If some of them could not be
// sent, the error is a [*SendError] that says which; an event that could never be sent, such as one above 1 MiB, is found before
// anything is sent.
//
// What SQS rejects through no fault of the event is tried again, up to three times within about two seconds and never beyond the
// deadline of ctx. A call that failed as a whole was tried again by the AWS SDK already. When SQS cannot be reached or ctx has ended,
// nothing more is tried.
//
// To a standard queue, up to ten calls are made at the same time, and events arrive in any order. To a FIFO queue, calls are made one
// after the other, and the order within each group is that of the arguments: after an event that was not sent, nothing of its group is
// sent either, while other groups go on. Only what was in the same call may have been taken by SQS before it is known that an event
// before it was not; that event then is not tried again.
func SendAll(ctx context.Context, queue string, events ...Outgoing) error {
	app := scopeFrom(ctx).app
	if app == nil {
		return fmt.Errorf("send to queue %q: the context must be derived from that given to a handler function, server or command", queue)
	}
	env, err := app.aws.reach(ctx)
	if err != nil {
		return fmt.Errorf("send to queue %q: %w", queue, err)
	}
	url, known := env.QueueURL(queue)
	if url == "" {
		return fmt.Errorf("send to queue %q: %w", queue, &UnknownQueueError{Label: queue, Known: known})
	}
	entries := make([]*entry, len(events))
	sound := true
	for i, event := range events {
		entries[i] = newEntry(ctx, app.name, isFIFO(url), event)
		sound = sound && !entries[i].hasFailed()
	}
	switch p := (&parcel{client: env.SQS, url: url}); {
	case !sound:
		giveUp(entries, errors.New("another event cannot be sent"))
	case isFIFO(url):
		p.sendInOrder(ctx, entries)
	default:
		p.send(ctx, entries)
	}
	return sendError(queue, entries)
}

// errNotTried is the error of events that were held back for what happened to others.
var errNotTried = errors.New("not tried")

// sendError gathers what was not sent; nil if all was.
func sendError(queue string, entries []*entry) error {
	failed := &SendError{Queue: queue, Total: len(entries)}
	var held []SendFailure
	for i, e := range entries {
		failure := SendFailure{Index: i, ID: e.eventID, Err: e.err}
		switch {
		case e.err == nil:
		case errors.Is(e.err, errNotTried):
			held = append(held, failure)
		default:
			failed.Failures = append(failed.Failures, failure)
		}
	}
	if failed.Failures = append(failed.Failures, held...); len(failed.Failures) == 0 {
		return nil
	}
	return failed
}
