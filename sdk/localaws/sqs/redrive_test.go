package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

func TestRedriveMovesWhatWouldBeReceivedTooOften(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("queue"+suffix, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fifo := map[string]string{}
				out := sqs.Outgoing{MessageBody: "x", MessageAttributes: map[string]sqs.MessageAttributeValue{
					"color": {DataType: "String", StringValue: new("blue")},
				}}
				if suffix != "" {
					fifo["FifoQueue"] = "true"
					out.MessageGroupID, out.MessageDeduplicationID = new("g"), new("d")
				}
				s, dead := newService(t, "dead"+suffix, fifo)
				fifo["VisibilityTimeout"] = "10"
				fifo["RedrivePolicy"] = `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"2"}`
				source := addQueue(t, s, "q"+suffix, fifo)
				sent := sendOut(t, s, "q"+suffix, out)
				first := receive(t, s, source, 1)[0]
				time.Sleep(10 * time.Second)
				receive(t, s, source, 1)
				time.Sleep(10 * time.Second)
				wantCounts(t, s, "q"+suffix, "1 0 0") // it moves when somebody would receive it
				expect(t, "third receive", receive(t, s, source, 1))
				wantCounts(t, s, "q"+suffix, "0 0 0")
				remove(t, s, source, first) // a handle of the source queue means nothing any more

				got := receive(t, s, dead, 1)
				expect(t, "in the dead-letter queue", got, "x")
				if got[0].MessageID != sent.MessageID || got[0].MD5OfMessageAttributes != sent.MD5OfMessageAttributes {
					t.Errorf("got %+v, want the message sent, %+v", got[0], sent)
				}
				want := map[string]string{
					"ApproximateReceiveCount": "3", "DeadLetterQueueSourceArn": source,
					"SentTimestamp":                    first.Attributes["SentTimestamp"],
					"ApproximateFirstReceiveTimestamp": first.Attributes["ApproximateFirstReceiveTimestamp"],
					"MessageGroupId":                   first.Attributes["MessageGroupId"],
				}
				for name, value := range want {
					if got[0].Attributes[name] != value {
						t.Errorf("%s: got %q, want %q", name, got[0].Attributes[name], value)
					}
				}
			})
		})
	}
}

func TestRedriveWakesThePollersOfTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, dead := newService(t, "dead", nil)
		source := addQueue(t, s, "q", map[string]string{
			"VisibilityTimeout": "10", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`,
		})
		send(t, s, "q", "x")
		receive(t, s, source, 1)
		go func() { // a long poll of the source moves the message at the moment it becomes visible, and goes on waiting
			messages, err := s.Receive(t.Context(), source, 1, 30*time.Second, 0)
			if err != nil || len(messages) > 0 {
				t.Errorf("got %v, %v, want nothing", bodies(messages), err)
			}
		}()
		start := time.Now()
		messages, err := s.Receive(t.Context(), dead, 1, 30*time.Second, 0)
		if err != nil || len(messages) != 1 || time.Since(start) != 10*time.Second {
			t.Errorf("got %v, %v after %s, want the message after 10s", bodies(messages), err, time.Since(start))
		}
	})
}

func TestRedriveLosesNothingWithoutItsTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, dead := newService(t, "dead", nil)
		source := addQueue(t, s, "q", map[string]string{
			"VisibilityTimeout": "1", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`,
		})
		if _, err := s.DeleteQueue(t.Context(), sqs.DeleteQueueInput{QueueURL: "dead"}); err != nil {
			t.Fatal(err)
		}
		send(t, s, "q", "x")
		for range 3 {
			expect(t, "each time", receive(t, s, source, 1), "x")
			time.Sleep(time.Second)
		}
	})
}
