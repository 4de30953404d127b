package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

func TestMoveTaskReturnsMessagesToTheirSources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, dead := newService(t, "dead", nil)
		for _, name := range []string{"a", "b"} {
			source := addQueue(t, s, name, map[string]string{
				"VisibilityTimeout": "0", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`,
			})
			send(t, s, name, name)
			receive(t, s, source, 1)
			receive(t, s, source, 1)
		}
		wantCounts(t, s, "dead", "2 0 0")
		if _, err := s.StartMessageMoveTask(t.Context(), sqs.StartMessageMoveTaskInput{SourceARN: dead}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			out, err := s.ReceiveMessage(t.Context(), sqs.ReceiveMessageInput{QueueURL: name, AttributeNames: []string{"All"}})
			if err != nil || len(out.Messages) != 1 || out.Messages[0].Body != name {
				t.Fatalf("%s: got %v, %v", name, out, err)
			}
			attributes := out.Messages[0].Attributes
			if attributes["ApproximateReceiveCount"] != "1" || attributes["DeadLetterQueueSourceArn"] != "" {
				t.Errorf("got %v, want a new message", attributes)
			}
		}
		list, err := s.ListMessageMoveTasks(t.Context(), sqs.ListMessageMoveTasksInput{SourceARN: dead})
		want := []sqs.MessageMoveTask{{
			Status: "COMPLETED", SourceARN: dead, ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: 2,
			StartedTimestamp: time.Now().UnixMilli(),
		}}
		if diff := cmp.Diff(want, list.Results); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestMoveTaskKeepsItsRateAndCanBeCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, dead := newService(t, "dead", nil)
		target := addQueue(t, s, "target", map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`,
		})
		for range 10 {
			send(t, s, "dead", "x")
		}
		in := sqs.StartMessageMoveTaskInput{SourceARN: dead, DestinationARN: target, MaxNumberOfMessagesPerSecond: new(2)}
		task, err := s.StartMessageMoveTask(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.StartMessageMoveTask(t.Context(), in)
		wantError(t, err, "InvalidParameterValue",
			"There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		time.Sleep(1100 * time.Millisecond)
		wantCounts(t, s, "target", "3 0 0")
		cancelled, err := s.CancelMessageMoveTask(t.Context(), sqs.CancelMessageMoveTaskInput(task))
		if err != nil || cancelled.ApproximateNumberOfMessagesMoved != 3 {
			t.Errorf("got %v, %v, want 3 moved", cancelled, err)
		}
		time.Sleep(time.Minute)
		wantCounts(t, s, "dead", "7 0 0")

		if _, err = s.StartMessageMoveTask(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DeleteQueue(t.Context(), sqs.DeleteQueueInput{QueueURL: "target"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		list, err := s.ListMessageMoveTasks(t.Context(), sqs.ListMessageMoveTasksInput{SourceARN: dead, MaxResults: new(10)})
		if err != nil || len(list.Results) != 2 || list.Results[0].Status != "FAILED" || list.Results[1].Status != "CANCELLED" ||
			list.Results[0].FailureReason != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("got %+v, %v", list, err)
		}
		wantCounts(t, s, "dead", "6 0 0") // one was moved before the target went
	})
}

func TestErrorsOfMoveTasks(t *testing.T) {
	t.Parallel()
	c := start(t)
	_, dead := create(t, c, "dead", nil)
	_, plain := create(t, c, "plain", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`})
	startTask := func(source, destination string, rate *int32) error {
		in := &client.StartMessageMoveTaskInput{SourceArn: &source, MaxNumberOfMessagesPerSecond: rate}
		if destination != "" {
			in.DestinationArn = &destination
		}
		_, err := c.StartMessageMoveTask(t.Context(), in)
		return err
	}
	cancel := func(handle string) error {
		_, err := c.CancelMessageMoveTask(t.Context(), &client.CancelMessageMoveTaskInput{TaskHandle: &handle})
		return err
	}
	const notFound = "ResourceNotFoundException"
	wantAPIError(t, startTask(plain, "", nil), 400, invalidValueCode, "Source queue must be configured as a Dead Letter Queue.")
	wantAPIError(t, startTask(dead+"x", "", nil), 404, notFound, "The resource that you specified for the SourceArn parameter doesn't exist.")
	wantAPIError(t, startTask(dead, plain+"x", nil), 404, notFound,
		"The resource that you specified for the DestinationArn parameter doesn't exist.")
	wantAPIError(t, startTask("dead", "", nil), 400, invalidValueCode,
		"You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:<resource-id>")
	wantAPIError(t, startTask(dead, "", aws.Int32(501)), 400, invalidValueCode,
		"Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.")
	wantAPIError(t, cancel("x"), 400, invalidValueCode, "Value for parameter TaskHandle is invalid.")

	if _, err := c.SendMessage(t.Context(), &client.SendMessageInput{QueueUrl: aws.String("dead"), MessageBody: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	if err := startTask(dead, "", nil); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListMessageMoveTasks(t.Context(), &client.ListMessageMoveTasksInput{SourceArn: &dead})
	if err != nil || len(list.Results) != 1 || aws.ToString(list.Results[0].FailureReason) != "CouldNotDetermineMessageSource" {
		t.Errorf("a message that was sent to the dead-letter queue itself: got %+v, %v", list, err)
	}
}
