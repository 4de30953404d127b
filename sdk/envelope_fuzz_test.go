package sdk

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// FuzzDecodeEvent looks for bodies that break the decoding, or are taken for events that they are not.
func FuzzDecodeEvent(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{"specversion":"1.0","id":"1","source":"s","type":"t","data":1}`, `{"specversion":1}`,
		`{"specversion":"1.0","type":"t","data_base64":"e30="}`, `{"detail-type":"t","source":"s","detail":{},"time":"2026-01-01T00:00:00Z"}`,
		`{"Type":"Notification","TopicArn":"t","Message":"{\"Type\":\"Notification\",\"TopicArn\":\"t\",\"Message\":\"\"}"}`,
	} {
		f.Add(body, "")
		f.Add(body, "bare")
	}
	f.Fuzz(func(t *testing.T, body, bareType string) {
		m := &events.SQSMessage{MessageId: "m", Body: body}
		if bareType != "" {
			m.MessageAttributes = map[string]events.SQSMessageAttribute{"type": {DataType: "String", StringValue: &bareType}}
		}
		event, err := decodeEvent(m)
		switch {
		case err != nil:
		case event.Type == "":
			t.Error("an event without a type")
		case len(event.Data) > 0 && !json.Valid(event.Data):
			t.Errorf("data that is no JSON: %q", event.Data)
		}
	})
}

// TestSentEventsAreUnderstood decodes what Send encodes.
func TestSentEventsAreUnderstood(t *testing.T) {
	t.Parallel()
	at := time.Now()
	body, err := encodeCloudEvent("acme", Outgoing{Type: "a", Data: "hello"}, sending{id: "1", time: at})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEvent(&events.SQSMessage{MessageId: "m", Body: string(body)})
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "1" || got.Type != "a" || got.Source != "acme" || !got.Time.Equal(at) || string(got.Data) != `"hello"` || got.Attempt != 1 {
		t.Errorf("got %+v", got)
	}
}
