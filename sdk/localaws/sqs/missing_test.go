package sqs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestErrorsOfEveryOperationOnAMissingQueue(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := t.Context()
	url := aws.String("http://127.0.0.1/000000000000/none")
	foreign, _ := create(t, c, "foreign", nil)
	foreign = strings.Replace(foreign, "000000000000", "111111111111", 1)
	handle := aws.String("x")
	for name, call := range map[string]func() error{
		"AddPermission": func() error {
			_, err := c.AddPermission(ctx, &client.AddPermissionInput{
				QueueUrl: url, Label: handle, AWSAccountIds: []string{"1"}, Actions: []string{"*"},
			})
			return err
		},
		"ChangeMessageVisibility": func() error {
			_, err := c.ChangeMessageVisibility(ctx, &client.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: handle})
			return err
		},
		"ChangeMessageVisibilityBatch": func() error {
			_, err := c.ChangeMessageVisibilityBatch(ctx, &client.ChangeMessageVisibilityBatchInput{
				QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{},
			})
			return err
		},
		"DeleteMessage": func() error {
			_, err := c.DeleteMessage(ctx, &client.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle})
			return err
		},
		"DeleteMessageBatch": func() error {
			_, err := c.DeleteMessageBatch(ctx, &client.DeleteMessageBatchInput{
				QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{},
			})
			return err
		},
		"DeleteQueue": func() error {
			_, err := c.DeleteQueue(ctx, &client.DeleteQueueInput{QueueUrl: url})
			return err
		},
		"DeleteQueue of another account": func() error {
			_, err := c.DeleteQueue(ctx, &client.DeleteQueueInput{QueueUrl: &foreign})
			return err
		},
		"GetQueueAttributes": func() error {
			_, err := c.GetQueueAttributes(ctx, &client.GetQueueAttributesInput{QueueUrl: url})
			return err
		},
		"GetQueueUrl": func() error {
			_, err := c.GetQueueUrl(ctx, &client.GetQueueUrlInput{QueueName: aws.String("none")})
			return err
		},
		"GetQueueUrl of another account": func() error {
			_, err := c.GetQueueUrl(ctx, &client.GetQueueUrlInput{
				QueueName: aws.String("foreign"), QueueOwnerAWSAccountId: aws.String("111111111111"),
			})
			return err
		},
		"ListDeadLetterSourceQueues": func() error {
			_, err := c.ListDeadLetterSourceQueues(ctx, &client.ListDeadLetterSourceQueuesInput{QueueUrl: url})
			return err
		},
		"ListQueueTags": func() error {
			_, err := c.ListQueueTags(ctx, &client.ListQueueTagsInput{QueueUrl: url})
			return err
		},
		"PurgeQueue": func() error {
			_, err := c.PurgeQueue(ctx, &client.PurgeQueueInput{QueueUrl: url})
			return err
		},
		"ReceiveMessage": func() error {
			_, err := c.ReceiveMessage(ctx, &client.ReceiveMessageInput{QueueUrl: url})
			return err
		},
		"RemovePermission": func() error {
			_, err := c.RemovePermission(ctx, &client.RemovePermissionInput{QueueUrl: url, Label: handle})
			return err
		},
		"SendMessage": func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: url, MessageBody: handle})
			return err
		},
		"SendMessageBatch": func() error {
			_, err := c.SendMessageBatch(ctx, &client.SendMessageBatchInput{
				QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{},
			})
			return err
		},
		"SetQueueAttributes": func() error {
			_, err := c.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{}})
			return err
		},
		"TagQueue": func() error {
			_, err := c.TagQueue(ctx, &client.TagQueueInput{QueueUrl: url, Tags: map[string]string{}})
			return err
		},
		"UntagQueue": func() error {
			_, err := c.UntagQueue(ctx, &client.UntagQueueInput{QueueUrl: url, TagKeys: []string{}})
			return err
		},
	} {
		err := call()
		t.Run(name, func(t *testing.T) {
			wantAPIError(t, err, 400, ns+"NonExistentQueue", "The specified queue does not exist.")
			if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
				t.Errorf("%v is no QueueDoesNotExist", err)
			}
		})
	}
}
