package sdk

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
)

// decoded is the event in a message with this body, and with the attribute "type" unless that is empty.
func decoded(t *testing.T, body, bareType string) (RawEvent, error) {
	t.Helper()
	m := message{id: "m", body: []byte(body), attempt: 1}
	if bareType != "" {
		attributes, err := json.Marshal(map[string]attribute{"type": {DataType: "String", StringValue: &bareType}})
		if err != nil {
			t.Fatal(err)
		}
		m.attributes = attributes
	}
	m.decodeEvent(new(texts), "")
	return m.event, m.invalid
}

// What AWS documents as examples of what SNS and EventBridge put into a queue.
const (
	documentedNotification = `{"Type":"Notification","MessageId":"63a3f6b6-d533-4a47-aef9-fcf5cf758c76",` +
		`"TopicArn":"arn:aws:sns:us-west-2:123456789012:MyTopic","Subject":"Testing publish to subscribed queues","Message":"Hello world!",` +
		`"Timestamp":"2012-03-29T05:12:16.901Z","SignatureVersion":"1","Signature":"EXAMPLEnTrFPa3",` +
		`"SigningCertURL":"https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",` +
		`"UnsubscribeURL":"https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe"}`
	documentedEventBridge = `{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event","source":"aws.events",` +
		`"account":"123456789012","time":"2015-10-08T16:53:06Z","region":"us-east-1",` +
		`"resources":["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],"detail":{}}`
)

// FuzzDecodeEvent looks for bodies that break the decoding, or are taken for events that they are not: what a body is, is decided in the order that
// eventDecoder.decode documents.
func FuzzDecodeEvent(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{"specversion":"1.0","id":"1","source":"s","type":"t","data":1}`, `{"specversion":1}`,
		`{"specversion":"1.0","type":"t","data_base64":"e30="}`, `{"detail-type":"t","source":"s","detail":{},"time":"2026-01-01T00:00:00Z"}`,
		`{"Type":"Notification","TopicArn":"t","Message":"{\"Type\":\"Notification\",\"TopicArn\":\"t\",\"Message\":\"\"}"}`,
		`{"specversion":"1.0","type":"t","detail-type":"u","source":"s","detail":{}}`, `{"detail-type":"u","source":"s","detail":null}`,
		`{"Type":"Notification","TopicArn":"t","Message":"x","MessageAttributes":{"type":{"Type":"String","Value":"a"}}}`,
		"{\"specversion\":\"1.0\",\"type\":\"\xff\"}", `{"specversion":"1.0","type":"a","type":"b"}`,
		documentedNotification, documentedEventBridge,
	} {
		f.Add(body, "")
		f.Add(body, "bare")
	}
	recorded, err := payloads.Read(filepath.Join("..", "handlers", payloads.File))
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range recorded[:20] {
		f.Add(string(p.Body), "github."+p.Event)
		body, err := encodeCloudEvent("github", Outgoing{Type: p.Event, Data: p.Body}, sending{id: "1"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body), "")
	}
	f.Fuzz(func(t *testing.T, body, bareType string) {
		event, err := decoded(t, body, bareType)
		switch {
		case err != nil:
		case event.Type == "":
			t.Error("an event without a type")
		case len(event.Data) > 0 && !json.Valid(event.Data):
			t.Errorf("data that is no JSON: %q", event.Data)
		}
		var members map[string]any
		_ = json.Unmarshal([]byte(body), &members) // not an object: no members
		isEventBridge := members["detail-type"] != nil && members["source"] != nil && members["detail"] != nil
		switch {
		case members["specversion"] != nil:
			if want, _ := members["type"].(string); err == nil && event.Type != want {
				t.Errorf("CloudEvent: got type %q, want %q", event.Type, want)
			}
		case isEventBridge:
			if want, _ := members["detail-type"].(string); err == nil && event.Type != want {
				t.Errorf("EventBridge: got type %q, want %q", event.Type, want)
			}
		case members["Type"] == "Notification" && members["TopicArn"] != nil && members["Message"] != nil:
		case bareType != "" && json.Valid([]byte(bareType)) && err != nil:
			t.Errorf("bare body of type %q: %s", bareType, err)
		case bareType == "" && err == nil:
			t.Errorf("an event of type %q out of nothing", event.Type)
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
	got, err := decoded(t, string(body), "")
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "1" || got.Type != "a" || got.Source != "acme" || !got.Time.Equal(at) || string(got.Data) != `"hello"` || got.Attempt != 1 {
		t.Errorf("got %+v", got)
	}
}
