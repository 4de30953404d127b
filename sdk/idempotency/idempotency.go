package idempotency

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// storeTime is for one call to the store with its client's own retries. When the store does not answer, a message that has minutes left
// does not wait for them to pass.
const storeTime = 5 * time.Second

// clockSkew is by how much the clocks of two machines may differ.
const clockSkew = time.Second

var errInProgress = errors.New("another message with the same event is in progress")

// Middleware has each event handled once, as the store remembers. It panics on a mistake in its parts.
func Middleware(store Store, options ...Option) sdk.Middleware {
	m := &middleware{store: store, key: eventKey, prefix: DefaultPrefix, ttl: DefaultTTL}
	for _, option := range options {
		option(m)
	}
	if err := m.check(); err != nil {
		panic(err)
	}
	return func(next sdk.HandlerFunc) sdk.HandlerFunc {
		return func(ctx context.Context, e sdk.RawEvent) error { return m.handle(ctx, e, next) }
	}
}

type middleware struct {
	store  Store
	key    func(context.Context, sdk.RawEvent) (string, error)
	prefix string
	ttl    time.Duration
}

func (m *middleware) handle(ctx context.Context, e sdk.RawEvent, next sdk.HandlerFunc) error {
	key, err := m.key(ctx, e)
	if err != nil {
		return fmt.Errorf("make the idempotency key of event type %q: %w", e.Type, err)
	}
	if key == "" {
		return next(ctx, e)
	}
	// Each handling has an owner of its own: two messages of one batch may bring the same event.
	c := &claim{middleware: m, key: m.prefix + key, owner: rand.Text()}
	answer, err := c.begin(ctx)
	if err != nil {
		return fmt.Errorf("find out whether the event was handled before: %w", err)
	}
	switch answer.State {
	case Acquired:
		return c.handle(ctx, e, next)
	case InProgress:
		return sdk.RetryAfter(errInProgress, time.Until(answer.Until)+clockSkew)
	case Done:
		sdk.Logger(ctx).DebugContext(ctx, "event was handled before and is skipped")
		return nil
	}
	return fmt.Errorf("find out whether the event was handled before: the store answered with state %q, which does not exist", answer.State)
}

// claim is an entry that a message makes for its event.
type claim struct {
	*middleware
	key, owner string
}

// begin asks for the entry. If its answer is lost, so may be an entry: nobody handles the event until that expires.
func (c *claim) begin(ctx context.Context) (Answer, error) {
	until, ok := sdk.InvocationDeadline(ctx)
	if !ok {
		until = time.Now().Add(DefaultLease)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return c.store.Begin(ctx, c.key, c.owner, until)
}

// handle handles the event and settles the entry, when nothing is at work on the event any more.
func (c *claim) handle(ctx context.Context, e sdk.RawEvent, next sdk.HandlerFunc) error {
	err := sdk.ErrGoexit
	defer func() { // also when the function ends its goroutine, or a middleware panics
		if err == nil {
			c.done(ctx)
		} else {
			c.release(ctx)
		}
	}()
	err = next(ctx, e)
	return err
}

// done has the store remember that the event was handled. If that fails, the message succeeds all the same: failing would make sure that
// the event is handled again, whereas now it is only if another message brings it.
func (c *claim) done(ctx context.Context) {
	c.settle(ctx, "event was handled, but will be again if another message brings it", func(ctx context.Context) error {
		return c.store.Done(ctx, c.key, c.owner, time.Now().Add(c.ttl))
	})
}

func (c *claim) release(ctx context.Context) {
	c.settle(ctx, "event may not be handled again before its idempotency entry expires", func(ctx context.Context) error {
		return c.store.Release(ctx, c.key, c.owner)
	})
}

// settle calls the store, even when the message's own context has ended.
func (c *claim) settle(ctx context.Context, warning string, call func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err := call(ctx); err != nil {
		sdk.Logger(ctx).WarnContext(ctx, warning, slog.String("error", err.Error()))
	}
}
