package idempotency

import (
	"context"
	"errors"
	"time"
)

// Store keeps one entry for each key: in progress or done, with an owner and the time when it expires. An expired entry counts as none,
// whether or not it is still stored.
//
// Each method must check and change the entry in one atomic step, for all processes that share the store. All methods must be safe for
// concurrent use, return when their context ends, and may be called again with the same arguments when an answer was lost. Times are as
// precise as the store likes, down to seconds, if entries never expire early. Package storetest tests all of this.
type Store interface {
	// Begin makes an entry in progress unless there is one, and tells which. If the entry that is there has this very owner and is in
	// progress, Begin was called before and succeeded: the answer is Acquired.
	Begin(ctx context.Context, key, owner string, until time.Time) (Answer, error)

	// Done makes the owner's entry one that is done and expires at another time. It does so too if there is no entry any more, since
	// what was done is done. If the entry is another owner's, it stays as it is and the error is ErrNotOwner.
	Done(ctx context.Context, key, owner string, until time.Time) error

	// Release removes the owner's entry. If there is none, or another owner's, it does nothing and succeeds.
	Release(ctx context.Context, key, owner string) error
}

// Answer is what [Store].Begin found.
type Answer struct {
	State State
	Until time.Time // when the other's entry expires, if it is InProgress
}

// State is how an event stands.
type State string

// The states of an event.
const (
	Acquired   State = "acquired"    // it is the caller's to handle
	InProgress State = "in progress" // somebody else is handling it
	Done       State = "done"        // somebody has handled it
)

// ErrNotOwner is what [Store].Done returns if another owner has the entry: the caller's expired before it was done.
var ErrNotOwner = errors.New("another owner has the entry, as the caller's expired before it was done")
