package sdk

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// PermanentError is an error that trying again cannot cure. [Permanent] makes it.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return textOf(e.Err) }

// Unwrap returns the error that was marked as permanent.
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error as one that trying again cannot cure: the message goes to its queue's dead-letter queue at once.
// Where that is impossible (the queue has none, or may not be sent to), the message is retried until the queue's redrive
// policy ends it. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &PermanentError{Err: err}
}

// RetryError is an error with the time after which to try again. [RetryAfter] makes it.
type RetryError struct {
	Err   error
	After time.Duration
}

func (e *RetryError) Error() string { return textOf(e.Err) }

// textOf is the text of an error, also where there is none.
func textOf(err error) string {
	if err == nil {
		return "no reason was given"
	}
	return err.Error()
}

// Unwrap returns the error that the message is to be tried again for.
func (e *RetryError) Unwrap() error { return e.Err }

// RetryAfter has the message come again after d, in whole seconds, rounded up: from 0 to 11½ hours, as SQS hides a message for at
// most 12 hours from its receipt, and at most half of the time that is left before the queue's retention period ends it.
// RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &RetryError{Err: err, After: d}
}

// PanicError is a panic of a handler function or of what it started with [Go]. If the function panicked with an error, it wraps it.
type PanicError struct {
	Value any
	Stack []byte // as [runtime/debug.Stack] gives it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the error that the function panicked with, if it was one.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// DecodeError is the failure of a message that is no event, or whose data does not fit the type that the handler function takes.
// Its text quotes nothing of the message but, with [Strict], the name of a member. See [Unhandled] for what becomes of such a message.
type DecodeError struct {
	What      string // that could not be decoded
	Err       error
	unhandled bool // it is the SDK's own, not one that a function made
}

func (e *DecodeError) Error() string { return fmt.Sprintf("decode %s: %s", e.What, e.Err) }

// Unwrap returns what is wrong.
func (e *DecodeError) Unwrap() error { return e.Err }

// UnknownTypeError is the failure of a message whose event type the handler has no function for. See [Unhandled] for what becomes of
// it.
type UnknownTypeError struct {
	Handler string
	Type    string
	Known   []string // the types that the handler has functions for, sorted

	unhandled bool // it is the SDK's own, not one that a function made
}

func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("handler %q has no function for event type %q (it has %s)", e.Handler, e.Type, strings.Join(e.Known, ", "))
}

// Failures of messages that no handler function returned.
var (
	// ErrNotReturned fails a message whose handler function did not return when its context ended. The function is left behind.
	ErrNotReturned = errors.New("the handler function did not return when its context ended; " +
		"it must pass its context on to whatever it waits for")
	// ErrGoexit fails a message whose handler function ended its goroutine.
	ErrGoexit = errors.New("the goroutine was ended by runtime.Goexit before its function returned")
	// ErrNoTime gives back a message that the invocation had no time left for. It comes again at once.
	ErrNoTime = errors.New("not started: the invocation is about to end")
	// ErrGroupFailed gives back a message of a FIFO queue that may not overtake one before it. It comes again after that.
	ErrGroupFailed = errors.New("not started: an earlier message of its group failed")
)
