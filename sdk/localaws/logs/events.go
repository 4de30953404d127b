package logs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	maxBatchEvents = 10_000
	maxBatchBytes  = 1 << 20
	eventOverhead  = 26                  // bytes that AWS counts for each event beside its message
	maxAge         = 14 * 24 * time.Hour // older events are rejected
	maxFuture      = 2 * time.Hour       // and those further ahead
	maxAnswerSize  = 1 << 20             // bytes of events in one answer
	maxAnswer      = 10_000              // events in one answer

	// sequenceToken is what AWS still answers with; nobody needs to send it any more.
	sequenceToken = "49590302425532263846274823567182938192837465564738291827"
)

// InputEvent is an event to put; Timestamp is in milliseconds since 1970.
type InputEvent struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// PutLogEventsInput is the input of PutLogEvents: at most 10,000 events of at most 1 MiB together, in order, within 24 hours.
type PutLogEventsInput struct {
	StreamInput

	LogEvents []InputEvent `json:"logEvents"`
}

// RejectedLogEventsInfo says which events were not stored: those before the index TooOldLogEventEndIndex, and those from
// TooNewLogEventStartIndex on.
type RejectedLogEventsInfo struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
}

// PutLogEventsOutput is the answer of PutLogEvents.
type PutLogEventsOutput struct {
	NextSequenceToken     string                 `json:"nextSequenceToken"`
	RejectedLogEventsInfo *RejectedLogEventsInfo `json:"rejectedLogEventsInfo,omitempty"`
}

// PutLogEvents adds events to a stream.
func (s *Service) PutLogEvents(ctx context.Context, in PutLogEventsInput) (PutLogEventsOutput, error) {
	if err := checkBatch(in.LogEvents); err != nil {
		return PutLogEventsOutput{}, err
	}
	now := time.Now()
	accepted, rejected := withinTime(in.LogEvents, now)
	_, err := s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		st, ok := g.streams[in.LogStreamName]
		if !ok {
			return notFound("stream")
		}
		for _, e := range accepted {
			g.put(st, e.Timestamp, now.UnixMilli(), e.Message)
		}
		return nil
	})
	return PutLogEventsOutput{NextSequenceToken: sequenceToken, RejectedLogEventsInfo: rejected}, err
}

func checkBatch(events []InputEvent) error {
	if len(events) == 0 || len(events) > maxBatchEvents {
		return wire.Errorf("InvalidParameterException",
			"1 validation error detected: Value at 'logEvents' failed to satisfy constraint: "+
				"Member must have length between 1 and %d", maxBatchEvents)
	}
	size := 0
	for i, e := range events {
		size += len(e.Message) + eventOverhead
		if e.Message == "" {
			return wire.Errorf("InvalidParameterException",
				"1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: "+
					"Member must have length greater than or equal to 1", i+1)
		}
		if i > 0 && e.Timestamp < events[i-1].Timestamp {
			return wire.Errorf("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if size > maxBatchBytes {
		return wire.Errorf("InvalidParameterException", "Upload too large: %d bytes exceeds limit of %d", size, maxBatchBytes)
	}
	if span := events[len(events)-1].Timestamp - events[0].Timestamp; span > (24 * time.Hour).Milliseconds() {
		return wire.Errorf("InvalidParameterException",
			"The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// withinTime cuts off the events that are too old or too far ahead.
func withinTime(events []InputEvent, now time.Time) ([]InputEvent, *RejectedLogEventsInfo) {
	byTime := func(e InputEvent, t int64) int { return int(min(max(e.Timestamp-t, -1), 1)) }
	start, _ := slices.BinarySearchFunc(events, now.Add(-maxAge).UnixMilli(), byTime)
	end, _ := slices.BinarySearchFunc(events, now.Add(maxFuture).UnixMilli()+1, byTime)
	rejected := &RejectedLogEventsInfo{}
	if start > 0 {
		rejected.TooOldLogEventEndIndex = &start
	}
	if end < len(events) {
		rejected.TooNewLogEventStartIndex = &end
	}
	if *rejected == (RejectedLogEventsInfo{}) {
		rejected = nil
	}
	return events[start:end], rejected
}

// GetLogEventsInput is the input of GetLogEvents. StartTime counts in, EndTime does not. Limit is 1 to 10,000, by default as many as fit.
type GetLogEventsInput struct {
	StreamInput

	StartTime     *int64 `json:"startTime"`
	EndTime       *int64 `json:"endTime"`
	NextToken     string `json:"nextToken"`
	Limit         int    `json:"limit"`
	StartFromHead bool   `json:"startFromHead"`
}

// OutputEvent is an event as GetLogEvents answers with it.
type OutputEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

// GetLogEventsOutput is one page of a stream's events. At the end, the token is the one that was sent.
type GetLogEventsOutput struct {
	Events            []OutputEvent `json:"events"`
	NextForwardToken  string        `json:"nextForwardToken"`
	NextBackwardToken string        `json:"nextBackwardToken"`
}

// GetLogEvents reads a stream: the newest events, the oldest if StartFromHead, or those next to a token.
func (s *Service) GetLogEvents(ctx context.Context, in GetLogEventsInput) (GetLogEventsOutput, error) {
	limit, err := answerLimit(in.Limit)
	if err != nil {
		return GetLogEventsOutput{}, err
	}
	forward, at, err := parseToken(in.NextToken, in.StartFromHead)
	if err != nil {
		return GetLogEventsOutput{}, err
	}
	var out GetLogEventsOutput
	_, err = s.withGroup(ctx, in.group(), func(g *group) error {
		st, ok := g.streams[in.LogStreamName]
		if !ok {
			return notFound("stream")
		}
		events := between(st.events, in.StartTime, in.EndTime)
		if forward {
			events = head(events[search(events, at.next()):], limit)
		} else {
			events = tail(events[:search(events, at)], limit)
		}
		out.Events = make([]OutputEvent, len(events))
		for i, e := range events {
			out.Events[i] = OutputEvent{Timestamp: e.timestamp, Message: e.message, IngestionTime: e.ingested}
		}
		first, last := at, at
		if len(events) > 0 {
			first, last = events[0].position, events[len(events)-1].position
		}
		out.NextForwardToken, out.NextBackwardToken = token("f", last), token("b", first)
		return nil
	})
	return out, err
}

func answerLimit(limit int) (int, error) {
	if limit < 0 || limit > maxAnswer {
		return 0, wire.Errorf("InvalidParameterException",
			"1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: "+
				"Member must have value less than or equal to %d", limit, maxAnswer)
	}
	if limit == 0 {
		return maxAnswer, nil
	}
	return limit, nil
}

// next is the position right after p.
func (p position) next() position { return position{p.timestamp, p.sequence + 1} }

// token names a direction and the event to go on from.
func token(direction string, p position) string {
	return fmt.Sprintf("%s/%020d/%020d", direction, p.timestamp, p.sequence)
}

// parseToken reads a token. Without one, reading starts before the first event or after the last.
func parseToken(text string, fromHead bool) (forward bool, at position, err error) {
	if text == "" {
		if fromHead {
			return true, position{}, nil
		}
		return false, position{timestamp: math.MaxInt64}, nil
	}
	var direction byte
	if _, err := fmt.Sscanf(text, "%c/%d/%d", &direction, &at.timestamp, &at.sequence); err != nil || direction != 'f' && direction != 'b' {
		return false, position{}, wire.Errorf("InvalidParameterException", "The specified nextToken is invalid.")
	}
	return direction == 'f', at, nil
}

// between cuts the events from start, which counts in, to end, which does not; nil is open.
func between(events []*event, start, end *int64) []*event {
	if end != nil {
		events = events[:search(events, beforeTime(*end))]
	}
	if start != nil {
		events = events[search(events, beforeTime(*start)):]
	}
	return events
}

// head takes events from the front: at most limit, and no more than fit one answer.
func head(events []*event, limit int) []*event {
	size := 0
	for i, e := range events {
		size += len(e.message) + eventOverhead
		if i == limit || (size > maxAnswerSize && i > 0) {
			return events[:i]
		}
	}
	return events
}

// tail takes events from the back, as head does from the front.
func tail(events []*event, limit int) []*event {
	size := 0
	for i := range len(events) {
		size += len(events[len(events)-1-i].message) + eventOverhead
		if i == limit || (size > maxAnswerSize && i > 0) {
			return events[len(events)-i:]
		}
	}
	return events
}
