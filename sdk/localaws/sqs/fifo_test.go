package sqs_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

func sendTo(t *testing.T, s *sqs.Service, group, body string) sqs.Sent {
	t.Helper()
	return sendOut(t, s, "q.fifo", sqs.Outgoing{MessageBody: body, MessageGroupID: &group})
}

func newFIFO(t *testing.T, more map[string]string) (s *sqs.Service, arn string) {
	t.Helper()
	attributes := map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "10"}
	maps.Copy(attributes, more)
	return newService(t, "q.fifo", attributes)
}

func expect(t *testing.T, when string, got []sqs.ReceivedMessage, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), bodies(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func remove(t *testing.T, s *sqs.Service, arn string, messages ...sqs.ReceivedMessage) {
	t.Helper()
	for _, m := range messages {
		if err := s.Delete(t.Context(), arn, []string{m.ReceiptHandle}); err != nil {
			t.Error(err)
		}
	}
}

func TestFIFOGroupWaitsForItsMessagesInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newFIFO(t, nil)
		for _, body := range []string{"a1", "b1", "a2", "b2", "a3"} {
			sendTo(t, s, body[:1], body)
		}
		first := receive(t, s, arn, 2)
		expect(t, "one group fills the first receive", first, "a1", "a2")
		expect(t, "the group in flight is held back", receive(t, s, arn, 10), "b1", "b2")
		expect(t, "nothing is left", receive(t, s, arn, 10))
		remove(t, s, arn, first[0])
		expect(t, "a2 still holds a3 back", receive(t, s, arn, 10))
		remove(t, s, arn, first[1])
		expect(t, "the group is free", receive(t, s, arn, 10), "a3")
	})
}

func TestFIFOOrderSurvivesVisibilityExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newFIFO(t, nil)
		var want []string
		for i := range 25 {
			want = append(want, fmt.Sprint(i))
			sendTo(t, s, "g", fmt.Sprint(i))
		}
		expect(t, "first receive", receive(t, s, arn, 10), want[:10]...)
		time.Sleep(10 * time.Second)
		var got []string
		for {
			messages := receive(t, s, arn, 4)
			if len(messages) == 0 {
				break
			}
			got = append(got, bodies(messages)...)
			remove(t, s, arn, messages...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// What AWS answered in recordings by the LocalStack project (test_fifo_group_visibility_extends_with_change_message_visibility).
func TestFIFOHiddenMessageHoldsBackOnlyWhatFollowsIt(t *testing.T) {
	t.Parallel()
	for extended, want := range [][]string{{}, {"foo"}, {"foo", "bar"}} {
		synctest.Test(t, func(t *testing.T) {
			s, arn := newFIFO(t, nil)
			for _, body := range []string{"foo", "bar", "baz"} {
				sendTo(t, s, "1", body)
			}
			messages := receive(t, s, arn, 5)
			_, err := s.ChangeMessageVisibility(t.Context(), sqs.ChangeMessageVisibilityInput{
				QueueURL: "q.fifo", ReceiptHandle: messages[extended].ReceiptHandle, VisibilityTimeout: new(40),
			})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
			expect(t, "after the others' visibility timeout", receive(t, s, arn, 5), want...)
		})
	}
}

func TestFIFOReceiptHandleExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newFIFO(t, nil)
		sendTo(t, s, "g", "x")
		handle := receive(t, s, arn, 1)[0].ReceiptHandle
		time.Sleep(10 * time.Second)
		wantError(t, s.Delete(t.Context(), arn, []string{handle}), "InvalidParameterValue",
			"Value "+handle+" for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
		_, err := s.ChangeMessageVisibility(t.Context(), sqs.ChangeMessageVisibilityInput{
			QueueURL: "q.fifo", ReceiptHandle: handle, VisibilityTimeout: new(1),
		})
		wantError(t, err, "InvalidParameterValue", "Value "+handle+" for parameter ReceiptHandle is invalid. "+
			"Reason: Message does not exist or is not available for visibility timeout change.")
		remove(t, s, arn, receive(t, s, arn, 1)...)
		if err := s.Delete(t.Context(), arn, []string{handle}); err != nil {
			t.Errorf("deleting what is gone: %v", err)
		}
	})
}

func TestFIFODeduplication(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		attributes map[string]string
		send       func(t *testing.T, s *sqs.Service)
		want       []string
	}{
		{
			"by content", nil,
			func(t *testing.T, s *sqs.Service) {
				original, duplicate := sendTo(t, s, "g", "x"), sendTo(t, s, "g", "x")
				if diff := cmp.Diff(original, duplicate); diff != "" {
					t.Errorf("the duplicate is answered differently (-original +duplicate):\n%s", diff)
				}
				sendTo(t, s, "other", "x")
			},
			[]string{"x"},
		},
		{
			"by ID, which wins over the content", nil,
			func(t *testing.T, s *sqs.Service) {
				for _, body := range []string{"x", "y"} {
					sendOut(t, s, "q.fifo", sqs.Outgoing{MessageBody: body, MessageGroupID: new("g"), MessageDeduplicationID: new("1")})
				}
				sendOut(t, s, "q.fifo", sqs.Outgoing{MessageBody: "x", MessageGroupID: new("g"), MessageDeduplicationID: new("2")})
			},
			[]string{"x", "x"},
		},
		{
			"within the group", map[string]string{"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"},
			func(t *testing.T, s *sqs.Service) {
				sendTo(t, s, "g", "x")
				sendTo(t, s, "g", "x")
				sendTo(t, s, "other", "x")
			},
			[]string{"x", "x"},
		},
		{
			"for five minutes, deleted or not", nil,
			func(t *testing.T, s *sqs.Service) {
				sendTo(t, s, "g", "x")
				messages, err := s.ReceiveMessage(t.Context(), sqs.ReceiveMessageInput{QueueURL: "q.fifo"})
				if err != nil || len(messages.Messages) != 1 {
					t.Fatal(messages, err)
				}
				remove(t, s, "arn:aws:sqs:us-east-1:000000000000:q.fifo", messages.Messages...)
				time.Sleep(5*time.Minute - time.Nanosecond)
				sendTo(t, s, "g", "x")
				if got := receive(t, s, "arn:aws:sqs:us-east-1:000000000000:q.fifo", 1); len(got) > 0 {
					t.Error("duplicate within five minutes")
				}
				time.Sleep(time.Nanosecond)
				sendTo(t, s, "g", "x")
			},
			[]string{"x"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, arn := newFIFO(t, test.attributes)
				test.send(t, s)
				expect(t, "received", receive(t, s, arn, 10), test.want...)
			})
		})
	}
}

func TestFIFODelayIsOfTheQueueAndRetroactive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newFIFO(t, map[string]string{"DelaySeconds": "60"})
		sendOut(t, s, "q.fifo", sqs.Outgoing{MessageBody: "x", MessageGroupID: new("g"), DelaySeconds: new(0)})
		expect(t, "while delayed", receive(t, s, arn, 1))
		time.Sleep(5 * time.Second)
		set(t, s, "q.fifo", map[string]string{"DelaySeconds": "6"})
		start := time.Now()
		messages, err := s.Receive(t.Context(), arn, 1, 20*time.Second, 0)
		if err != nil || len(messages) != 1 || time.Since(start) != time.Second {
			t.Errorf("got %v, %v after %s, want the message after 1s", bodies(messages), err, time.Since(start))
		}
	})
}

func TestFIFOReceiveWithoutVisibilityTimeoutReturnsTheSameAgain(t *testing.T) {
	t.Parallel()
	s, _ := newFIFO(t, nil)
	sendTo(t, s, "g", "1")
	sendTo(t, s, "g", "2")
	for range 2 {
		out, err := s.ReceiveMessage(t.Context(), sqs.ReceiveMessageInput{
			QueueURL: "q.fifo", MaxNumberOfMessages: new(10), VisibilityTimeout: new(0),
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "each time", out.Messages, "1", "2")
	}
}

func TestFIFOAttributesOfMessages(t *testing.T) {
	t.Parallel()
	s, arn := newFIFO(t, nil)
	first, second := sendTo(t, s, "g", "1"), sendTo(t, s, "h", "2")
	if len(first.SequenceNumber) != 20 || first.SequenceNumber >= second.SequenceNumber {
		t.Errorf("sequence numbers %s, %s, want 20 digits each, growing", first.SequenceNumber, second.SequenceNumber)
	}
	got := receive(t, s, arn, 1)[0].Attributes
	if got["MessageGroupId"] != "g" || got["SequenceNumber"] != first.SequenceNumber ||
		got["MessageDeduplicationId"] != "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b" {
		t.Errorf("got %v", got)
	}
}
