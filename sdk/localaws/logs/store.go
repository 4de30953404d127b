package logs

import (
	"cmp"
	"slices"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// group is a log group. Its events are in the order of their times, and of their arrival where times are equal.
type group struct {
	name      string
	arn       string // without the ":*" that some operations end it with
	createdAt int64  // milliseconds since 1970, as all times here
	class     string
	kmsKey    string
	retention int // days; 0 keeps events forever
	bytes     int64
	tags      map[string]string
	streams   map[string]*stream
	events    []*event
	sequence  int64 // of the newest event
}

type stream struct {
	name      string
	arn       string
	createdAt int64
	ingested  int64 // when the last event came; 0 before the first
	events    []*event
}

// event is immutable once it is stored.
type event struct {
	position

	stream   *stream
	ingested int64
	message  string
}

// position is where an event stands among the events of its group.
type position struct{ timestamp, sequence int64 }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.timestamp, q.timestamp), cmp.Compare(p.sequence, q.sequence))
}

// beforeTime is the position before all events of a time.
func beforeTime(timestamp int64) position { return position{timestamp: timestamp} }

// search finds the first of the events that is not before p.
func search(events []*event, p position) int {
	i, _ := slices.BinarySearchFunc(events, p, func(e *event, p position) int { return e.compare(p) })
	return i
}

func groupARN(region, name string) string {
	return "arn:aws:logs:" + region + ":" + wire.AccountID + ":log-group:" + name
}

// newGroup makes a group; the caller holds the lock.
func (s *Service) newGroup(region, name string) *group {
	g := &group{
		name:      name,
		arn:       groupARN(region, name),
		createdAt: time.Now().UnixMilli(),
		class:     standardClass,
		tags:      map[string]string{},
		streams:   map[string]*stream{},
	}
	s.groups[g.arn] = g
	return g
}

func (g *group) newStream(name string) *stream {
	s := &stream{name: name, arn: g.arn + ":log-stream:" + name, createdAt: time.Now().UnixMilli()}
	g.streams[name] = s
	return s
}

// put adds an event and drops the group's oldest if there are too many. Events mostly come in order, which makes this an append.
func (g *group) put(s *stream, timestamp, ingested int64, message string) {
	g.sequence++
	e := &event{position: position{timestamp, g.sequence}, stream: s, ingested: ingested, message: message}
	s.ingested = ingested
	s.events = slices.Insert(s.events, search(s.events, e.position), e)
	g.events = slices.Insert(g.events, search(g.events, e.position), e)
	g.bytes += int64(len(message)) + eventOverhead
	if len(g.events) > maxEvents {
		oldest := g.events[0] // and so the oldest of its stream
		g.bytes -= int64(len(oldest.message)) + eventOverhead
		g.events = dropFirst(g.events)
		oldest.stream.events = dropFirst(oldest.stream.events)
	}
}

// dropFirst lets go of the event at once; its place goes when append next moves the slice.
func dropFirst(events []*event) []*event {
	events[0] = nil
	return events[1:]
}

// remove forgets a stream and its events.
func (g *group) remove(s *stream) {
	delete(g.streams, s.name)
	for _, e := range s.events {
		g.bytes -= int64(len(e.message)) + eventOverhead
	}
	g.events = slices.DeleteFunc(g.events, func(e *event) bool { return e.stream == s })
}
