package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// outcome is what became of a message.
type outcome string

const (
	handled      outcome = "handled"
	retried      outcome = "retried"       // will come back
	deadLettered outcome = "dead-lettered" // is in the dead-letter queue
	dropped      outcome = "dropped"       // the handler has no use for it
)

// result is what came of a message.
type result struct {
	outcome  outcome
	err      error
	delay    time.Duration // until it comes back, if retried
	duration time.Duration // of the handler function
	age      time.Duration // from the event's time until then, if it has one

	postponed bool // it was tried to set the delay
}

// started tells whether the message got its turn.
func (r *result) started() bool {
	return !errors.Is(r.err, ErrNoTime) && !errors.Is(r.err, ErrGroupFailed)
}

// handle brings one message to its outcome.
func (w *worker) handle(ctx context.Context, m *message) {
	began := time.Now()
	err := w.call(ctx, m)
	m.result = result{outcome: handled, err: err, duration: time.Since(began)}
	if err != nil {
		w.dispose(m)
	}
	w.settled(m)
}

// dispose decides what becomes of a message whose handling failed.
func (v *invocation) dispose(m *message) {
	permanent := isPermanent(m.err)
	if unhandled(m.err) {
		switch v.handler.unhandled {
		case Drop:
			m.outcome = dropped
			return
		case DeadLetter:
			permanent = true
		}
	}
	m.outcome = retried
	if permanent {
		err := v.deadLetter(m)
		if err == nil {
			m.outcome = deadLettered
			return
		}
		m.err = fmt.Errorf("%w (and was not moved to the dead-letter queue: %w)", m.err, err)
	}
	m.delay = m.retryDelay()
}

// unhandled tells whether the error is that the handler has no use for the message.
func unhandled(err error) bool {
	if undecodable, ok := errors.AsType[*DecodeError](err); ok {
		return undecodable.unhandled
	}
	unknown, ok := errors.AsType[*UnknownTypeError](err)
	return ok && unknown.unhandled
}

// isPermanent tells whether trying again cannot cure the error. What a function panicked with does not count.
func isPermanent(err error) bool {
	switch e := err.(type) {
	case *PermanentError:
		return true
	case *PanicError:
		return false
	case interface{ Unwrap() error }:
		return isPermanent(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), isPermanent)
	}
	return false
}

// leave gives the rest of a lane back unstarted.
func (v *invocation) leave(rest *message, delay time.Duration, reason error) {
	for m := rest; m != nil; m = m.next {
		m.result = result{outcome: retried, err: reason, delay: delay}
		v.settled(m)
	}
}

// call runs the function for the message and what it started with [Go]. It returns in any case soon after the function's
// context has ended; a function that does not is left behind with nothing that anyone else uses.
func (w *worker) call(ctx context.Context, m *message) error {
	if m.invalid != nil {
		return m.invalid
	}
	if m.route == nil {
		return &UnknownTypeError{Handler: w.handler.name, Type: m.event.Type, Known: w.handler.events(), unhandled: true}
	}
	over := ctx.Done()
	switch {
	case m.route.timeout > 0:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.route.timeout)
		defer cancel()
		over = ctx.Done()
	case len(w.messages) > 1: // a single one's context ends with the invocation's
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	m.scope = scope{app: w.app, tasks: &m.running, invocation: w.invocation, message: m}
	go m.run(m.scope.context(ctx), w.done)
	select {
	case err := <-w.done:
		return err
	case <-over:
	}
	select {
	case err := <-w.done:
		return err
	case <-time.After(w.limits.grace()):
		w.done = make(chan error, 1) // the old one is still to be told something
		return ErrNotReturned
	}
}

// run calls the function, waits for its goroutines, and tells the errors of all.
func (m *message) run(ctx context.Context, done chan<- error) {
	err := ErrGoexit
	defer func() { done <- joined(err, m.running.wait()) }()
	err = recovering(func() error { return m.route.handle(ctx, m.event) })
}

// logger adds to an invocation's logger what is known about the message.
func (m *message) logger(of *slog.Logger) *slog.Logger {
	return of.With(
		slog.String("queue", queueName(m.queue)),
		slog.String("messageId", m.id),
		slog.String("eventId", m.event.ID),
		slog.String("type", m.event.Type),
		slog.Int("attempt", m.attempt),
	)
}
