package sdk

import (
	"cmp"
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

// decodeEvent finds the event in the message. Where there is none, the event still has the message's own ID and time.
func (m *message) decodeEvent(t *texts, defaultType string) {
	m.event = RawEvent{ID: m.id, Source: m.queue, Time: m.sent, Attempt: m.attempt}
	d := eventDecoder{event: &m.event, texts: t, defaultType: defaultType}
	err := d.decode(m.body, m.attributes, "stringValue")
	if err == nil && m.event.Type == "" {
		err = errors.New("it has no type")
	}
	if err != nil {
		m.invalid = &DecodeError{What: "the event", Err: err, unhandled: true}
	}
}

// eventDecoder fills an event.
type eventDecoder struct {
	event       *RawEvent
	texts       *texts
	defaultType string // of a bare body that comes without a type
}

// envelope are the members of a JSON object that make it an event, as raw JSON, nil where they are absent or null. Their names are
// exact: encoding/json would take SNS's "Type" for CloudEvents' "type".
type envelope struct {
	specversion, id, source, typ, subject, time []byte // CloudEvents, and in part EventBridge
	data, dataBase64                            []byte
	detailType, detail                          []byte // EventBridge
	Type, TopicArn, MessageID, Message, Subject []byte // SNS
	Timestamp, Attributes                       []byte
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
	case "subject":
		return &e.subject
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
	case "Subject":
		return &e.Subject
	case "Timestamp":
		return &e.Timestamp
	case "MessageAttributes":
		return &e.Attributes
	}
	return nil
}

// open reads the envelope that a body is. A body that is no JSON object has no members.
func open(body []byte) (found envelope, isObject bool) {
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
		return envelope{}, false
	}
	return e, true
}

// decode fills the event from a body and the attributes that came with it, whose text is in their member of the given name. The first
// of these forms that the body has is what it is:
//
//  1. a CloudEvent in JSON: there is a "specversion";
//  2. an EventBridge event: there are "detail-type", "source" and "detail";
//  3. an SNS notification: "Type" is "Notification", and there are "TopicArn" and "Message"; the message is decoded in turn, a bare
//     one with the notification's attribute "type";
//  4. a bare body, if the message attribute "type" tells its type or the handler has a [DefaultType].
func (d *eventDecoder) decode(body, attributes []byte, member string) error {
	e, isObject := open(body)
	switch {
	case e.specversion != nil:
		return d.cloudEvent(&e)
	case e.detailType != nil && e.source != nil && e.detail != nil:
		return d.eventBridge(&e)
	case e.TopicArn != nil && e.Message != nil && d.text(e.Type) == "Notification":
		return d.notification(&e)
	}
	if d.event.Type = cmp.Or(d.text(bareType(attributes, member)), d.defaultType); d.event.Type == "" {
		return errors.New(
			"the body is no CloudEvent, EventBridge event or SNS notification, and no message attribute \"type\" tells the event type")
	}
	if d.event.Data = body; !isObject && !json.Valid(body) {
		d.event.Data, _ = json.Marshal(string(body)) // a string always has a JSON form
	}
	return nil
}

// cloudEvent reads the JSON format of CloudEvents 1.x.
func (d *eventDecoder) cloudEvent(e *envelope) error {
	if version := d.text(e.specversion); !strings.HasPrefix(version, "1.") {
		return errors.New("it is a CloudEvent of a version other than 1")
	}
	d.identify(e.id, e.source)
	d.event.Type, d.event.Subject, d.event.Data = d.text(e.typ), d.text(e.subject), e.data
	if e.dataBase64 != nil {
		data, err := base64.StdEncoding.DecodeString(string(unquoted(e.dataBase64)))
		if err != nil {
			return errors.New("its data_base64 is no base64")
		}
		if d.event.Data = e.dataBase64; json.Valid(data) {
			d.event.Data = data
		}
	}
	return d.time("time", e.time)
}

func (d *eventDecoder) eventBridge(e *envelope) error {
	d.identify(e.id, e.source) // input transformers leave out the ID at times
	d.event.Type, d.event.Data = d.text(e.detailType), e.detail
	return d.time("time", e.time)
}

// notification reads what SNS puts around a message: an event in one of the other forms, or a bare body whose type is in
// the notification's attribute.
func (d *eventDecoder) notification(e *envelope) error {
	d.identify(e.MessageID, e.TopicArn)
	d.event.Subject = d.text(e.Subject)
	if err := d.time("Timestamp", e.Timestamp); err != nil {
		return err
	}
	return d.decode(unquoted(e.Message), e.Attributes, "Value")
}

// identify sets ID and source, as far as there are any: the message's own tell events apart, too.
func (d *eventDecoder) identify(id, source []byte) {
	d.event.ID, d.event.Source = cmp.Or(d.text(id), d.event.ID), cmp.Or(d.text(source), d.event.Source)
}

// text returns what a member is that is a string, or "".
func (d *eventDecoder) text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	var buffer [128]byte
	s := scan.New(raw)
	read, _ := s.AppendString(buffer[:0]) // it was read before
	return d.texts.of(read)
}

// unquoted is [eventDecoder.text] for what may be long.
func unquoted(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	s := scan.New(raw)
	read, _ := s.AppendString(make([]byte, 0, len(raw))) // it was read before
	return read
}

// time sets the event's time to the member of that name, where there is one.
func (d *eventDecoder) time(name string, raw []byte) error {
	if raw == nil {
		return nil
	}
	var parsed time.Time
	if parsed.UnmarshalJSON(raw) != nil {
		return fmt.Errorf("its %q is no RFC 3339 time", name)
	}
	d.event.Time = parsed
	return nil
}

// bareType finds the text of the attribute "type" among attributes in JSON: a string, in the member of that name of the attribute.
func bareType(attributes []byte, member string) (text []byte) {
	if len(attributes) == 0 {
		return nil
	}
	s := scan.New(attributes)
	_ = s.Object(func(name []byte) error { // malformed, which neither Lambda nor SNS makes it: there is none
		if string(name) != typeAttribute || s.Kind() != '{' {
			_, err := s.Value()
			return err
		}
		return s.Object(func(name []byte) error {
			isText := string(name) == member
			value, err := s.Value()
			if isText {
				text = value
			}
			return err
		})
	})
	return text
}
