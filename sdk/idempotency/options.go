package idempotency

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

const (
	// DefaultTTL is for how long it is remembered that an event was done. It is the longest for which SQS keeps a message, so that no
	// queue can bring an event again that is forgotten.
	DefaultTTL = 14 * 24 * time.Hour

	// DefaultLease is for how long an entry is in progress at most where the invocation has no deadline. It is the longest that
	// Lambda lets an invocation run.
	DefaultLease = 15 * time.Minute

	// DefaultPrefix is what keys begin with.
	DefaultPrefix = "event/"
)

// Option refines a [Middleware]: [Key], [Prefix] or [TTL].
type Option func(*middleware)

// Key has key make the keys of events. Events with the same key, after the [Prefix], are one and the same. An event with an empty key is
// handled without an entry. An error fails the message; it is retried unless it is made by [sdk.Permanent].
func Key(key func(ctx context.Context, e sdk.RawEvent) (string, error)) Option {
	return func(m *middleware) { m.key = key }
}

// Prefix sets what keys begin with, in place of [DefaultPrefix]. Apps that share a store, and handlers whose keys are made by one
// [Key] but which each have their own to do, need different ones. A new prefix forgets what was done.
func Prefix(prefix string) Option {
	return func(m *middleware) { m.prefix = prefix }
}

// TTL sets for how long it is remembered that an event was done, above 0, in place of [DefaultTTL]. It counts from then.
func TTL(d time.Duration) Option {
	return func(m *middleware) { m.ttl = d }
}

// eventKey is the key of an event unless [Key] makes another. All but the ID have no slash in them any more, so that no two events have
// the same key. The type is part of it for senders who give several events the ID of what caused them.
func eventKey(ctx context.Context, e sdk.RawEvent) (string, error) {
	return url.PathEscape(sdk.HandlerName(ctx)) + "/" + url.PathEscape(e.Type) + "/" + url.PathEscape(e.Source) + "/" + e.ID, nil
}

// check returns the mistake that was made in setting the middleware up.
func (m *middleware) check() error {
	switch {
	case m.store == nil:
		return errors.New("idempotency.Middleware was given no store")
	case m.key == nil:
		return errors.New("idempotency.Key was given no function")
	case m.ttl <= 0:
		return fmt.Errorf("idempotency.TTL was given %s: it must be above 0", m.ttl)
	}
	return nil
}
