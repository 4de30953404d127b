package sqs

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// deduplicationInterval is how long SQS remembers a deduplication ID (API reference of SendMessage).
const deduplicationInterval = 5 * time.Minute

// group is the messages of a FIFO queue that share a MessageGroupId.
type group struct {
	id        string
	messages  *indexed[*message] // visible or not, in the order of their sequence numbers
	readySlot int
	turn      uint64 // when the group became ready: groups are served in this order
}

// fifoOrder serves groups in the order in which they became ready. A group is ready while its first message is visible, so
// an invisible message holds back all that follow it in its group, and none that precede it.
type fifoOrder struct {
	groups map[string]*group
	queue  *indexed[*group] // the ready groups
	turns  uint64
}

func newFIFOOrder() *fifoOrder {
	return &fifoOrder{
		groups: map[string]*group{},
		queue: newIndexed(
			func(a, b *group) bool { return a.turn < b.turn },
			func(g *group) *int { return &g.readySlot },
		),
	}
}

func (o *fifoOrder) put(m *message) {
	g, ok := o.groups[m.groupID]
	if !ok {
		g = &group{id: m.groupID, messages: newIndexed(bySequence, orderSlot), readySlot: -1}
		o.groups[m.groupID] = g
	}
	g.messages.add(m)
	o.settle(g)
}

func (o *fifoOrder) remove(m *message) {
	g, ok := o.groups[m.groupID]
	if !ok {
		return
	}
	g.messages.remove(m)
	o.settle(g)
}

func (o *fifoOrder) refresh(m *message) {
	if g, ok := o.groups[m.groupID]; ok {
		o.settle(g)
	}
}

// settle queues g if it has become ready, takes it off the queue if it is not any more, and forgets it if it is empty. A
// group that stays ready keeps its turn, so one receive takes as many messages of one group as it can, as SQS does.
func (o *fifoOrder) settle(g *group) {
	head, ok := g.messages.first()
	switch ready := ok && head.visible(); {
	case ready && !o.queue.holds(g):
		o.turns++
		g.turn = o.turns
		o.queue.add(g)
	case !ready:
		o.queue.remove(g)
	}
	if !ok {
		delete(o.groups, g.id)
	}
}

func (o *fifoOrder) next() *message {
	g, ok := o.queue.first()
	if !ok {
		return nil
	}
	m, ok := g.messages.first()
	if !ok {
		return nil
	}
	g.messages.remove(m)
	o.settle(g)
	return m
}

func (o *fifoOrder) ready() bool { return o.queue.size() > 0 }

// deduplicator remembers what was sent with a deduplication ID during the deduplication interval, whether it has been
// received and deleted since or not.
type deduplicator struct {
	sent  map[string]accepted
	order []expiringKey // oldest first
}

// accepted is what a duplicate is answered with.
type accepted struct {
	messageID string
	sequence  uint64
}

type expiringKey struct {
	key string
	at  time.Time
}

func (d *deduplicator) find(key string, now time.Time) (accepted, bool) {
	for len(d.order) > 0 && !d.order[0].at.After(now) {
		delete(d.sent, d.order[0].key)
		d.order = d.order[1:]
	}
	a, ok := d.sent[key]
	return a, ok
}

func (d *deduplicator) remember(key string, a accepted, now time.Time) {
	if d.sent == nil {
		d.sent = map[string]accepted{}
	}
	d.sent[key] = a
	d.order = append(d.order, expiringKey{key, now.Add(deduplicationInterval)})
}

// contentID is the deduplication ID of a queue with ContentBasedDeduplication: the body's SHA-256, attributes excluded.
func contentID(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
