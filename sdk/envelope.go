package sdk

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// typeAttribute is the message attribute that tells the event type of a bare body.
const typeAttribute = "type"

// decodeEvent finds the event in an SQS message. Where there is none, the event still has the message's own ID and time.
func decodeEvent(m *events.SQSMessage) (RawEvent, error) {
	event := RawEvent{ID: m.MessageId, Source: m.EventSourceARN, Time: sentTime(m), Attempt: attempt(m)}
	var bareType string
	if attribute := m.MessageAttributes[typeAttribute]; attribute.StringValue != nil {
		bareType = *attribute.StringValue
	}
	err := decodeBody(&event, m.Body, bareType)
	if err == nil && event.Type == "" {
		err = errors.New("it has no type")
	}
	if err != nil {
		return event, fmt.Errorf("decode the event: %w", err)
	}
	return event, nil
}

// attempt is how often the message has been received, this time included.
func attempt(m *events.SQSMessage) int {
	n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// sentTime is when SQS took the message in, or the zero time if it does not say.
func sentTime(m *events.SQSMessage) time.Time {
	ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// members are those of a JSON object, by exact name: encoding/json would take SNS's "Type" for CloudEvents' "type".
type members map[string]json.RawMessage

// text returns a member that is a string, or "".
func (m members) text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}

// time sets t to a member, where there is one.
func (m members) time(name string, t *time.Time) error {
	if !m.has(name) {
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, m.text(name))
	if err != nil {
		return fmt.Errorf("its %q is no RFC 3339 time", name)
	}
	*t = parsed
	return nil
}

// has tells whether all of the members are there. One that is null is not, as CloudEvents prescribes.
func (m members) has(names ...string) bool {
	for _, name := range names {
		if raw, ok := m[name]; !ok || string(raw) == "null" {
			return false
		}
	}
	return true
}

// decodeBody fills the event from a body. An envelope says its type itself; that of a bare body is given.
func decodeBody(e *RawEvent, body, bareType string) error {
	var m members
	_ = json.Unmarshal([]byte(body), &m) // not an object: no members, so a bare body
	switch {
	case m.has("specversion"):
		return decodeCloudEvent(e, m)
	case m.has("detail-type", "source", "detail"):
		e.ID, e.Type, e.Source, e.Data = m.text("id"), m.text("detail-type"), m.text("source"), m["detail"]
		return m.time("time", &e.Time)
	case m.text("Type") == "Notification" && m.has("TopicArn", "Message"):
		return decodeNotification(e, m)
	case bareType != "":
		e.Type, e.Data = bareType, bareData(body)
		return nil
	}
	return errors.New(
		"the body is no CloudEvent, EventBridge event or SNS notification, and no message attribute \"type\" tells the event type")
}

// decodeCloudEvent reads the JSON format of CloudEvents 1.x.
func decodeCloudEvent(e *RawEvent, m members) error {
	if version := m.text("specversion"); !strings.HasPrefix(version, "1.") {
		return errors.New("it is a CloudEvent of a version other than 1")
	}
	if id := m.text("id"); id != "" {
		e.ID = id
	}
	e.Type, e.Source, e.Data = m.text("type"), m.text("source"), m["data"]
	if m.has("data_base64") {
		data, err := base64.StdEncoding.DecodeString(m.text("data_base64"))
		if err != nil {
			return errors.New("its data_base64 is no base64")
		}
		if e.Data = m["data_base64"]; json.Valid(data) {
			e.Data = data
		}
	}
	return m.time("time", &e.Time)
}

// decodeNotification reads what SNS puts around a message: an event in one of the other forms, or a bare body whose type is in
// the notification's attribute.
func decodeNotification(e *RawEvent, m members) error {
	e.ID, e.Source = m.text("MessageId"), m.text("TopicArn")
	if err := m.time("Timestamp", &e.Time); err != nil {
		return err
	}
	var attributes map[string]struct{ Value string }
	_ = json.Unmarshal(m["MessageAttributes"], &attributes) // none: the message says its type itself
	return decodeBody(e, m.text("Message"), attributes[typeAttribute].Value)
}

// bareData is a body as JSON: as it is, or as a string.
func bareData(body string) json.RawMessage {
	if json.Valid([]byte(body)) {
		return json.RawMessage(body)
	}
	quoted, _ := json.Marshal(body) // a string always has a JSON form
	return quoted
}
