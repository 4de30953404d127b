package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/delivery"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// errNoReturn is the failure of a handler function that does not return when its context ends.
var errNoReturn = errors.New("the handler function did not return when its context ended; " +
	"it must pass its context on to whatever it waits for")

// handle brings one message to its outcome.
func (v *invocation) handle(ctx context.Context, m *message) {
	started := time.Now()
	err := v.call(ctx, m)
	duration := time.Since(started)

	m.outcome = handled
	if err != nil {
		m.outcome, m.delay = retried, retryDelay(err, m.event.Attempt)
	}
	if _, ok := errors.AsType[*PermanentError](err); ok {
		if failure := v.deadLetter(ctx, m, err); failure != nil {
			err = fmt.Errorf("%w (and was not moved to the dead-letter queue: %w)", err, failure)
		} else {
			m.outcome = deadLettered
		}
	}
	v.settled(ctx, m, err, duration)
}

// call runs the function for the message and what it started with [Go]. It returns in any case soon after the function's
// context has ended; a function that does not is left behind with nothing that anyone else uses.
func (v *invocation) call(ctx context.Context, m *message) error {
	if m.invalid != nil {
		return Permanent(m.invalid)
	}
	r := v.handler.route(m.event.Type)
	if r == nil {
		return Permanent(fmt.Errorf("handler %q has no function for event type %q (it has %s)",
			v.handler.name, m.event.Type, strings.Join(v.handler.events(), ", ")))
	}
	ctx, cancel := v.limits.handle(ctx, v.handler.timeout)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- v.run(ctx, r, m) }()

	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-result:
		return err
	case <-time.After(v.limits.grace()):
		return errNoReturn
	}
}

// run calls the function and waits for its goroutines. Its error joins all of theirs.
func (v *invocation) run(ctx context.Context, r *route, m *message) error {
	s := scope{app: v.app, logger: v.messageLogger(m), end: v.limits.end, trace: m.Attributes["AWSTraceHeader"]}
	ctx, wait := Gather(s.context(delivery.NewContext(ctx, m.SQSMessage)))
	Go(ctx, func(ctx context.Context) error { return r.handle(ctx, m.event) })
	return wait()
}

// messageLogger adds to the invocation's logger what is known about a message.
func (v *invocation) messageLogger(m *message) *slog.Logger {
	return v.log.With(
		slog.String("queue", queueName(m.EventSourceARN)),
		slog.String("type", m.event.Type),
		slog.String("id", m.event.ID),
		slog.Int("attempt", m.event.Attempt),
	)
}

// settled writes the message's one line of log. It holds no data of the event.
func (v *invocation) settled(ctx context.Context, m *message, result error, duration time.Duration) {
	attrs := []any{slog.String("outcome", string(m.outcome)), slog.Float64("duration_ms", milliseconds(duration))}
	if !m.event.Time.IsZero() {
		attrs = append(attrs, slog.Float64("age_ms", milliseconds(time.Since(m.event.Time))))
	}
	level := slog.LevelInfo
	switch m.outcome {
	case handled:
	case retried:
		level = slog.LevelWarn
		attrs = append(attrs, slog.Int64("retry_after_s", int64(visibility(m.delay))))
	case deadLettered:
		level = slog.LevelError
	}
	if result != nil {
		attrs = append(attrs, errorAttrs(result)...)
	}
	v.messageLogger(m).Log(ctx, level, "event handled", attrs...)
	if e := environ.FromContext(ctx); e != nil && e.Settled != nil {
		e.Settled(m.MessageId, result)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
