package sqs

import (
	"container/list"
	"context"
	"time"
)

// settle is to be called after every change to q: it wakes a long poll if there is something to receive, and sets the alarm
// if there is only something to wait for. One long poll is woken at a time; it wakes the next if it leaves messages.
func (s *Service) settle(q *queue, now time.Time) {
	q.advance(now)
	if q.alarm != nil {
		q.alarm.Stop()
		q.alarm = nil
	}
	if q.waiters.Len() == 0 {
		return
	}
	if q.offers() {
		q.wake(q.waiters.Front())
		return
	}
	if next, ok := q.hidden.first(); ok {
		q.alarm = time.AfterFunc(next.visibleAt.Sub(now), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.settle(q, time.Now())
		})
	}
}

func (q *queue) wake(waiter *list.Element) {
	if woken, ok := q.waiters.Remove(waiter).(chan struct{}); ok {
		close(woken)
	}
}

// close ends q's long polls; none can begin any more.
func (q *queue) close() {
	q.gone = true
	if q.alarm != nil {
		q.alarm.Stop()
	}
	for q.waiters.Len() > 0 {
		q.wake(q.waiters.Front())
	}
}

// poll calls take, under the lock, until it returns messages, fails, or wait or ctx is over; between two calls it sleeps
// until q has something to offer. That ctx has ended is no error.
func (s *Service) poll(
	ctx context.Context, q *queue, wait time.Duration, take func(now time.Time) ([]ReceivedMessage, error),
) ([]ReceivedMessage, error) {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for waiting := wait > 0; ; {
		if q.gone {
			return nil, queueDoesNotExist()
		}
		now := time.Now()
		q.advance(now)
		if ctx.Err() != nil { // take nothing for somebody who has left, and pass on a wake-up that came too late
			s.settle(q, now)
			return nil, nil
		}
		messages, err := take(now)
		s.settle(q, now)
		if err != nil || len(messages) > 0 || !waiting {
			return messages, err
		}
		woken := make(chan struct{})
		waiter := q.waiters.PushBack(woken)
		s.settle(q, now)
		s.mu.Unlock()
		select {
		case <-woken:
		case <-ctx.Done():
		case <-timeout.C:
			waiting = false
		}
		s.mu.Lock()
		q.waiters.Remove(waiter) // does nothing if it was woken
	}
}
