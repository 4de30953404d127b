package sdk

import (
	"fmt"
	"strings"
)

// UnknownQueueError is why [Send] and [SendAll] send nothing to a queue that nobody told the app about.
type UnknownQueueError struct {
	Label string   // that was given
	Known []string // the labels that there are, sorted
}

func (e *UnknownQueueError) Error() string {
	known := "none is known"
	if len(e.Known) > 0 {
		known = "known are " + strings.Join(e.Known, ", ")
	}
	return fmt.Sprintf("no queue is labelled %q (%s): name it in the handler's sdk.SendsTo, and in the function's send_to or HANDLER_QUEUES",
		e.Label, known)
}

// SendError tells which of the events given to [SendAll] were not sent, and why, causes first. The others were sent.
type SendError struct {
	Queue    string        // label
	Total    int           // how many events there were to be sent
	Failures []SendFailure // at least one
}

// SendFailure is one event that was not sent.
type SendFailure struct {
	Index int    // in the events given to SendAll
	ID    string // of the event
	Err   error
}

// shownFailures is how many failures the text of a SendError tells.
const shownFailures = 3

func (e *SendError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d events were not sent to queue %q", len(e.Failures), e.Total, e.Queue)
	for _, failure := range e.Failures[:min(len(e.Failures), shownFailures)] {
		fmt.Fprintf(&b, "; event %d: %s", failure.Index, failure.Err)
	}
	if len(e.Failures) > shownFailures {
		b.WriteString("; …")
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
