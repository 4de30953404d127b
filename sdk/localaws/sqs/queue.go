package sqs

import (
	"container/list"
	"time"
)

// maxInFlight is how many messages of one queue may be in flight (API reference of ChangeMessageVisibility). A standard queue
// answers OverLimit beyond it, a FIFO queue no messages.
const maxInFlight = 120_000

// queue is one queue and its messages. The service's mutex guards it.
type queue struct {
	name, arn, region string
	fifo              bool
	created, modified time.Time
	attributes        map[string]string // those that were set, in canonical form
	settings          settings          // what attributes mean
	tags              map[string]string
	purged            time.Time // the last PurgeQueue

	messages map[string]*message // by ID
	order    order
	hidden   *indexed[*message] // delayed or in flight, by the time at which they become visible
	expiry   *indexed[*message] // all messages, by the time that their retention counts from
	inFlight int
	sequence uint64 // the last sequence number
	receipts uint64 // the last receive's number
	dedup    deduplicator

	gone    bool
	waiters list.List   // of chan struct{}: long polls, the longest waiting first
	alarm   *time.Timer // rings when the next hidden message becomes visible; set only while somebody waits
}

func (q *queue) clear() {
	q.messages = map[string]*message{}
	q.inFlight = 0
	q.hidden = newIndexed(
		func(a, b *message) bool { return a.visibleAt.Before(b.visibleAt) },
		func(m *message) *int { return &m.hiddenSlot },
	)
	q.expiry = newIndexed(
		func(a, b *message) bool { return a.enqueued.Before(b.enqueued) },
		func(m *message) *int { return &m.expirySlot },
	)
	if q.fifo {
		q.order = newFIFOOrder()
	} else {
		q.order = newStandardOrder()
	}
}

// push appends m, which becomes visible at the given time.
func (q *queue) push(m *message, visibleAt, now time.Time) {
	q.sequence++
	m.sequence = q.sequence
	m.orderSlot, m.hiddenSlot, m.expirySlot = -1, -1, -1
	q.messages[m.id] = m
	q.expiry.add(m)
	q.hide(m, visibleAt, now)
	q.order.put(m)
}

// drop removes m for good.
func (q *queue) drop(m *message) {
	q.reveal(m)
	q.order.remove(m)
	q.expiry.remove(m)
	delete(q.messages, m.id)
}

// hide makes m invisible until the given time, unless that is now. The caller tells the order.
func (q *queue) hide(m *message, until, now time.Time) {
	q.reveal(m)
	if !until.After(now) {
		return
	}
	m.visibleAt = until
	q.hidden.add(m)
	if m.receipt > 0 {
		m.inFlight = true
		q.inFlight++
	}
}

// reveal makes m visible. The caller tells the order.
func (q *queue) reveal(m *message) {
	q.hidden.remove(m)
	if m.inFlight {
		m.inFlight = false
		q.inFlight--
	}
}

// receive takes m, which is in no order, in flight: the bookkeeping of one receive.
func (q *queue) receive(m *message, visibility time.Duration, now time.Time) {
	q.receipts++
	m.receipt = q.receipts
	m.receives++
	m.receivesHere++
	m.receivedAt = now
	if m.firstReceived.IsZero() {
		m.firstReceived = now
	}
	q.hide(m, now.Add(visibility), now)
	q.order.put(m)
}

// advance does what time has brought: hidden messages become visible, old ones go.
func (q *queue) advance(now time.Time) {
	for m, ok := q.hidden.first(); ok && !m.visibleAt.After(now); m, ok = q.hidden.first() {
		q.reveal(m)
		q.order.refresh(m)
	}
	for m, ok := q.expiry.first(); ok && !m.enqueued.Add(q.settings.retention).After(now); m, ok = q.expiry.first() {
		q.drop(m)
	}
}

// delayed counts the messages that are hidden but not in flight.
func (q *queue) delayed() int { return q.hidden.size() - q.inFlight }

// available counts the messages that are not hidden.
func (q *queue) available() int { return q.expiry.size() - q.hidden.size() }

// offers tells whether there is something that may be received.
func (q *queue) offers() bool { return q.order.ready() && q.inFlight < maxInFlight }
