package logs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// FilterLogEventsInput is the input of FilterLogEvents. Streams are named or chosen by prefix; without either it is all of them.
// StartTime counts in and so does EndTime. Limit is 1 to 10,000, by default 10,000.
type FilterLogEventsInput struct {
	StreamInput

	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	FilterPattern       string   `json:"filterPattern"`
	NextToken           string   `json:"nextToken"`
	Limit               int      `json:"limit"`
}

// FilteredEvent is an event as FilterLogEvents answers with it.
type FilteredEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventId       string `json:"eventId"`
}

// FilterLogEventsOutput is one page of events. SearchedLogStreams is empty, as it is in AWS nowadays.
type FilterLogEventsOutput struct {
	Events             []FilteredEvent `json:"events"`
	SearchedLogStreams []string        `json:"searchedLogStreams"`
	NextToken          string          `json:"nextToken,omitempty"`
}

// FilterLogEvents reads the events of many streams in the order of their times.
func (s *Service) FilterLogEvents(ctx context.Context, in FilterLogEventsInput) (FilterLogEventsOutput, error) {
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "" {
		return FilterLogEventsOutput{}, wire.Errorf("InvalidParameterException",
			"Cannot specify both logStreamNames and logStreamNamePrefix.")
	}
	limit, err := answerLimit(in.Limit)
	if err != nil {
		return FilterLogEventsOutput{}, err
	}
	matches, err := parsePattern(in.FilterPattern)
	if err != nil {
		return FilterLogEventsOutput{}, err
	}
	var from position
	if in.NextToken != "" {
		if _, from, err = parseToken(in.NextToken, true); err != nil {
			return FilterLogEventsOutput{}, err
		}
	}
	events, err := s.snapshot(ctx, in, from)
	if err != nil {
		return FilterLogEventsOutput{}, err
	}
	found := slices.DeleteFunc(events, func(e *event) bool { return !in.chooses(e.stream.name) || !matches(e.message) })
	page := head(found, limit)
	out := FilterLogEventsOutput{Events: make([]FilteredEvent, len(page)), SearchedLogStreams: []string{}}
	for i, e := range page {
		out.Events[i] = FilteredEvent{
			LogStreamName: e.stream.name,
			Timestamp:     e.timestamp,
			Message:       e.message,
			IngestionTime: e.ingested,
			EventId:       fmt.Sprintf("%028d%028d", e.timestamp, e.sequence),
		}
	}
	if len(page) < len(found) {
		out.NextToken = token("f", page[len(page)-1].position)
	}
	return out, nil
}

// snapshot copies the group's events after a position in the range of time, so that matching holds no lock.
func (s *Service) snapshot(ctx context.Context, in FilterLogEventsInput, after position) ([]*event, error) {
	var events []*event
	_, err := s.withGroup(ctx, in.group(), func(g *group) error {
		for _, name := range in.LogStreamNames {
			if _, ok := g.streams[name]; !ok {
				return notFound("stream")
			}
		}
		end := in.EndTime
		if end != nil {
			inclusive := *end + 1
			end = &inclusive
		}
		events = between(g.events, in.StartTime, end)
		events = slices.Clone(events[search(events, after.next()):])
		return nil
	})
	return events, err
}

func (in FilterLogEventsInput) chooses(streamName string) bool {
	if len(in.LogStreamNames) > 0 {
		return slices.Contains(in.LogStreamNames, streamName)
	}
	return strings.HasPrefix(streamName, in.LogStreamNamePrefix)
}
