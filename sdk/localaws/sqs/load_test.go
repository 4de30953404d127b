package sqs_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

// TestNothingIsLostUnderLoad has producers and consumers meet, where every third receive fails to delete its messages.
func TestNothingIsLostUnderLoad(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"q", "q.fifo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attributes := map[string]string{}
			if name == "q.fifo" {
				attributes = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
			}
			s, arn := newService(t, name, attributes)
			const producers, perProducer, consumers = 4, 250, 8
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var mu sync.Mutex
			last := map[string]int{} // by group: FIFO messages are handled in order
			handled := map[string]bool{}
			var wg sync.WaitGroup
			for p := range producers {
				wg.Go(func() {
					for i := range perProducer {
						out := sqs.Outgoing{MessageBody: fmt.Sprintf("%d-%d", p, i)}
						if name == "q.fifo" {
							out.MessageGroupID = new(strconv.Itoa(p))
						}
						if _, err := s.SendMessage(ctx, sqs.SendMessageInput{QueueURL: name, Outgoing: out}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for range consumers {
				wg.Go(func() {
					for round := 0; ctx.Err() == nil; round++ {
						messages, err := s.Receive(ctx, arn, 10, time.Minute, 0)
						if err != nil {
							t.Error(err)
							return
						}
						if round%3 == 0 {
							giveBack(t, s, name, messages)
							continue
						}
						mu.Lock()
						for _, m := range messages {
							handled[m.Body] = true
							if group, ok := m.Attributes["MessageGroupId"]; ok {
								n, _ := strconv.Atoi(m.Body[2:])
								if n != last[group] {
									t.Errorf("group %s: got %d, want %d", group, n, last[group])
								}
								last[group] = n + 1
							}
						}
						done := len(handled) == producers*perProducer
						mu.Unlock()
						for _, m := range messages {
							if err := s.Delete(ctx, arn, []string{m.ReceiptHandle}); err != nil {
								t.Error(err)
							}
						}
						if done {
							cancel()
						}
					}
				})
			}
			wg.Wait()
			if len(handled) != producers*perProducer {
				t.Errorf("handled %d of %d messages", len(handled), producers*perProducer)
			}
			wantCounts(t, s, name, "0 0 0")
		})
	}
}

// giveBack makes messages visible again, last first, so that a group stays in order.
func giveBack(t *testing.T, s *sqs.Service, queue string, messages []sqs.ReceivedMessage) {
	for _, m := range slices.Backward(messages) {
		_, err := s.ChangeMessageVisibility(context.Background(), sqs.ChangeMessageVisibilityInput{
			QueueURL: queue, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: new(0),
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkSendReceiveDelete takes one message through a queue that holds others, in flight and available. That their number
// makes no difference is the point.
func BenchmarkSendReceiveDelete(b *testing.B) {
	for _, kind := range []string{"standard", "fifo"} {
		for _, backlog := range []int{0, 1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", kind, backlog), func(b *testing.B) {
				name, attributes := "q", map[string]string{}
				if kind == "fifo" {
					name, attributes = "q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
				}
				s := sqs.New(discard())
				if _, err := s.CreateQueue(b.Context(), sqs.CreateQueueInput{QueueName: name, Attributes: attributes}); err != nil {
					b.Fatal(err)
				}
				arn := "arn:aws:sqs:us-east-1:000000000000:" + name
				sent := 0
				send := func() {
					sent++
					out := sqs.Outgoing{MessageBody: strconv.Itoa(sent)}
					if kind == "fifo" {
						out.MessageGroupID = new(strconv.Itoa(sent))
					}
					if _, err := s.SendMessage(b.Context(), sqs.SendMessageInput{QueueURL: name, Outgoing: out}); err != nil {
						b.Fatal(err)
					}
				}
				for range backlog {
					send()
				}
				if _, err := s.Receive(b.Context(), arn, backlog/2, 0, 0); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					send()
					messages, err := s.Receive(b.Context(), arn, 1, 0, 0)
					if err != nil || len(messages) != 1 {
						b.Fatal(messages, err)
					}
					if err := s.Delete(b.Context(), arn, []string{messages[0].ReceiptHandle}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
