package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// entry is one event as SQS takes it.
type entry struct {
	types.SendMessageBatchRequestEntry
	eventID string
	sends   int   // how often SQS has answered
	err     error // why it was not sent, so far
	settled bool  // whether that is final
}

func (e *entry) size() int { return len(*e.MessageBody) }

func (e *entry) settle(err error) { e.err, e.settled = err, true }

func (e *entry) isSettled() bool { return e.settled }

func (e *entry) hasFailed() bool { return e.err != nil }

// newEntry makes the entry of an event, or one that has failed.
func newEntry(ctx context.Context, source string, fifo bool, event Outgoing) *entry {
	s := sending{id: rand.Text(), time: time.Now()}
	for _, option := range event.Options {
		option(&s)
	}
	e := &entry{eventID: s.id}
	if err := s.check(fifo); err != nil {
		e.settle(err)
		return e
	}
	body, err := encodeCloudEvent(source, event, s)
	if err == nil && len(body) > maxMessageSize {
		err = fmt.Errorf("it has %d bytes and SQS takes %d at most: store the data elsewhere and send where it is", len(body), maxMessageSize)
	}
	if err != nil {
		e.settle(err)
		return e
	}
	e.MessageBody = aws.String(string(body))
	e.DelaySeconds = visibility(s.delay)
	if s.group != "" {
		e.MessageGroupId = &s.group
	}
	if fifo {
		e.MessageDeduplicationId = &s.deduplicationID
	}
	if trace := traceToSend(ctx); strings.HasPrefix(trace, "Root=") {
		e.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &trace},
		}
	}
	return e
}

// encodeCloudEvent writes the JSON format of CloudEvents 1.0, in characters that SQS takes.
func encodeCloudEvent(source string, event Outgoing, s sending) ([]byte, error) {
	if event.Type == "" || s.id == "" {
		return nil, errors.New("an event needs a type and an ID")
	}
	envelope := struct {
		SpecVersion string    `json:"specversion"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Type        string    `json:"type"`
		Subject     string    `json:"subject,omitempty"`
		Time        time.Time `json:"time"` // RFC 3339 with nanoseconds
		ContentType string    `json:"datacontenttype,omitempty"`
		Data        any       `json:"data,omitempty"`
	}{SpecVersion: "1.0", ID: s.id, Source: source, Type: event.Type, Subject: s.subject, Time: s.time.UTC(), Data: event.Data}
	if event.Data != nil {
		envelope.ContentType = "application/json"
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // which only makes it larger
	if err := recovering(func() error { return encoder.Encode(envelope) }); err != nil {
		return nil, fmt.Errorf("encode it as JSON: %w", err)
	}
	return acceptable(bytes.TrimSuffix(body.Bytes(), []byte("\n"))), nil
}

// acceptable makes JSON text one that SQS takes and the AWS SDK passes on as it is: of UTF-8, which what a [json.Marshaler] writes need
// not be, and without the two characters that XML 1.0 lacks.
func acceptable(text []byte) []byte {
	text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	text = bytes.ReplaceAll(text, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\uffff"), []byte(`\uffff`))
}
