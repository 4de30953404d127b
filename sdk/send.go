package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// maxDelay is how long SQS can hide a message that was just sent.
const maxDelay = 15 * time.Minute

// Outgoing is an event to be sent by [SendAll].
type Outgoing struct {
	Type    string
	Data    any // becomes JSON; nil: the event has no data
	Options []SendOption
}

// SendOption refines how an event is sent: [WithID], [WithDelay], [WithGroup] or [WithTime].
type SendOption func(*sending)

// sending is what options can say about an event.
type sending struct {
	id    string
	delay time.Duration
	group string
	time  time.Time
}

// WithID sets the event's ID, which is random otherwise. A queue's consumers can tell by it that they have seen the event
// before; a FIFO queue, which takes only IDs of at most 128 letters, digits and punctuation, drops an event whose ID it got in
// the last five minutes.
func WithID(id string) SendOption { return func(s *sending) { s.id = id } }

// WithDelay hides the event for d, in whole seconds, rounded up: 0 to 15 minutes. FIFO queues do not offer it.
func WithDelay(d time.Duration) SendOption { return func(s *sending) { s.delay = d } }

// WithGroup puts the event in a group of at most 128 characters. A FIFO queue needs it, and keeps order within the group; a
// standard queue shares its consumers fairly between groups.
func WithGroup(id string) SendOption { return func(s *sending) { s.group = id } }

// WithTime sets the event's time, which is that of sending otherwise.
func WithTime(t time.Time) SendOption { return func(s *sending) { s.time = t } }

// Send sends one event to the queue with that label in HANDLER_QUEUES. The context must be one that the app gave to a handler
// function, server or command, or derived from it.
func Send(ctx context.Context, queue, eventType string, data any, options ...SendOption) error {
	err := SendAll(ctx, queue, Outgoing{Type: eventType, Data: data, Options: options})
	if failed, ok := errors.AsType[*SendError](err); ok {
		return fmt.Errorf("send event %q to queue %q: %w", eventType, queue, failed.Failures[0].Err)
	}
	return err
}

// SendAll sends events to the queue with that label, in as few calls as SQS allows (10 events and 1 MiB each). If some of them
// could not be sent, the error is a [*SendError] that says which; an event that could never be sent, such as one above 1 MiB, is
// found before anything is sent. On a FIFO queue, nothing is sent after a call with a failure, so that order is kept.
func SendAll(ctx context.Context, queue string, events ...Outgoing) error {
	app := scopeFrom(ctx).app
	if app == nil {
		return fmt.Errorf("send to queue %q: the context must be derived from that given to a handler function, server or command", queue)
	}
	env, err := app.aws.reach(ctx)
	if err != nil {
		return fmt.Errorf("send to queue %q: %w", queue, err)
	}
	url, err := env.QueueURL(queue)
	if err != nil {
		return fmt.Errorf("send to queue %q: %w", queue, err)
	}
	p := parcel{url: url, failed: SendError{Queue: queue, Total: len(events)}}
	for i, event := range events {
		p.add(app.name, i, event)
	}
	if len(p.failed.Failures) > 0 {
		p.failAll(p.entries, errors.New("not tried: another event cannot be sent"))
		return &p.failed
	}
	p.send(ctx, env.SQS)
	if len(p.failed.Failures) > 0 {
		return &p.failed
	}
	return nil
}

// parcel is what one SendAll sends.
type parcel struct {
	url     string
	entries []entry
	failed  SendError
}

// entry is one event as SQS takes it.
type entry struct {
	types.SendMessageBatchRequestEntry
	index   int
	eventID string
}

func (p *parcel) fail(e entry, err error) {
	p.failed.Failures = append(p.failed.Failures, SendFailure{Index: e.index, ID: e.eventID, Err: err})
}

func (p *parcel) failAll(entries []entry, err error) {
	for _, e := range entries {
		p.fail(e, err)
	}
}

// add makes the entry of an event, or notes why it cannot be one.
func (p *parcel) add(source string, index int, event Outgoing) {
	s := sending{id: rand.Text(), time: time.Now()}
	for _, option := range event.Options {
		option(&s)
	}
	e := entry{index: index, eventID: s.id}
	fifo := isFIFO(p.url)
	body, err := encodeCloudEvent(source, event, s)
	switch {
	case err != nil:
	case len(body) > maxMessageSize:
		err = fmt.Errorf("it has %d bytes and SQS takes %d at most: store the data elsewhere and send where it is", len(body), maxMessageSize)
	case s.delay < 0 || s.delay > maxDelay:
		err = fmt.Errorf("the delay %s must be 0 to %s", s.delay, maxDelay)
	case fifo && s.delay > 0:
		err = errors.New("a FIFO queue cannot delay single events: remove WithDelay")
	case fifo && s.group == "":
		err = errors.New("a FIFO queue needs the event's group: add WithGroup")
	}
	if err != nil {
		p.fail(e, err)
		return
	}
	e.MessageBody = aws.String(string(body))
	if s.group != "" {
		e.MessageGroupId = &s.group
	}
	if fifo {
		e.MessageDeduplicationId = &s.id
	} else {
		e.DelaySeconds = visibility(s.delay)
	}
	p.entries = append(p.entries, e)
}

// encodeCloudEvent writes the JSON format of CloudEvents 1.0. The two characters of JSON text that SQS does not take, it escapes.
func encodeCloudEvent(source string, event Outgoing, s sending) ([]byte, error) {
	if event.Type == "" || s.id == "" {
		return nil, errors.New("an event needs a type and an ID")
	}
	envelope := struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Source      string          `json:"source"`
		Type        string          `json:"type"`
		Time        time.Time       `json:"time"` // RFC 3339 with nanoseconds
		ContentType string          `json:"datacontenttype,omitempty"`
		Data        json.RawMessage `json:"data,omitempty"`
	}{SpecVersion: "1.0", ID: s.id, Source: source, Type: event.Type, Time: s.time.UTC()}
	if event.Data != nil {
		data, err := json.Marshal(event.Data)
		if err != nil {
			return nil, fmt.Errorf("encode its data: %w", err)
		}
		envelope.ContentType, envelope.Data = "application/json", data
	}
	body, err := json.Marshal(envelope)
	body = bytes.ReplaceAll(body, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(body, []byte("\uffff"), []byte(`\uffff`)), err
}

// send makes the calls.
func (p *parcel) send(ctx context.Context, client environ.SQS) {
	for rest := p.entries; len(rest) > 0; {
		n := fitting(rest)
		p.sendBatch(ctx, client, rest[:n])
		rest = rest[n:]
		if len(p.failed.Failures) > 0 && isFIFO(p.url) {
			p.failAll(rest, errors.New("not tried: an event before it was not sent"))
			return
		}
	}
}

// fitting is how many of the entries go into one call.
func fitting(entries []entry) int {
	size := 0
	for n, e := range entries {
		size += len(*e.MessageBody)
		if n == maxEntries || size > maxMessageSize {
			return n
		}
	}
	return len(entries)
}

func (p *parcel) sendBatch(ctx context.Context, client environ.SQS, batch []entry) {
	input := &sqs.SendMessageBatchInput{QueueUrl: &p.url}
	for i, e := range batch {
		e.Id = aws.String(strconv.Itoa(i))
		input.Entries = append(input.Entries, e.SendMessageBatchRequestEntry)
	}
	out, err := client.SendMessageBatch(ctx, input)
	if err != nil {
		p.failAll(batch, err)
		return
	}
	for _, failure := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(failure.Id)); err == nil && i < len(batch) {
			p.fail(batch[i], entryError(failure))
		}
	}
}
