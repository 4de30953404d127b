package sqs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

// model is a queue in its simplest form, a list, against which the real one is held.
type model struct {
	t          *testing.T
	fifo       bool
	visibility time.Duration
	messages   []*modelled // those not deleted, in the order of sending
	handles    map[string]*modelled
}

type modelled struct {
	body, group string
	handle      string // of the last receive
	visibleAt   time.Time
	deleted     bool
}

func (m *modelled) visible() bool { return !m.visibleAt.After(time.Now()) }

// receivable are the messages that a receive may return now: all visible ones, but in a FIFO queue none that follows an
// invisible one of its group.
func (m *model) receivable() map[string]*modelled {
	blocked := map[string]bool{}
	free := map[string]*modelled{}
	for _, message := range m.messages {
		switch {
		case !message.visible():
			blocked[message.group] = m.fifo
		case !blocked[message.group]:
			free[message.body] = message
		}
	}
	return free
}

// received holds what was received against the model.
func (m *model) received(messages []sqs.ReceivedMessage, limit int) {
	free := m.receivable()
	if want := min(limit, len(free)); len(messages) != want {
		m.t.Errorf("received %d messages, want %d", len(messages), want)
	}
	for _, got := range messages {
		message, ok := free[got.Body]
		if !ok {
			m.t.Errorf("received %s, which is not receivable", got.Body)
			continue
		}
		for _, earlier := range m.messages {
			if earlier == message {
				break
			}
			if m.fifo && earlier.group == message.group && free[earlier.body] != nil {
				m.t.Errorf("received %s before %s of the same group", message.body, earlier.body)
			}
		}
		delete(free, got.Body)
		message.handle = got.ReceiptHandle
		message.visibleAt = time.Now().Add(m.visibility)
		m.handles[got.ReceiptHandle] = message
	}
}

// deleted tells the model that a delete has succeeded.
func (m *model) deleted(handle string) {
	message := m.handles[handle]
	if message.handle != handle {
		return // stale: nothing happens
	}
	message.deleted = true
	kept := m.messages[:0]
	for _, other := range m.messages {
		if !other.deleted {
			kept = append(kept, other)
		}
	}
	m.messages = kept
}

// TestQueueBehavesAsItsModel does thousands of things at random.
func TestQueueBehavesAsItsModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		for _, name := range []string{"q", "q.fifo"} {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { runModel(t, name, rand.New(rand.NewPCG(seed, 1))) })
			})
		}
	}
}

func runModel(t *testing.T, name string, random *rand.Rand) {
	m := &model{t: t, fifo: name == "q.fifo", visibility: 10 * time.Second, handles: map[string]*modelled{}}
	attributes := map[string]string{"VisibilityTimeout": "10"}
	if m.fifo {
		attributes["FifoQueue"], attributes["ContentBasedDeduplication"] = "true", "true"
	}
	s, arn := newService(t, name, attributes)
	var handles []string
	for i := 0; i < 600 && !t.Failed(); i++ {
		switch random.IntN(6) {
		case 0, 1:
			message := &modelled{body: strconv.Itoa(i), group: strconv.Itoa(random.IntN(4)), visibleAt: time.Now()}
			out := sqs.Outgoing{MessageBody: message.body, MessageGroupID: &message.group}
			if !m.fifo {
				delay := random.IntN(5)
				out.DelaySeconds = &delay
				message.visibleAt = message.visibleAt.Add(time.Duration(delay) * time.Second)
			}
			sendOut(t, s, name, out)
			m.messages = append(m.messages, message)
		case 2:
			limit := 1 + random.IntN(10)
			messages := receive(t, s, arn, limit)
			m.received(messages, limit)
			for _, got := range messages {
				handles = append(handles, got.ReceiptHandle)
			}
		case 3:
			if len(handles) > 0 {
				handle := handles[random.IntN(len(handles))]
				if err := s.Delete(t.Context(), arn, []string{handle}); err == nil {
					m.deleted(handle)
				} else if message := m.handles[handle]; !m.fifo || message.handle == handle && !message.visible() {
					t.Error(err)
				}
			}
		case 4:
			if len(handles) > 0 {
				changeInModel(t, s, m, name, handles[random.IntN(len(handles))], random.IntN(20))
			}
		case 5:
			time.Sleep(time.Duration(random.IntN(4000)) * time.Millisecond)
		}
		hidden := 0
		for _, message := range m.messages {
			if !message.visible() {
				hidden++
			}
		}
		var available, inFlight, delayed int
		if _, err := fmt.Sscan(counts(t, s, name), &available, &inFlight, &delayed); err != nil {
			t.Fatal(err)
		}
		if available != len(m.messages)-hidden || inFlight+delayed != hidden {
			t.Errorf("step %d: %d available, %d in flight, %d delayed, want %d available of %d", i, available, inFlight, delayed,
				len(m.messages)-hidden, len(m.messages))
		}
	}
}

func changeInModel(t *testing.T, s *sqs.Service, m *model, queue, handle string, timeout int) {
	_, err := s.ChangeMessageVisibility(context.Background(), sqs.ChangeMessageVisibilityInput{
		QueueURL: queue, ReceiptHandle: handle, VisibilityTimeout: &timeout,
	})
	message := m.handles[handle]
	ok := !message.deleted && (!m.fifo || message.handle == handle && !message.visible())
	if ok != (err == nil) {
		t.Errorf("change of visibility: got %v, want success %t", err, ok)
	}
	if ok {
		message.visibleAt = time.Now().Add(time.Duration(timeout) * time.Second)
	}
}
