package sqs_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// wantError checks an error by the code that clients of the query protocol know it by.
func wantError(t *testing.T, err error, query, message string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want %s: %s", query, message)
		return
	}
	if apiErr := wire.AsError(err); apiErr.Query != query || apiErr.Message != message {
		t.Errorf("got  %s: %s\nwant %s: %s", apiErr.Query, apiErr.Message, query, message)
	}
}

func set(t *testing.T, s *sqs.Service, queue string, attributes map[string]string) {
	t.Helper()
	if _, err := s.SetQueueAttributes(t.Context(), sqs.SetQueueAttributesInput{QueueURL: queue, Attributes: attributes}); err != nil {
		t.Fatal(err)
	}
}

// counts returns available, in flight and delayed messages.
func counts(t *testing.T, s *sqs.Service, queue string) string {
	t.Helper()
	out, err := s.GetQueueAttributes(t.Context(), sqs.GetQueueAttributesInput{QueueURL: queue, AttributeNames: []string{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	const approximate = "ApproximateNumberOfMessages"
	return strings.Join([]string{
		out.Attributes[approximate], out.Attributes[approximate+"NotVisible"], out.Attributes[approximate+"Delayed"],
	}, " ")
}

func wantCounts(t *testing.T, s *sqs.Service, queue, want string) {
	t.Helper()
	if got := counts(t, s, queue); got != want {
		t.Errorf("%s has %s (available, in flight, delayed), want %s", queue, got, want)
	}
}

func TestCountsFollowEveryStep(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"q", "q.fifo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				attributes := map[string]string{"DelaySeconds": "5", "VisibilityTimeout": "10", "MessageRetentionPeriod": "60"}
				if name == "q.fifo" {
					attributes["FifoQueue"] = "true"
				}
				s, arn := newService(t, name, attributes)
				for _, body := range []string{"1", "2", "3"} {
					out := sqs.Outgoing{MessageBody: body}
					if name == "q.fifo" {
						out.MessageGroupID, out.MessageDeduplicationID = &body, &body
					}
					sendOut(t, s, name, out)
				}
				wantCounts(t, s, name, "0 0 3")
				time.Sleep(5 * time.Second)
				wantCounts(t, s, name, "3 0 0")
				messages := receive(t, s, arn, 2)
				wantCounts(t, s, name, "1 2 0")
				remove(t, s, arn, messages[0])
				wantCounts(t, s, name, "1 1 0")
				time.Sleep(10 * time.Second)
				wantCounts(t, s, name, "2 0 0")
				receive(t, s, arn, 1)
				if _, err := s.PurgeQueue(t.Context(), sqs.PurgeQueueInput{QueueURL: name}); err != nil {
					t.Fatal(err)
				}
				wantCounts(t, s, name, "0 0 0")
			})
		})
	}
}

func TestRetentionEndsAMessageWhateverItsState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", map[string]string{"MessageRetentionPeriod": "60", "VisibilityTimeout": "100"})
		send(t, s, "q", "in flight")
		receive(t, s, arn, 1)
		sendOut(t, s, "q", sqs.Outgoing{MessageBody: "delayed", DelaySeconds: new(300)})
		time.Sleep(30 * time.Second)
		send(t, s, "q", "younger")
		time.Sleep(30*time.Second - time.Nanosecond)
		wantCounts(t, s, "q", "1 1 1")
		time.Sleep(time.Nanosecond)
		wantCounts(t, s, "q", "1 0 0")
		set(t, s, "q", map[string]string{"MessageRetentionPeriod": "120"})
		time.Sleep(89 * time.Second)
		expect(t, "kept longer", receive(t, s, arn, 10), "younger")
		set(t, s, "q", map[string]string{"MessageRetentionPeriod": "60"})
		wantCounts(t, s, "q", "0 0 0")
	})
}

func TestStandardQueueReceiptHandles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", map[string]string{"VisibilityTimeout": "10"})
		send(t, s, "q", "x")
		stale := receive(t, s, arn, 1)[0]
		time.Sleep(10 * time.Second)
		latest := receive(t, s, arn, 1)[0]
		if stale.ReceiptHandle == latest.ReceiptHandle {
			t.Error("the second receive has the first one's handle")
		}
		remove(t, s, arn, stale)
		wantCounts(t, s, "q", "0 1 0")
		time.Sleep(10 * time.Second)
		remove(t, s, arn, latest) // even though its visibility timeout is over
		wantCounts(t, s, "q", "0 0 0")
		remove(t, s, arn, latest)
	})
}

func TestChangeMessageVisibility(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", map[string]string{"VisibilityTimeout": "10"})
		change := func(handle string, timeout *int) error {
			_, err := s.ChangeMessageVisibility(t.Context(), sqs.ChangeMessageVisibilityInput{
				QueueURL: "q", ReceiptHandle: handle, VisibilityTimeout: timeout,
			})
			return err
		}
		send(t, s, "q", "x")
		handle := receive(t, s, arn, 1)[0].ReceiptHandle
		for range 3 { // heartbeats
			time.Sleep(9 * time.Second)
			if err := change(handle, new(10)); err != nil {
				t.Fatal(err)
			}
		}
		wantCounts(t, s, "q", "0 1 0")
		wantError(t, change(handle, new(43_200-26)), "InvalidParameterValue", "Value 43174 for parameter VisibilityTimeout is invalid. "+
			"Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
		if err := change(handle, new(43_200-27)); err != nil {
			t.Error(err)
		}
		if err := change(handle, new(0)); err != nil {
			t.Error(err)
		}
		wantCounts(t, s, "q", "1 0 0")
		if err := change(handle, new(5)); err != nil { // recorded on AWS: the handle still counts
			t.Error(err)
		}
		wantCounts(t, s, "q", "0 1 0")
		time.Sleep(5 * time.Second)
		again := receive(t, s, arn, 1)[0]
		if got := again.Attributes["ApproximateReceiveCount"]; got != "2" {
			t.Errorf("receive count %s, want 2", got)
		}
		time.Sleep(10 * time.Second)
		wantCounts(t, s, "q", "1 0 0") // the queue's visibility timeout counts again
		remove(t, s, arn, again)
		wantError(t, change(handle, new(1)), "InvalidParameterValue", "Value "+handle+" for parameter ReceiptHandle is invalid. "+
			"Reason: Message does not exist or is not available for visibility timeout change.")
	})
}

func TestCooldowns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := sqs.New(discard(), sqs.WithCooldowns(sqs.AWSCooldown, sqs.AWSCooldown))
		addQueue(t, c, "q", nil)
		purge := func() error {
			_, err := c.PurgeQueue(t.Context(), sqs.PurgeQueueInput{QueueURL: "q"})
			return err
		}
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		wantError(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress", "Only one PurgeQueue operation on q is allowed every 60 seconds.")
		time.Sleep(time.Second)
		if err := purge(); err != nil {
			t.Error(err)
		}
		if _, err := c.DeleteQueue(t.Context(), sqs.DeleteQueueInput{QueueURL: "q"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		_, err := c.CreateQueue(t.Context(), sqs.CreateQueueInput{QueueName: "q"})
		wantError(t, err, "AWS.SimpleQueueService.QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
		time.Sleep(time.Second)
		addQueue(t, c, "q", nil)
	})
}

func TestPollerMethods(t *testing.T) {
	t.Parallel()
	s, arn := newService(t, "q", map[string]string{"VisibilityTimeout": "90"})
	if got, err := s.VisibilityTimeout(arn); err != nil || got != 90*time.Second {
		t.Errorf("got %s, %v, want 90s", got, err)
	}
	for range 25 {
		send(t, s, "q", "x")
	}
	messages := receive(t, s, arn, 10_000)
	if len(messages) != 25 {
		t.Fatalf("got %d messages, want 25", len(messages))
	}
	handles := []string{"nonsense"}
	for _, m := range messages {
		handles = append(handles, m.ReceiptHandle)
	}
	err := s.Delete(t.Context(), arn, handles)
	wantError(t, err, "ReceiptHandleIsInvalid", `The input receipt handle "nonsense" is not a valid receipt handle.`)
	wantCounts(t, s, "q", "0 0 0")

	const nonExistent = "AWS.SimpleQueueService.NonExistentQueue"
	_, err = s.VisibilityTimeout(arn + "x")
	wantError(t, err, nonExistent, "The specified queue does not exist.")
	_, err = s.Receive(t.Context(), arn+"x", 1, 0, 0)
	wantError(t, err, nonExistent, "The specified queue does not exist.")
	wantError(t, s.Delete(t.Context(), arn+"x", nil), nonExistent, "The specified queue does not exist.")
}

func TestOverLimit(t *testing.T) {
	t.Parallel()
	const limit = 120_000
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", map[string]string{"VisibilityTimeout": "43200"})
		for range limit + 1 {
			send(t, s, "q", "x")
		}
		messages := receive(t, s, arn, limit+1)
		if len(messages) != limit {
			t.Fatalf("got %d messages, want %d", len(messages), limit)
		}
		_, err := s.Receive(t.Context(), arn, 1, time.Second, 0)
		wantError(t, err, "OverLimit", "The maximum number of in flight messages is reached.")
		remove(t, s, arn, messages[0])
		if got := receive(t, s, arn, 2); len(got) != 1 {
			t.Errorf("got %d messages, want the one that there is room for", len(got))
		}
	})
}
