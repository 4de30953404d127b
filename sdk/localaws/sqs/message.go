package sqs

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// senderID is whom every message is from. It has the form of an IAM user's ID: localaws accepts any credentials, so there is
// nobody else it could name.
const senderID = "AIDALOCALAWSLOCALAWS1"

// message is a message in a queue.
type message struct {
	id          string
	body        string
	bodyMD5     string
	attributes  map[string]MessageAttributeValue
	traceHeader string
	groupID     string // FIFO: the group; standard: the tenant of a fair queue, or empty
	dedupID     string // FIFO only

	sequence         uint64    // place in its queue
	sent             time.Time // when the producer sent it
	enqueued         time.Time // what its retention counts from
	firstReceived    time.Time
	receives         int    // in all queues
	receivesHere     int    // in this queue: what a redrive policy counts
	deadLetterSource string // ARN of the queue that it was moved away from

	visibleAt  time.Time // while hidden
	receivedAt time.Time // the last receive
	inFlight   bool      // hidden by a receive, rather than by a delay
	receipt    uint64    // number of the last receive; 0 if there was none

	orderSlot, hiddenSlot, expirySlot int // places in the queue's heaps; -1 outside
}

func (m *message) visible() bool { return m.hiddenSlot < 0 }

// systemAttributes are the attributes that SQS itself gives a message, as ReceiveMessage names them.
func (m *message) systemAttributes(fifo bool) map[string]string {
	attributes := map[string]string{
		"SenderId":                         senderID,
		"SentTimestamp":                    epochMillis(m.sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": epochMillis(m.firstReceived),
	}
	optional := map[string]string{
		"AWSTraceHeader":           m.traceHeader,
		"DeadLetterQueueSourceArn": m.deadLetterSource,
		"MessageGroupId":           m.groupID,
	}
	if fifo {
		optional["MessageDeduplicationId"] = m.dedupID
		optional["SequenceNumber"] = sequenceNumber(m.sequence)
	}
	maps.DeleteFunc(optional, func(_, value string) bool { return value == "" })
	maps.Copy(attributes, optional)
	return attributes
}

func epochMillis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// sequenceNumber writes a sequence number as SQS does, in 20 digits.
func sequenceNumber(n uint64) string { return fmt.Sprintf("188%017d", n) }
