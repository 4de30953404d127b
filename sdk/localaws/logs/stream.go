package logs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

var streamName = regexp.MustCompile(`^[^:*]{1,512}$`)

// StreamInput names one stream of a group, which goes by name or, in some operations, by identifier.
type StreamInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
}

func (in StreamInput) group() string { return cmp.Or(in.LogGroupName, in.LogGroupIdentifier) }

// CreateLogStream makes an empty stream.
func (s *Service) CreateLogStream(ctx context.Context, in StreamInput) (wire.Empty, error) {
	if !streamName.MatchString(in.LogStreamName) {
		return wire.Empty{}, invalid("logStreamName", in.LogStreamName, `Member must satisfy regular expression pattern: [^:*]*`)
	}
	return s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		if _, exists := g.streams[in.LogStreamName]; exists {
			return wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		g.newStream(in.LogStreamName)
		return nil
	})
}

// DeleteLogStream deletes a stream and its events.
func (s *Service) DeleteLogStream(ctx context.Context, in StreamInput) (wire.Empty, error) {
	return s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		found, ok := g.streams[in.LogStreamName]
		if !ok {
			return notFound("stream")
		}
		g.remove(found)
		return nil
	})
}

// DescribeLogStreamsInput is the input of DescribeLogStreams. OrderBy is LogStreamName, by default, or LastEventTime, which goes without a
// prefix. Limit is 1 to 50, by default 50.
type DescribeLogStreamsInput struct {
	StreamInput

	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	Descending          bool   `json:"descending"`
	NextToken           string `json:"nextToken"`
	Limit               int    `json:"limit"`
}

// LogStream is a stream as CloudWatch Logs answers with it. Times are in milliseconds since 1970 and absent before the first event.
type LogStream struct {
	LogStreamName       string `json:"logStreamName"`
	Arn                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   int64  `json:"lastIngestionTime,omitempty"`
	UploadSequenceToken string `json:"uploadSequenceToken"`
	StoredBytes         int64  `json:"storedBytes"`
}

// DescribeLogStreamsOutput is one page of streams.
type DescribeLogStreamsOutput struct {
	LogStreams []LogStream `json:"logStreams"`
	NextToken  string      `json:"nextToken,omitempty"`
}

// DescribeLogStreams lists a group's streams.
func (s *Service) DescribeLogStreams(ctx context.Context, in DescribeLogStreamsInput) (DescribeLogStreamsOutput, error) {
	byTime := in.OrderBy == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != "" {
		return DescribeLogStreamsOutput{}, wire.Errorf("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return DescribeLogStreamsOutput{}, err
	}
	var out DescribeLogStreamsOutput
	_, err = s.withGroup(ctx, in.group(), func(g *group) error {
		streams := []LogStream{}
		for name, st := range g.streams {
			if strings.HasPrefix(name, in.LogStreamNamePrefix) {
				streams = append(streams, st.answer())
			}
		}
		key := func(st LogStream) string { return st.LogStreamName }
		if byTime {
			key = func(st LogStream) string { return fmt.Sprintf("%020d %s", st.LastEventTimestamp, st.LogStreamName) }
		}
		if in.Descending {
			ascending := key
			key = func(st LogStream) string { return inverted(ascending(st)) }
		}
		var err error
		out.LogStreams, out.NextToken, err = wire.Page(streams, key, in.NextToken, limit, "InvalidParameterException")
		return err
	})
	return out, err
}

// inverted turns the order of keys around: byte by byte, with an end that sorts after all bytes.
func inverted(key string) string {
	bytes := []byte(key)
	for i := range bytes {
		bytes[i] = ^bytes[i]
	}
	return string(append(bytes, 0xff))
}

func (st *stream) answer() LogStream {
	answer := LogStream{
		LogStreamName:       st.name,
		Arn:                 st.arn,
		CreationTime:        st.createdAt,
		LastIngestionTime:   st.ingested,
		UploadSequenceToken: sequenceToken,
	}
	if len(st.events) > 0 {
		answer.FirstEventTimestamp = st.events[0].timestamp
		answer.LastEventTimestamp = st.events[len(st.events)-1].timestamp
	}
	return answer
}
