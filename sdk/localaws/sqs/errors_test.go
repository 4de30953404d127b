package sqs_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wantAPIError checks an error as the SDK sees it.
func wantAPIError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Errorf("got %v, want %s: %s", err, code, message)
		return
	}
	if apiErr.ErrorCode() != code || apiErr.ErrorMessage() != message {
		t.Errorf("got  %s: %s\nwant %s: %s", apiErr.ErrorCode(), apiErr.ErrorMessage(), code, message)
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || response.HTTPStatusCode() != status {
		t.Errorf("got %v, want status %d", err, status)
	}
}

const (
	invalidValueCode = "InvalidParameterValue"
	missingCode      = "MissingParameter"
	ns               = "AWS.SimpleQueueService."
)

func TestErrorsOfQueues(t *testing.T) {
	t.Parallel()
	c := start(t)
	standard, standardARN := create(t, c, "standard", map[string]string{"VisibilityTimeout": "7"})
	fifo, fifoARN := create(t, c, "queue.fifo", map[string]string{"FifoQueue": "true"})
	_, closedARN := create(t, c, "closed", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
	createQueue := func(name string, attributes map[string]string) func() error {
		return func() error {
			_, err := c.CreateQueue(t.Context(), &client.CreateQueueInput{QueueName: &name, Attributes: attributes})
			return err
		}
	}
	setAttribute := func(url, name, value string) func() error {
		return func() error {
			_, err := c.SetQueueAttributes(t.Context(), &client.SetQueueAttributesInput{
				QueueUrl: &url, Attributes: map[string]string{name: value},
			})
			return err
		}
	}
	redrive := func(url, policy string) func() error { return setAttribute(url, "RedrivePolicy", policy) }
	const (
		badName     = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
		badFIFOName = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, " +
			"must end with .fifo suffix and be 1 to 80 in length"
		badAllowPolicy = "Invalid value for the parameter RedriveAllowPolicy. " +
			"Reason: Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format."
	)
	eleven := `{"redrivePermission":"byQueue","sourceQueueArns":["` + strings.Repeat(`a","`, 10) + `a"]}`
	for _, test := range []struct {
		name          string
		call          func() error
		code, message string
	}{
		{"name with a slash", createQueue("a/b", nil), invalidValueCode, badName},
		{"name too long", createQueue(strings.Repeat("a", 81), nil), invalidValueCode, badName},
		{"FIFO name of a standard queue", createQueue("a.fifo", nil), invalidValueCode, badName},
		{"standard name of a FIFO queue", createQueue("a", map[string]string{"FifoQueue": "true"}), invalidValueCode, badFIFOName},
		{
			"FIFO name too long", createQueue(strings.Repeat("a", 76)+".fifo", map[string]string{"FifoQueue": "true"}),
			invalidValueCode, badFIFOName,
		},
		{"empty name", createQueue("", nil), invalidValueCode, "Queue name cannot be empty"},
		{
			"FifoQueue false", createQueue("a", map[string]string{"FifoQueue": "false"}), "InvalidAttributeName",
			"Unknown Attribute FifoQueue.",
		},
		{"unknown attribute", createQueue("a", map[string]string{"Color": "red"}), "InvalidAttributeName", "Unknown Attribute Color."},
		{
			"read-only attribute", createQueue("a", map[string]string{"QueueArn": "x"}), "InvalidAttributeName",
			"Unknown Attribute QueueArn.",
		},
		{
			"deduplication on a standard queue", createQueue("a", map[string]string{"ContentBasedDeduplication": "true"}),
			"InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.",
		},
		{
			"deduplication scope on a standard queue", createQueue("a", map[string]string{"DeduplicationScope": "queue"}),
			"InvalidAttributeName", "You can specify the DeduplicationScope only when FifoQueue is set to true.",
		},
		{
			"throughput limit on a standard queue", setAttribute(standard, "FifoThroughputLimit", "perQueue"),
			"InvalidAttributeName", "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
		},
		{
			"throughput per group without its deduplication", setAttribute(fifo, "FifoThroughputLimit", "perMessageGroupId"),
			"InvalidAttributeValue", "Invalid value for the parameter FifoThroughputLimit. " +
				"Reason: The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
		},
		{
			"unknown choice", setAttribute(fifo, "DeduplicationScope", "x"), "InvalidAttributeValue",
			"Invalid value for the parameter DeduplicationScope.",
		},
		{
			"exists with other attributes", createQueue("standard", map[string]string{"VisibilityTimeout": "8"}), "QueueAlreadyExists",
			"A queue already exists with the same name and a different value for attribute VisibilityTimeout",
		},
		{
			"change of type", setAttribute(fifo, "FifoQueue", "false"), "InvalidAttributeValue",
			"Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
		},
		{
			"two kinds of encryption", createQueue("a", map[string]string{"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"}),
			"InvalidAttributeName",
			"You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
		},
		{
			"policy that is no JSON", setAttribute(standard, "Policy", "x"), "InvalidAttributeValue",
			"Invalid value for the parameter Policy.",
		},
		{
			"policy without statement", setAttribute(standard, "Policy", "{}"), "InvalidAttributeValue",
			"Invalid value for the parameter Policy.",
		},

		{
			"redrive policy that is no JSON", redrive(standard, " "), "InvalidAttributeValue",
			"Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
		},
		{
			"redrive policy that is no map", redrive(standard, "4"), "InvalidAttributeValue",
			"Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
		},
		{
			"redrive policy without count", redrive(standard, `{}`), invalidValueCode, "Value {} for parameter RedrivePolicy is invalid. " +
				"Reason: Redrive policy does not contain mandatory attribute: maxReceiveCount.",
		},
		{
			"redrive policy without target", redrive(standard, `{"maxReceiveCount":5}`), invalidValueCode,
			`Value {"maxReceiveCount":5} for parameter RedrivePolicy is invalid. ` +
				"Reason: Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
		},
		{
			"redrive count too low", redrive(standard, `{"deadLetterTargetArn":"x","maxReceiveCount":0}`), invalidValueCode,
			`Value {"deadLetterTargetArn":"x","maxReceiveCount":0} for parameter RedrivePolicy is invalid. ` +
				"Reason: Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
		},
		{
			"redrive to something else", redrive(standard, `{"deadLetterTargetArn":"arn:aws:sns:eu-west-1:1:x","maxReceiveCount":5}`),
			invalidValueCode, `Value {"deadLetterTargetArn":"arn:aws:sns:eu-west-1:1:x","maxReceiveCount":5} for parameter RedrivePolicy ` +
				"is invalid. Reason: Only SQS queues are valid resources for deadLetterTargetArn.",
		},
		{
			"redrive to nowhere", redrive(standard, `{"deadLetterTargetArn":"`+standardARN+`x","maxReceiveCount":5}`), invalidValueCode,
			`Value {"deadLetterTargetArn":"` + standardARN + `x","maxReceiveCount":5} for parameter RedrivePolicy is invalid. ` +
				"Reason: Dead letter target does not exist.",
		},
		{
			"redrive to another type", redrive(standard, `{"deadLetterTargetArn":"`+fifoARN+`","maxReceiveCount":5}`), invalidValueCode,
			`Value {"deadLetterTargetArn":"` + fifoARN + `","maxReceiveCount":5} for parameter RedrivePolicy is invalid. ` +
				"Reason: Dead-letter queue must be same type of queue as the source..",
		},
		{
			"redrive that is not allowed", redrive(standard, `{"deadLetterTargetArn":"`+closedARN+`","maxReceiveCount":5}`), invalidValueCode,
			`Value {"deadLetterTargetArn":"` + closedARN + `","maxReceiveCount":5} for parameter RedrivePolicy is invalid. ` +
				"Reason: The dead-letter queue's redrive allow policy does not allow redrive from this source queue.",
		},
		{
			"redrive policy with more", redrive(standard, `{"deadLetterTargetArn":"`+standardARN+`","maxReceiveCount":5,"x":1}`),
			invalidValueCode, `Value {"deadLetterTargetArn":"` + standardARN + `","maxReceiveCount":5,"x":1} for parameter RedrivePolicy is ` +
				"invalid. Reason: Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
		},

		{"allow policy that is no JSON", setAttribute(standard, "RedriveAllowPolicy", "x"), "InvalidAttributeValue", badAllowPolicy},
		{"allow policy without permission", setAttribute(standard, "RedriveAllowPolicy", "{}"), "InvalidAttributeValue", badAllowPolicy},
		{
			"allow policy with more", setAttribute(standard, "RedriveAllowPolicy", `{"redrivePermission":"allowAll","x":1}`),
			"InvalidAttributeValue", badAllowPolicy,
		},
		{
			"allow policy by no queue", setAttribute(standard, "RedriveAllowPolicy", `{"redrivePermission":"byQueue"}`), invalidValueCode,
			`Value {"redrivePermission":"byQueue"} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive ` +
				"allow policy. When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
		},
		{
			"allow policy for all but queues",
			setAttribute(standard, "RedriveAllowPolicy", `{"redrivePermission":"denyAll","sourceQueueArns":["x"]}`),
			invalidValueCode, `Value {"redrivePermission":"denyAll","sourceQueueArns":["x"]} for parameter RedriveAllowPolicy is invalid. Reason: ` +
				"Amazon SQS can't create the redrive allow policy. To specify one or more source queue ARNs, " +
				"you must set redrivePermission to byQueue.",
		},
		{
			"allow policy by many queues", setAttribute(standard, "RedriveAllowPolicy", eleven), invalidValueCode,
			"Value " + eleven + " for parameter RedriveAllowPolicy is invalid. Reason: " +
				"Amazon SQS can't create the redrive allow policy. The maximum number of source queue ARNs you can specify is 10.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantAPIError(t, test.call(), 400, test.code, test.message)
		})
	}
}

func TestIntegerAttributesHaveRanges(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", map[string]string{"KmsMasterKeyId": "alias/aws/sqs"})
	for name, limits := range map[string][2]int{
		"DelaySeconds": {0, 900}, "MaximumMessageSize": {1024, 1048576}, "MessageRetentionPeriod": {60, 1209600},
		"ReceiveMessageWaitTimeSeconds": {0, 20}, "VisibilityTimeout": {0, 43200}, "KmsDataKeyReusePeriodSeconds": {60, 86400},
	} {
		set := func(value string) error {
			_, err := c.SetQueueAttributes(t.Context(), &client.SetQueueAttributesInput{
				QueueUrl: &url, Attributes: map[string]string{name: value},
			})
			return err
		}
		for _, value := range []string{
			fmt.Sprint(limits[0] - 1), fmt.Sprint(limits[1] + 1), "", " 100", "1e2", "100.5", "true", "99999999999999999999",
		} {
			wantAPIError(t, set(value), 400, "InvalidAttributeValue", "Invalid value for the parameter "+name+".")
		}
		for _, limit := range limits {
			if err := set(fmt.Sprint(limit)); err != nil {
				t.Errorf("%s = %d: %v", name, limit, err)
				continue
			}
			out, err := c.GetQueueAttributes(t.Context(), &client.GetQueueAttributesInput{
				QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeName(name)},
			})
			if err != nil || !maps.Equal(out.Attributes, map[string]string{name: fmt.Sprint(limit)}) {
				t.Errorf("got %v, %v, want %s = %d", out, err, name, limit)
			}
		}
	}
}
