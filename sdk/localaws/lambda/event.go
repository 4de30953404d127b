package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

// record is a message as a function gets it. The order of the members, and that empty lists and a missing digest are written, is AWS's.
type record struct {
	MessageID              string                     `json:"messageId"`
	ReceiptHandle          string                     `json:"receiptHandle"`
	Body                   string                     `json:"body"`
	Attributes             json.RawMessage            `json:"attributes"`
	MessageAttributes      map[string]recordAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes *string                    `json:"md5OfMessageAttributes"`
	MD5OfBody              string                     `json:"md5OfBody"`
	EventSource            string                     `json:"eventSource"`
	EventSourceARN         string                     `json:"eventSourceARN"`
	AWSRegion              string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// attributeOrder is the order in which AWS writes a message's system attributes.
var attributeOrder = []string{
	"ApproximateReceiveCount", "AWSTraceHeader", "SentTimestamp", "SequenceNumber", "MessageGroupId", "SenderId",
	"MessageDeduplicationId", "DeadLetterQueueSourceArn", "ApproximateFirstReceiveTimestamp",
}

// encodeRecord writes a message of a queue as a record.
func encodeRecord(m sqs.ReceivedMessage, queueARN string) (json.RawMessage, error) {
	attributes, err := encodeAttributes(m.Attributes)
	if err != nil {
		return nil, err
	}
	r := record{
		MessageID: m.MessageID, ReceiptHandle: m.ReceiptHandle, Body: m.Body, Attributes: attributes,
		MessageAttributes: map[string]recordAttribute{}, MD5OfBody: m.MD5OfBody,
		EventSource: "aws:sqs", EventSourceARN: queueARN, AWSRegion: regionOf(queueARN),
	}
	if m.MD5OfMessageAttributes != "" {
		r.MD5OfMessageAttributes = &m.MD5OfMessageAttributes
	}
	for name, value := range m.MessageAttributes {
		r.MessageAttributes[name] = recordAttribute{
			StringValue: value.StringValue, BinaryValue: value.BinaryValue, DataType: value.DataType,
			StringListValues: []string{}, BinaryListValues: []string{},
		}
	}
	encoded, err := encodeJSON(r)
	if err != nil {
		return nil, fmt.Errorf("encode message %s: %w", m.MessageID, err)
	}
	return encoded, nil
}

// encodeAttributes writes system attributes in AWS's order.
func encodeAttributes(attributes map[string]string) (json.RawMessage, error) {
	var members []string
	for _, name := range attributeOrder {
		text, ok := attributes[name]
		if !ok {
			continue
		}
		value, err := encodeJSON(text)
		if err != nil {
			return nil, fmt.Errorf("encode attribute %s: %w", name, err)
		}
		members = append(members, `"`+name+`":`+string(value))
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}"), nil
}

// encodeJSON is json.Marshal without the escapes for HTML, which AWS does not write.
func encodeJSON(v any) (json.RawMessage, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// envelope is what an event consists of besides its records and the commas between them.
const envelopeStart, envelopeEnd = `{"Records":[`, `]}`

// encodeEvent puts records into an event.
func encodeEvent(records []json.RawMessage) []byte {
	size := len(envelopeStart) + len(envelopeEnd)
	for _, r := range records {
		size += len(r) + 1
	}
	event := make([]byte, 0, size)
	event = append(event, envelopeStart...)
	for i, r := range records {
		if i > 0 {
			event = append(event, ',')
		}
		event = append(event, r...)
	}
	return append(event, envelopeEnd...)
}
