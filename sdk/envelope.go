package sdk

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/scan"
)

// typeAttribute is the message attribute that tells the event type of a bare body.
const typeAttribute = "type"

// decodeEvent finds the event in the message. Where there is none, the event still has the message's own ID and time. Most often,
// an event has the type and source of the recent one, and shares its strings.
func (m *message) decodeEvent(recent *RawEvent) {
	m.event = RawEvent{ID: m.id, Type: recent.Type, Source: m.queue, Time: m.sent, Attempt: m.attempt}
	bareType := func() string {
		if attribute := m.messageAttributes()[typeAttribute]; attribute.StringValue != nil {
			return *attribute.StringValue
		}
		return ""
	}
	err := decodeBody(&m.event, m.body, bareType)
	if err == nil && m.event.Type == "" {
		err = errors.New("it has no type")
	}
	if err != nil {
		m.event.Type = ""
		m.invalid = &DecodeError{What: "the event", Err: err}
		return
	}
	*recent = m.event
}

// envelope are the members of a JSON object that make it an event, as raw JSON, nil where they are absent or null. Their names are
// exact: encoding/json would take SNS's "Type" for CloudEvents' "type".
type envelope struct {
	specversion, id, source, typ, time, data, dataBase64      []byte // CloudEvents, and in part EventBridge
	detailType, detail                                        []byte // EventBridge
	Type, TopicArn, MessageID, Message, Timestamp, Attributes []byte // SNS
}

// member returns where the member of that name goes, or nil.
func (e *envelope) member(name []byte) *[]byte {
	switch string(name) {
	case "specversion":
		return &e.specversion
	case "id":
		return &e.id
	case "source":
		return &e.source
	case "type":
		return &e.typ
	case "time":
		return &e.time
	case "data":
		return &e.data
	case "data_base64":
		return &e.dataBase64
	case "detail-type":
		return &e.detailType
	case "detail":
		return &e.detail
	case "Type":
		return &e.Type
	case "TopicArn":
		return &e.TopicArn
	case "MessageId":
		return &e.MessageID
	case "Message":
		return &e.Message
	case "Timestamp":
		return &e.Timestamp
	case "MessageAttributes":
		return &e.Attributes
	}
	return nil
}

// open reads the envelope that a body is. A body that is no JSON object has no members.
func open(body []byte) envelope {
	var e envelope
	s := scan.New(body)
	err := s.Object(func(name []byte) error {
		to := e.member(name)
		value, err := s.Value()
		if to != nil {
			if *to = value; string(value) == "null" {
				*to = nil // counts as absent, as CloudEvents prescribes
			}
		}
		return err
	})
	if err != nil || s.End() != nil {
		return envelope{}
	}
	return e
}

// decodeBody fills the event from a body. The first of these forms that the body has is what it is:
//
//  1. a CloudEvent in JSON: there is a "specversion";
//  2. an EventBridge event: there are "detail-type", "source" and "detail";
//  3. an SNS notification: "Type" is "Notification", and there are "TopicArn" and "Message"; the message is decoded in turn, a bare
//     one with the notification's attribute "type";
//  4. a bare body, if the message attribute "type" tells its type.
func decodeBody(event *RawEvent, body []byte, bareType func() string) error {
	e := open(body)
	switch {
	case e.specversion != nil:
		return e.decodeCloudEvent(event)
	case e.detailType != nil && e.source != nil && e.detail != nil:
		event.ID, event.Type, event.Source, event.Data = text(e.id), text(e.detailType), text(e.source), e.detail
		return setTime(&event.Time, "time", e.time)
	case e.TopicArn != nil && e.Message != nil && text(e.Type) == "Notification":
		return e.decodeNotification(event)
	}
	if event.Type = bareType(); event.Type == "" {
		return errors.New(
			"the body is no CloudEvent, EventBridge event or SNS notification, and no message attribute \"type\" tells the event type")
	}
	event.Data = bareData(body)
	return nil
}

// decodeCloudEvent reads the JSON format of CloudEvents 1.x.
func (e *envelope) decodeCloudEvent(event *RawEvent) error {
	if version := text(e.specversion); !strings.HasPrefix(version, "1.") {
		return errors.New("it is a CloudEvent of a version other than 1")
	}
	if id := text(e.id); id != "" {
		event.ID = id
	}
	event.Type, event.Source, event.Data = text(e.typ), text(e.source), e.data
	if e.dataBase64 != nil {
		data, err := base64.StdEncoding.DecodeString(text(e.dataBase64))
		if err != nil {
			return errors.New("its data_base64 is no base64")
		}
		if event.Data = e.dataBase64; json.Valid(data) {
			event.Data = data
		}
	}
	return setTime(&event.Time, "time", e.time)
}

// decodeNotification reads what SNS puts around a message: an event in one of the other forms, or a bare body whose type is in
// the notification's attribute.
func (e *envelope) decodeNotification(event *RawEvent) error {
	event.ID, event.Source = text(e.MessageID), text(e.TopicArn)
	if err := setTime(&event.Time, "Timestamp", e.Timestamp); err != nil {
		return err
	}
	return decodeBody(event, []byte(text(e.Message)), func() string {
		var attributes map[string]struct{ Value string }
		_ = json.Unmarshal(e.Attributes, &attributes) // none: the message says its type itself
		return attributes[typeAttribute].Value
	})
}

// text returns what a member is that is a string, or "".
func text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	var buffer [128]byte
	s, _ := scan.New(raw).AppendString(buffer[:0]) // it was read before
	return string(s)
}

// setTime sets t to the member of that name, where there is one.
func setTime(t *time.Time, name string, raw []byte) error {
	if raw == nil {
		return nil
	}
	var parsed time.Time
	if parsed.UnmarshalJSON(raw) != nil {
		return fmt.Errorf("its %q is no RFC 3339 time", name)
	}
	*t = parsed
	return nil
}

// bareData is a body as JSON: as it is, or as a string.
func bareData(body []byte) json.RawMessage {
	if json.Valid(body) {
		return body
	}
	quoted, _ := json.Marshal(string(body)) // a string always has a JSON form
	return quoted
}
