package sqs

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// The methods of this file are how others in this process use a queue, such as the pollers of Lambda's mappings: by ARN and without HTTP,
// but with the same semantics as the API.

// Receive takes up to limit messages in flight, for visibility or, if that is 0, the queue's own timeout, and waits up to wait for the first. Unlike the API it
// returns more than 10 messages if asked to. It returns early, without messages or error, when ctx ends. The
// error is QueueDoesNotExist if there is no such queue or it is deleted meanwhile, and OverLimit.
func (s *Service) Receive(
	ctx context.Context, queueARN string, limit int, wait, visibility time.Duration,
) ([]ReceivedMessage, error) {
	s.mu.Lock()
	q, ok := s.queues[queueARN]
	s.mu.Unlock()
	if !ok {
		return nil, queueDoesNotExist()
	}
	return s.poll(ctx, q, wait, func(now time.Time) ([]ReceivedMessage, error) {
		return s.take(q, limit, cmp.Or(visibility, q.settings.visibilityTimeout), now)
	})
}

// Delete removes the messages with the given receipt handles, any number of them. The error joins one for each that could not be removed;
// that a message is gone already is none.
func (s *Service) Delete(_ context.Context, queueARN string, receiptHandles []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[queueARN]
	if !ok {
		return queueDoesNotExist()
	}
	return s.at(q, func(q *queue, _ time.Time) error {
		var failed []error
		for _, handle := range receiptHandles {
			failed = append(failed, q.delete(handle))
		}
		return errors.Join(failed...)
	})
}

// VisibilityTimeout returns the visibility timeout of a queue. The error is QueueDoesNotExist if there is no such queue.
func (s *Service) VisibilityTimeout(queueARN string) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[queueARN]
	if !ok {
		return 0, queueDoesNotExist()
	}
	return q.settings.visibilityTimeout, nil
}

// Policy returns the policy of a queue, a JSON document. It is empty if the queue has none, or does not exist.
func (s *Service) Policy(queueARN string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q, ok := s.queues[queueARN]; ok {
		return q.attributes["Policy"]
	}
	return ""
}
