package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/scan"
)

// message is one message of a batch on its way through an invocation. Its parts are those of Lambda's event that the app has use for.
type message struct {
	id         string // SQS's
	receipt    []byte
	body       []byte
	queue      string // ARN
	attempt    int
	sent       time.Time // zero if SQS does not say
	group      string
	trace      string
	attributes []byte // the message attributes, as JSON

	event   RawEvent
	invalid error    // why there is no event
	route   *route   // nil if the handler has none for the event
	next    *message // of its FIFO group; nil: it is the last
	running tasks    // the handler function and what it started
	result
	scope scope
}

// errNoBatch is the failure of an invocation that no event source mapping made.
var errNoBatch = errors.New("handlers are invoked by event source mappings of SQS queues")

// decodeBatch reads Lambda's event for messages of a queue, in one pass, and the events in them. It copies all it needs, as the Lambda loop uses the payload's
// memory again: bodies and attributes share one block, which they cannot outgrow but for what is no UTF-8, and short texts another.
func decodeBatch(payload []byte, defaultType string) ([]message, error) {
	d := batchDecoder{Scanner: scan.New(payload), block: make([]byte, 0, len(payload))}
	d.texts.Grow(textSize * (1 + len(payload)/smallRecord))
	var found bool
	err := d.Object(func(key []byte) error {
		if string(key) != "Records" {
			_, err := d.Value()
			return err
		}
		found, d.messages = true, make([]message, 0, 1+len(payload)/smallRecord)
		return d.Array(d.record)
	})
	if err == nil {
		err = d.End()
	}
	switch {
	case d.foreign != nil:
		return nil, d.foreign
	case err != nil:
		return nil, fmt.Errorf("the invocation's payload is no SQS event: %w", errNoBatch)
	case !found:
		return nil, fmt.Errorf("the invocation's payload has no Records: %w", errNoBatch)
	}
	for i := range d.messages {
		d.messages[i].decodeEvent(&d.texts, defaultType)
	}
	return d.messages, nil
}

// smallRecord is about the least that a record takes, in bytes.
const smallRecord = 600

// batchDecoder is one decodeBatch.
type batchDecoder struct {
	scan.Scanner
	messages []message
	block    []byte // holds what is copied out of the payload
	texts    texts
	foreign  error // a record that is no SQS message
}

// record reads one element of Records.
func (d *batchDecoder) record() error {
	d.messages = append(d.messages, message{attempt: 1})
	m := &d.messages[len(d.messages)-1]
	var source string
	err := d.Object(func(key []byte) (err error) {
		switch string(key) {
		case "messageId":
			m.id, err = d.text()
		case "receiptHandle":
			m.receipt, err = d.copy()
		case "body":
			m.body, err = d.copy()
		case "eventSource":
			source, err = d.text()
		case "eventSourceARN":
			m.queue, err = d.text()
		case "attributes":
			err = d.systemAttributes(m)
		case "messageAttributes":
			err = d.messageAttributes(m)
		default:
			_, err = d.Value()
		}
		return err
	})
	if err != nil {
		return err
	}
	if source != "aws:sqs" || m.id == "" {
		d.foreign = fmt.Errorf("record %d of the invocation's payload is no SQS message but of %q: %w", len(d.messages)-1, source, errNoBatch)
		return d.foreign
	}
	return nil
}

// systemAttributes reads what SQS says about a message. All values are strings.
func (d *batchDecoder) systemAttributes(m *message) error {
	if d.Kind() != '{' {
		_, err := d.Value()
		return err
	}
	return d.Object(func(key []byte) (err error) {
		switch string(key) {
		case "ApproximateReceiveCount":
			var count int64
			count, err = d.number()
			m.attempt = int(max(count, 1))
		case "SentTimestamp":
			var ms int64
			if ms, err = d.number(); ms > 0 {
				m.sent = time.UnixMilli(ms)
			}
		case "MessageGroupId":
			m.group, err = d.text()
		case "AWSTraceHeader":
			m.trace, err = d.text()
		default:
			_, err = d.Value()
		}
		return err
	})
}

// messageAttributes keeps what the sender said about a message as it is, as hardly ever anybody looks at it.
func (d *batchDecoder) messageAttributes(m *message) error {
	raw, err := d.Value()
	if err != nil || len(raw) <= len("null") {
		return err
	}
	before := len(d.block)
	d.block = append(d.block, raw...)
	m.attributes = d.block[before:len(d.block):len(d.block)]
	return nil
}

// string reads a string into free memory of the block. Anything else counts as empty.
func (d *batchDecoder) string() ([]byte, error) {
	if d.Kind() != '"' {
		_, err := d.Value()
		return nil, err
	}
	before := len(d.block)
	read, err := d.AppendString(d.block)
	if err != nil {
		return nil, err
	}
	return read[before:len(read):len(read)], nil
}

// copy reads a string that stays in the block.
func (d *batchDecoder) copy() ([]byte, error) {
	read, err := d.string()
	if len(d.block)+len(read) <= cap(d.block) {
		d.block = d.block[:len(d.block)+len(read)]
	}
	return read, err
}

// text reads a string that is short.
func (d *batchDecoder) text() (string, error) {
	read, err := d.string()
	return d.texts.of(read), err
}

// number reads a number in a string, 0 if it is none.
func (d *batchDecoder) number() (int64, error) {
	digits, err := d.string()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, nil //nolint:nilerr // as good as absent
	}
	return n, nil
}

// attribute is a message attribute in Lambda's event.
type attribute struct {
	DataType    string  `json:"dataType"`
	StringValue *string `json:"stringValue"`
	BinaryValue []byte  `json:"binaryValue"`
}

// decodeAttributes decodes the attributes that the sender gave a message.
func decodeAttributes(encoded []byte) map[string]attribute {
	var attributes map[string]attribute
	_ = json.Unmarshal(encoded, &attributes) // absent or, which Lambda never does, malformed: there are none
	return attributes
}

// texts makes strings of short texts without an allocation for each.
type texts struct{ strings.Builder }

// textSize is about what a message's short texts take, in bytes.
const textSize = 256

func (t *texts) of(text []byte) string {
	before := t.Len()
	t.Write(text)
	return t.String()[before:]
}
