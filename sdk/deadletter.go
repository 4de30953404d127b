package sdk

import (
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// maxMessageSize is SQS's limit for a message with its attributes, and for all messages of a batch, in bytes.
	maxMessageSize = 1 << 20
	// maxAttributes is how many message attributes SQS takes.
	maxAttributes = 10
	// maxReasonSize keeps the attribute with the error readable, in bytes.
	maxReasonSize = 1024
)

// The attributes that tell in the dead-letter queue what happened.
const (
	reasonAttribute  = "dead-letter-reason"  // the error
	handlerAttribute = "dead-letter-handler" // the handler that failed
	sourceAttribute  = "dead-letter-source"  // the ARN of the queue that the message came from
)

// deadLetter sends a message to its queue's dead-letter queue as it came, with the reason in further attributes.
func (v *invocation) deadLetter(m *message) error {
	ctx, cancel := v.limits.settle(v.ctx)
	defer cancel()
	env, err := v.app.aws.reach(ctx)
	if err != nil {
		return err
	}
	target, err := v.app.queues.get(m.queue).deadLetter(ctx, env.SQS)
	if err != nil {
		return err
	}
	url, err := v.app.queues.get(target).resolve(ctx, env.SQS)
	if err != nil {
		return err
	}
	input := m.copyTo(url)
	bare := maps.Clone(input.MessageAttributes)
	m.explain(input, v.handler.name)
	_, err = env.SQS.SendMessage(ctx, input)
	if errorCode(err) == "InvalidParameterValue" { // the queue may take less than SQS itself does
		input.MessageAttributes = bare
		_, err = env.SQS.SendMessage(ctx, input)
	}
	if err != nil {
		v.app.queues.get(m.queue).forget(ctx)
	}
	return err
}

// copyTo copies a message, with its group. What a FIFO queue takes for duplicates are sendings of one and the same
// message. The message's own deduplication ID does not tell that: it may be unique within a group only, and a message that was
// moved back and fails again within five minutes still has it. The dead-letter queue would drop such a message.
func (m *message) copyTo(url string) *sqs.SendMessageInput {
	input := &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String(string(m.body)), MessageAttributes: make(map[string]types.MessageAttributeValue),
	}
	for name, value := range decodeAttributes(m.attributes) {
		attribute := types.MessageAttributeValue{DataType: aws.String(value.DataType), StringValue: value.StringValue}
		if value.StringValue == nil {
			attribute.BinaryValue = value.BinaryValue
		}
		input.MessageAttributes[name] = attribute
	}
	if m.group != "" {
		input.MessageGroupId = &m.group
	}
	if isFIFO(url) {
		input.MessageDeduplicationId = &m.id
	}
	if m.trace != "" {
		input.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &m.trace},
		}
	}
	return input
}

// explain adds attributes that tell what happened, as far as SQS's limits leave room.
func (m *message) explain(input *sqs.SendMessageInput, handler string) {
	size := len(*input.MessageBody)
	for name, value := range input.MessageAttributes {
		size += len(name) + len(aws.ToString(value.DataType)) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue)
	}
	for _, added := range [...]struct{ name, value string }{
		{reasonAttribute, attributeText(m.err.Error())},
		{handlerAttribute, handler},
		{sourceAttribute, m.queue},
	} {
		_, replaces := input.MessageAttributes[added.name]
		grown := size + len(added.name) + len("String") + len(added.value)
		if grown > maxMessageSize || len(input.MessageAttributes) == maxAttributes && !replaces {
			continue
		}
		size = grown
		input.MessageAttributes[added.name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(added.value)}
	}
}

// attributeText makes a text one that SQS accepts: not empty, not too long, and of characters that XML 1.0 knows.
func attributeText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return r
		case r < ' ', r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
			return '?'
		}
		return r
	}, s)
	if len(s) > maxReasonSize {
		end := maxReasonSize
		for !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	if s == "" {
		return "unknown"
	}
	return s
}
