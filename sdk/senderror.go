package sdk

import (
	"fmt"
	"strings"
)

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
