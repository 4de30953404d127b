package sqs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

// The digests are recorded from AWS by the LocalStack project (test_receive_message_message_attribute_names_filters).
func TestMessageAttributeNames(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", map[string]string{"VisibilityTimeout": "0"})
	all := map[string]types.MessageAttributeValue{"General": text("Kenobi"), "Hello": text("There"), "Help.Me": text("Me")}
	sent, err := c.SendMessage(t.Context(), &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("msg"), MessageAttributes: all})
	if err != nil {
		t.Fatal(err)
	}
	const allMD5 = "4c360f3fdafd970e05fae2f149d997f5"
	if *sent.MD5OfMessageBody != "6e2baaf3b97dbeef01c0043275f9a0e7" || *sent.MD5OfMessageAttributes != allMD5 {
		t.Errorf("got digests %s, %s", *sent.MD5OfMessageBody, *sent.MD5OfMessageAttributes)
	}
	for _, test := range []struct {
		ask, want []string
		md5       string
	}{
		{nil, nil, ""},
		{[]string{"All"}, []string{"General", "Hello", "Help.Me"}, allMD5},
		{[]string{".*"}, []string{"General", "Hello", "Help.Me"}, allMD5},
		{[]string{"General", "Hello"}, []string{"General", "Hello"}, "fca026605781cb4126a1e9044df24232"},
		{[]string{"Hello", "Foo"}, []string{"Hello"}, "a311262e065454b75da111d535b8dacd"},
		{[]string{"Hel.*"}, []string{"Hello", "Help.Me"}, "83fee93c1bcd8b9a5a923ffacdc636c7"},
		{[]string{"Foo", "hello", "Hel*"}, nil, ""},
	} {
		out, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: &url, MessageAttributeNames: test.ask})
		if err != nil || len(out.Messages) != 1 {
			t.Fatalf("%v: got %v, %v", test.ask, out, err)
		}
		want := map[string]types.MessageAttributeValue{}
		for _, name := range test.want {
			want[name] = all[name]
		}
		m := out.Messages[0]
		options := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(types.MessageAttributeValue{})}
		if diff := cmp.Diff(want, m.MessageAttributes, options); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.ask, diff)
		}
		if got := aws.ToString(m.MD5OfMessageAttributes); got != test.md5 {
			t.Errorf("%v: got digest %q, want %q", test.ask, got, test.md5)
		}
	}
}

func TestDigestsOfBinaryCustomAndSystemAttributes(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	sent, err := c.SendMessage(t.Context(), &client.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String("Test Message"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"UserId": {DataType: aws.String("Number.bigint"), StringValue: aws.String("1234567890123456789012")},
			"Blob":   {DataType: aws.String("Binary.png"), BinaryValue: []byte{0, 1, 255}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("some-trace-id")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := *sent.MD5OfMessageSystemAttributes; got != "fdce4f2818803f2f73becc09a54792c0" {
		t.Errorf("got %s for the system attributes", got)
	}
	out, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{
		QueueUrl: &url, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"AWSTraceHeader", "SentTimestamp"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("got %v, %v", out, err)
	}
	m := out.Messages[0]
	if *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes || !slices.Equal(m.MessageAttributes["Blob"].BinaryValue, []byte{0, 1, 255}) {
		t.Errorf("got %+v, want what was sent", m)
	}
	if len(m.Attributes) != 2 || m.Attributes["AWSTraceHeader"] != "some-trace-id" || len(m.Attributes["SentTimestamp"]) != 13 {
		t.Errorf("got %v, want the two attributes asked for", m.Attributes)
	}
}

func TestErrorsOfSendMessage(t *testing.T) {
	t.Parallel()
	c := start(t)
	standard, _ := create(t, c, "q", map[string]string{"MaximumMessageSize": "1024"})
	fifo, _ := create(t, c, "q.fifo", map[string]string{"FifoQueue": "true"})
	str := aws.String
	attribute := func(name string, value types.MessageAttributeValue) client.SendMessageInput {
		return client.SendMessageInput{MessageBody: str("x"), MessageAttributes: map[string]types.MessageAttributeValue{name: value}}
	}
	typed := func(dataType, value string) client.SendMessageInput {
		return attribute("Hello", types.MessageAttributeValue{DataType: &dataType, StringValue: &value})
	}
	many := map[string]types.MessageAttributeValue{}
	for name := range strings.SplitSeq("abcdefghijk", "") {
		many[name] = text("x")
	}
	long := strings.Repeat("a", 129)
	const badCharacters = "Invalid characters found. Valid unicode characters are " +
		"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
	for _, test := range []struct {
		name          string
		fifo          bool
		in            client.SendMessageInput
		code, message string
	}{
		{
			"empty body", false, client.SendMessageInput{MessageBody: str("")}, missingCode,
			"The request must contain the parameter MessageBody.",
		},
		{"control character", false, client.SendMessageInput{MessageBody: str("a\x08")}, "InvalidMessageContents", badCharacters},
		{"non-character", false, client.SendMessageInput{MessageBody: str("a\uffff")}, "InvalidMessageContents", badCharacters},
		{
			"body too long", false, client.SendMessageInput{MessageBody: str(strings.Repeat("a", 1025))}, invalidValueCode,
			"One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
		},
		{
			"body and attributes too long", false, func() client.SendMessageInput {
				in := attribute("Name", text("Value"))
				in.MessageBody = str(strings.Repeat("a", 1024-len("NameStringValue")+1))
				return in
			}(), invalidValueCode, "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
		},
		{
			"negative delay", false, client.SendMessageInput{MessageBody: str("x"), DelaySeconds: -1}, invalidValueCode,
			"Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
		},
		{
			"long delay", false, client.SendMessageInput{MessageBody: str("x"), DelaySeconds: 901}, invalidValueCode,
			"Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
		},
		{
			"deduplication on a standard queue", false, client.SendMessageInput{MessageBody: str("x"), MessageDeduplicationId: str("1")},
			invalidValueCode, "Value 1 for parameter MessageDeduplicationId is invalid. " +
				"Reason: The request includes a parameter that is not valid for this queue type.",
		},
		{
			"group with a space", false, client.SendMessageInput{MessageBody: str("x"), MessageGroupId: str("group 123")}, invalidValueCode,
			"Value group 123 for parameter MessageGroupId is invalid. " +
				"Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
		},
		{
			"empty group", false, client.SendMessageInput{MessageBody: str("x"), MessageGroupId: str("")}, invalidValueCode,
			"Value  for parameter MessageGroupId is invalid. " +
				"Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
		},
		{
			"no group", true, client.SendMessageInput{MessageBody: str("x"), MessageDeduplicationId: str("1")}, missingCode,
			"The request must contain the parameter MessageGroupId.",
		},
		{
			"no deduplication ID", true, client.SendMessageInput{MessageBody: str("x"), MessageGroupId: str("1")}, invalidValueCode,
			"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
		},
		{
			"long deduplication ID", true, client.SendMessageInput{MessageBody: str("x"), MessageGroupId: str("1"), MessageDeduplicationId: &long},
			invalidValueCode, "Value " + long + " for parameter MessageDeduplicationId is invalid. " +
				"Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
		},
		{
			"delay on a FIFO queue", true,
			client.SendMessageInput{MessageBody: str("x"), MessageGroupId: str("1"), MessageDeduplicationId: str("1"), DelaySeconds: 2},
			invalidValueCode, "Value 2 for parameter DelaySeconds is invalid. " +
				"Reason: The request include parameter that is not valid for this queue type.",
		},
		{
			"too many attributes", false, client.SendMessageInput{MessageBody: str("x"), MessageAttributes: many}, invalidValueCode,
			"Number of message attributes [11] exceeds the allowed maximum [10].",
		},
		{
			"attribute without name", false, attribute("", text("x")), invalidValueCode,
			"The request must contain non-empty message (user) attribute names.",
		},
		{
			"attribute with a long name", false, attribute(strings.Repeat("a", 257), text("x")), invalidValueCode,
			"Message (user) attribute name must be shorter than 256 bytes.",
		},
		{
			"attribute with a reserved name", false, attribute("aWs.x", text("x")), invalidValueCode,
			"You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use.",
		},
		{
			"attribute with a strange name", false, attribute("a!", text("x")), invalidValueCode,
			"Message (user) attributes name can only contain " +
				"upper and lower score characters, digits, periods, hyphens and underscores.",
		},
		{
			"attribute name that ends with a period", false, attribute("a.", text("x")), invalidValueCode,
			"Message (user) attribute names can't start or end with a period or have successive periods.",
		},
		{
			"attribute without value", false, typed("String", ""), invalidValueCode,
			"Message (user) attribute 'Hello' must contain a non-empty value of type 'String'.",
		},
		{
			"attribute that is no number", false, typed("Number", "world"), invalidValueCode,
			"Can't cast the value of message (user) attribute 'Hello' to a number.",
		},
		{
			"attribute of an unknown type", false, typed("Text", "x"), invalidValueCode,
			"The type of message (user) attribute 'Hello' is invalid. " +
				"You must use only the following supported type prefixes: Binary, Number, String.",
		},
		{
			"attribute with a long type", false, typed("String."+strings.Repeat("a", 250), "x"), invalidValueCode,
			"Message (user) attribute type must be shorter than 256 bytes.",
		},
		{
			"attribute with a control character", false, typed("String", "a\x08"), invalidValueCode,
			"Message (user) attribute 'Hello' contains invalid characters.",
		},
		{
			"list attribute", false, attribute("Hello", types.MessageAttributeValue{DataType: str("String"), StringListValues: []string{"x"}}),
			ns + "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.",
		},
		{
			"unknown system attribute", false, client.SendMessageInput{
				MessageBody:             str("x"),
				MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"Hello": {DataType: str("String"), StringValue: str("x")}},
			}, invalidValueCode, "Message system attribute name 'Hello' is invalid.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.QueueUrl = &standard
			if test.fifo {
				test.in.QueueUrl = &fifo
			}
			_, err := c.SendMessage(t.Context(), &test.in)
			wantAPIError(t, err, 400, test.code, test.message)
		})
	}
}

func TestErrorsOfReceiveMessage(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	for message, in := range map[string]client.ReceiveMessageInput{
		"Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.":   {MaxNumberOfMessages: 11},
		"Value -1 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.":   {MaxNumberOfMessages: -1},
		"Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.":         {WaitTimeSeconds: 21},
		"Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.":         {WaitTimeSeconds: -1},
		"Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.": {VisibilityTimeout: 43201},
		"Value a b for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId can only include " +
			"alphanumeric and punctuation characters. 1 to 128 in length.": {
			ReceiveRequestAttemptId: aws.String("a b"),
		},
	} {
		in.QueueUrl = &url
		_, err := c.ReceiveMessage(t.Context(), &in)
		wantAPIError(t, err, 400, invalidValueCode, message)
	}
	_, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{
		QueueUrl: &url, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"Color"},
	})
	wantAPIError(t, err, 400, "InvalidAttributeName", "Unknown Attribute Color.")
}

func TestErrorsOfReceipts(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	other, _ := create(t, c, "other", nil)
	if _, err := c.SendMessage(t.Context(), &client.SendMessageInput{QueueUrl: &other, MessageBody: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	received, err := c.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: &other})
	if err != nil || len(received.Messages) != 1 {
		t.Fatal(received, err)
	}
	foreign := *received.Messages[0].ReceiptHandle
	for _, handle := range []string{"nonsense", "YWJj", foreign} {
		message := `The input receipt handle "` + handle + `" is not a valid receipt handle.`
		_, err := c.DeleteMessage(t.Context(), &client.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: &handle})
		wantAPIError(t, err, 400, "ReceiptHandleIsInvalid", message)
		_, err = c.ChangeMessageVisibility(t.Context(), &client.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: &handle})
		wantAPIError(t, err, 400, "ReceiptHandleIsInvalid", message)
	}
	_, err = c.ChangeMessageVisibility(t.Context(), &client.ChangeMessageVisibilityInput{
		QueueUrl: &other, ReceiptHandle: &foreign, VisibilityTimeout: 43201,
	})
	wantAPIError(t, err, 400, invalidValueCode,
		"Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.")
	_, err = c.DeleteMessage(t.Context(), &client.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("")})
	wantAPIError(t, err, 400, missingCode, "The request must contain the parameter ReceiptHandle.")
}
