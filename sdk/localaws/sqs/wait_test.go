package sqs_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// The tests of everything that takes time call the service directly, in a bubble whose clock jumps to the next timer.

// newService makes a service with the named queue, a FIFO queue if its name says so.
func newService(t *testing.T, name string, attributes map[string]string) (s *sqs.Service, arn string) {
	t.Helper()
	s = sqs.New(discard())
	return s, addQueue(t, s, name, attributes)
}

func addQueue(t *testing.T, s *sqs.Service, name string, attributes map[string]string) (arn string) {
	t.Helper()
	if _, err := s.CreateQueue(t.Context(), sqs.CreateQueueInput{QueueName: name, Attributes: attributes}); err != nil {
		t.Fatal(err)
	}
	return wire.ARN(t.Context(), "sqs", name)
}

// send sends a message to a standard queue with the queue's delay.
func send(t *testing.T, s *sqs.Service, queue, body string) {
	t.Helper()
	sendOut(t, s, queue, sqs.Outgoing{MessageBody: body})
}

func sendOut(t *testing.T, s *sqs.Service, queue string, out sqs.Outgoing) sqs.Sent {
	t.Helper()
	sent, err := s.SendMessage(t.Context(), sqs.SendMessageInput{QueueURL: queue, Outgoing: out})
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// receive takes up to limit messages for the queue's visibility timeout and returns at once.
func receive(t *testing.T, s *sqs.Service, arn string, limit int) []sqs.ReceivedMessage {
	t.Helper()
	messages, err := s.Receive(t.Context(), arn, limit, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func bodies(messages []sqs.ReceivedMessage) []string {
	list := []string{}
	for _, m := range messages {
		list = append(list, m.Body)
	}
	return list
}

func TestLongPollWakesAtOnce(t *testing.T) {
	t.Parallel()
	seconds := func(n int) *int { return &n }
	for _, test := range []struct {
		name  string
		setup func(t *testing.T, s *sqs.Service, arn string)
		after time.Duration // how long the long poll lasts
		event func(t *testing.T, s *sqs.Service, arn string)
	}{
		{
			name:  "when a message is sent",
			after: 7 * time.Second,
			event: func(t *testing.T, s *sqs.Service, _ string) { time.Sleep(7 * time.Second); send(t, s, "q", "x") },
		},
		{
			name: "when a delay is over",
			setup: func(t *testing.T, s *sqs.Service, _ string) {
				sendOut(t, s, "q", sqs.Outgoing{MessageBody: "x", DelaySeconds: seconds(3)})
			},
			after: 3 * time.Second,
		},
		{
			name: "when a visibility timeout is over",
			setup: func(t *testing.T, s *sqs.Service, arn string) {
				send(t, s, "q", "x")
				receive(t, s, arn, 1)
			},
			after: 5 * time.Second, // the queue's visibility timeout
		},
		{
			name: "when a message is made visible",
			setup: func(t *testing.T, s *sqs.Service, arn string) {
				send(t, s, "q", "x")
				handle := receive(t, s, arn, 1)[0].ReceiptHandle
				time.AfterFunc(2*time.Second, func() {
					_, err := s.ChangeMessageVisibility(context.Background(), sqs.ChangeMessageVisibilityInput{
						QueueURL: "q", ReceiptHandle: handle, VisibilityTimeout: seconds(0),
					})
					if err != nil {
						t.Error(err)
					}
				})
			},
			after: 2 * time.Second,
		},
		{
			name: "when an earlier message comes back sooner than the alarm was set for",
			setup: func(t *testing.T, s *sqs.Service, _ string) {
				sendOut(t, s, "q", sqs.Outgoing{MessageBody: "late", DelaySeconds: seconds(15)})
			},
			event: func(t *testing.T, s *sqs.Service, _ string) {
				time.Sleep(time.Second)
				sendOut(t, s, "q", sqs.Outgoing{MessageBody: "early", DelaySeconds: seconds(1)})
			},
			after: 2 * time.Second,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, arn := newService(t, "q", map[string]string{"VisibilityTimeout": "5"})
				if test.setup != nil {
					test.setup(t, s, arn)
				}
				if test.event != nil {
					go test.event(t, s, arn)
				}
				start := time.Now()
				messages, err := s.Receive(t.Context(), arn, 10, 20*time.Second, 0)
				if err != nil || len(messages) != 1 {
					t.Fatalf("got %v, %v, want one message", bodies(messages), err)
				}
				if waited := time.Since(start); waited != test.after {
					t.Errorf("waited %s, want %s", waited, test.after)
				}
			})
		})
	}
}

func TestLongPollEndsWithItsWaitTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t, "q", map[string]string{"ReceiveMessageWaitTimeSeconds": "9"})
		for _, test := range []struct {
			wait *int
			want time.Duration
		}{{nil, 9 * time.Second}, {new(0), 0}, {new(4), 4 * time.Second}} {
			start := time.Now()
			out, err := s.ReceiveMessage(t.Context(), sqs.ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: test.wait})
			if err != nil || len(out.Messages) != 0 {
				t.Fatalf("got %v, %v, want nothing", out, err)
			}
			if waited := time.Since(start); waited != test.want {
				t.Errorf("waited %s, want %s", waited, test.want)
			}
		}
	})
}

func TestLongPollEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		messages, err := s.Receive(ctx, arn, 1, time.Hour, 0)
		if err != nil || messages != nil || time.Since(start) != time.Second {
			t.Errorf("got %v, %v after %s, want nothing after 1s", messages, err, time.Since(start))
		}
		send(t, s, "q", "x")
		if messages, _ := s.Receive(ctx, arn, 1, 0, 0); messages != nil {
			t.Error("a message was taken for a caller who had left")
		}
		if got := receive(t, s, arn, 1); len(got) != 1 {
			t.Errorf("got %v, want the message", bodies(got))
		}
	})
}

func TestLongPollEndsWithItsQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, arn := newService(t, "q", nil)
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := s.Receive(t.Context(), arn, 1, time.Hour, 0)
				errs <- err
			}()
		}
		synctest.Wait()
		start := time.Now()
		if _, err := s.DeleteQueue(t.Context(), sqs.DeleteQueueInput{QueueURL: "q"}); err != nil {
			t.Fatal(err)
		}
		addQueue(t, s, "q", nil) // the polls were of the queue before
		for range 3 {
			if err := <-errs; wire.AsError(err).Query != "AWS.SimpleQueueService.NonExistentQueue" {
				t.Errorf("got %v, want NonExistentQueue", err)
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("the polls lasted %s longer", time.Since(start))
		}
	})
}

func TestEveryMessageWakesOneOfManyPollers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pollers = 20
		s, arn := newService(t, "q", nil)
		got := make(chan string, pollers)
		for range pollers {
			go func() {
				messages, err := s.Receive(t.Context(), arn, 1, time.Hour, 0)
				if err != nil || len(messages) != 1 {
					t.Errorf("got %v, %v, want one message", bodies(messages), err)
					return
				}
				got <- messages[0].Body
			}()
		}
		synctest.Wait()
		start := time.Now()
		for range pollers / 2 { // one by one, and the other half by a delay that is over for all at once
			send(t, s, "q", "now")
		}
		for range pollers / 2 {
			sendOut(t, s, "q", sqs.Outgoing{MessageBody: "later", DelaySeconds: new(2)})
		}
		for range pollers {
			<-got
		}
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("the last was served after %s, want 2s", waited)
		}
	})
}
