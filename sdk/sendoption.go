package sdk

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// maxDelay is how long SQS can hide a message that was just sent.
	maxDelay = 15 * time.Minute
	// maxIDLength is how many characters SQS takes as a group or deduplication ID.
	maxIDLength = 128
)

// SendOption refines how an event is sent: [WithID], [WithDelay], [WithGroup], [WithDeduplicationID], [WithTime] or [WithSubject].
type SendOption func(*sending)

// sending is what options can say about an event.
type sending struct {
	id              string
	delay           time.Duration
	group           string
	deduplicationID string
	time            time.Time
	subject         string
}

// WithID sets the event's ID, which is random otherwise. A queue's consumers can tell by it that they have seen the event before, and
// so does a FIFO queue, unless there is a [WithDeduplicationID]. An ID that derives from that of the event being handled, such as
// e.ID+"-run", must differ for each event that is sent then.
func WithID(id string) SendOption { return func(s *sending) { s.id = id } }

// WithDelay hides the event for d, in whole seconds, rounded up: above 0, at most 15 minutes. With 0, as without it, the queue's own
// delay applies. FIFO queues have no other.
func WithDelay(d time.Duration) SendOption { return func(s *sending) { s.delay = d } }

// WithGroup puts the event in a group, named by 1 to 128 ASCII letters, digits and punctuation characters; "" is no group. A FIFO queue
// needs it, and keeps order within the group. A standard queue shares its consumers fairly between groups, such as the tenants of an app.
func WithGroup(id string) SendOption { return func(s *sending) { s.group = id } }

// WithDeduplicationID sets by what a FIFO queue recognises duplicates: it accepts an event whose deduplication ID it got in the last five
// minutes, and drops it. The ID consists of 1 to 128 ASCII letters, digits and punctuation characters. Without it, or with "", it is the
// event's ID. Standard queues do not offer it.
func WithDeduplicationID(id string) SendOption { return func(s *sending) { s.deduplicationID = id } }

// WithTime sets the event's time, which is that of sending otherwise.
func WithTime(t time.Time) SendOption { return func(s *sending) { s.time = t } }

// WithSubject says what the event is about.
func WithSubject(subject string) SendOption { return func(s *sending) { s.subject = subject } }

// check finds what SQS would refuse. It completes the deduplication ID.
func (s *sending) check(fifo bool) error {
	const rule = "must consist of 1 to 128 ASCII letters, digits and punctuation characters"
	switch {
	case s.delay < 0 || s.delay > maxDelay:
		return fmt.Errorf("the delay %s must be 0 to %s", s.delay, maxDelay)
	case s.group != "" && !validID(s.group):
		return errors.New("the group " + rule)
	case !fifo && s.deduplicationID != "":
		return errors.New("a standard queue does not drop duplicates: remove WithDeduplicationID")
	case !fifo:
		return nil
	case s.delay > 0:
		return errors.New("a FIFO queue cannot delay single events: remove WithDelay")
	case s.group == "":
		return errors.New("a FIFO queue needs the event's group: add WithGroup")
	case s.deduplicationID == "" && !validID(s.id):
		return errors.New("its ID is the deduplication ID too, which " + rule + ": change the ID, or add WithDeduplicationID")
	case s.deduplicationID == "":
		s.deduplicationID = s.id
	case !validID(s.deduplicationID):
		return errors.New("the deduplication ID " + rule)
	}
	return nil
}

// validID tells whether SQS takes id as a group or deduplication ID.
func validID(id string) bool {
	return id != "" && len(id) <= maxIDLength && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}
