package sdktest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Event is an event to be handled. All members have useful zero values.
type Event struct {
	Type    string
	Data    any       // becomes JSON; nil: the event has no data
	ID      string    // "event-1" and so on if empty
	Source  string    // "sdktest" if empty
	Time    time.Time // now if zero
	Attempt int       // 1 if zero
	Group   string    // if any event has a group, the queue is a FIFO queue

	Body       string            // if not empty, the message as it is on the queue, instead of a CloudEvent made of the above
	Attributes map[string]string // message attributes of type String
}

// Sent is an event that was sent.
type Sent struct {
	Queue           string // label
	ID              string
	Type            string
	Time            time.Time
	Data            json.RawMessage
	Group           string
	DeduplicationID string // of a FIFO queue
	Delay           time.Duration
	TraceHeader     string
}

// Data decodes the data of an event that was sent. Data that does not fit T ends the test.
func Data[T any](t testing.TB, s Sent) T {
	t.Helper()
	var data T
	if err := json.Unmarshal(s.Data, &data); err != nil {
		t.Fatalf("decode the data of event %q sent to %q: %s", s.Type, s.Queue, err)
	}
	return data
}

// cloudEvent is the JSON format of CloudEvents 1.0.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Time        time.Time       `json:"time"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// records makes the messages of a batch, as SQS would have received them.
func records(handler string, batch []Event) ([]events.SQSMessage, error) {
	queue := handler
	if slices.ContainsFunc(batch, func(e Event) bool { return e.Group != "" }) {
		queue += ".fifo"
	}
	messages := make([]events.SQSMessage, len(batch))
	for i, e := range batch {
		now := time.Now()
		n := strconv.Itoa(i + 1)
		e.ID = cmp.Or(e.ID, "event-"+n)
		if e.Time.IsZero() {
			e.Time = now
		}
		if e.Body == "" {
			var data json.RawMessage
			if e.Data != nil {
				var err error
				if data, err = json.Marshal(e.Data); err != nil {
					return nil, fmt.Errorf("encode the data of event %d: %w", i, err)
				}
			}
			body, err := json.Marshal(cloudEvent{"1.0", e.ID, cmp.Or(e.Source, "sdktest"), e.Type, e.Time, data})
			if err != nil {
				return nil, fmt.Errorf("encode event %d: %w", i, err)
			}
			e.Body = string(body)
		}
		messages[i] = events.SQSMessage{
			MessageId:     "message-" + n,
			ReceiptHandle: "receipt-" + n,
			Body:          e.Body,
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(cmp.Or(e.Attempt, 1)),
				"SentTimestamp":           strconv.FormatInt(now.UnixMilli(), 10),
			},
			MessageAttributes: make(map[string]events.SQSMessageAttribute),
			EventSource:       "aws:sqs",
			EventSourceARN:    queueARN(queue),
		}
		if e.Group != "" {
			messages[i].Attributes["MessageGroupId"] = e.Group
			messages[i].Attributes["MessageDeduplicationId"] = e.ID
		}
		for name, value := range e.Attributes {
			messages[i].MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
		}
	}
	return messages, nil
}

func queueARN(name string) string { return "arn:aws:sqs:us-east-1:111122223333:" + name }
