package sdk

import (
	"fmt"
	"time"
)

// PermanentError is an error that trying again cannot cure. [Permanent] makes it.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }

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

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the error that the message is to be tried again for.
func (e *RetryError) Unwrap() error { return e.Err }

// RetryAfter has the message come again after d, in whole seconds, rounded up: from 0 to 11½ hours, as SQS hides a message for at
// most 12 hours from its receipt. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &RetryError{Err: err, After: d}
}

// panicError is a panic of a handler function.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Unwrap returns the error that the function panicked with, if it was one.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
