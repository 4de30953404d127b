package sqs

// An order decides which message of a queue is received next. A standard queue offers its visible messages, oldest first; a
// FIFO queue offers its groups in turn and holds back what comes after an invisible message of the same group.
type order interface {
	// put adds a message, visible or not.
	put(m *message)
	// remove takes a message out, wherever it stands.
	remove(m *message)
	// refresh tells that m has become visible or invisible.
	refresh(m *message)
	// next takes the next receivable message out. It returns nil if there is none.
	next() *message
	// ready tells whether next would return a message.
	ready() bool
}

func bySequence(a, b *message) bool { return a.sequence < b.sequence }

func orderSlot(m *message) *int { return &m.orderSlot }

// standardOrder is a heap of the visible messages. A message that comes back goes before those sent after it.
type standardOrder struct {
	visible *indexed[*message]
}

func newStandardOrder() *standardOrder {
	return &standardOrder{visible: newIndexed(bySequence, orderSlot)}
}

func (o *standardOrder) put(m *message) {
	if m.visible() {
		o.visible.add(m)
	}
}

func (o *standardOrder) remove(m *message) { o.visible.remove(m) }

func (o *standardOrder) refresh(m *message) {
	o.visible.remove(m)
	o.put(m)
}

func (o *standardOrder) next() *message {
	m, ok := o.visible.first()
	if ok {
		o.visible.remove(m)
	}
	return m
}

func (o *standardOrder) ready() bool { return o.visible.size() > 0 }
