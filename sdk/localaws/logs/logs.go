// Package logs is AWS's CloudWatch Logs: groups, streams and events, kept in memory. A group keeps its newest 100,000 events
// and drops the oldest when more come.
package logs

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// maxEvents is how many events a group keeps.
const maxEvents = 100_000

// Service answers the CloudWatch Logs API. It is safe for concurrent use.
type Service struct {
	json wire.JSONService

	mu     sync.Mutex
	groups map[string]*group // by ARN
}

// New returns a service without groups, which logs to log.
func New(log *slog.Logger) *Service {
	s := &Service{groups: map[string]*group{}}
	s.json = wire.JSONService{
		Target:  "Logs_20140328",
		Version: "1.1",
		Log:     log,
		Operations: map[string]wire.Operation{
			"CreateLogGroup":        wire.Op(s.CreateLogGroup),
			"DeleteLogGroup":        wire.Op(s.DeleteLogGroup),
			"DescribeLogGroups":     wire.Op(s.DescribeLogGroups),
			"PutRetentionPolicy":    wire.Op(s.PutRetentionPolicy),
			"DeleteRetentionPolicy": wire.Op(s.DeleteRetentionPolicy),
			"CreateLogStream":       wire.Op(s.CreateLogStream),
			"DeleteLogStream":       wire.Op(s.DeleteLogStream),
			"DescribeLogStreams":    wire.Op(s.DescribeLogStreams),
			"PutLogEvents":          wire.Op(s.PutLogEvents),
			"GetLogEvents":          wire.Op(s.GetLogEvents),
			"FilterLogEvents":       wire.Op(s.FilterLogEvents),
			"TagResource":           wire.Op(s.TagResource),
			"UntagResource":         wire.Op(s.UntagResource),
			"ListTagsForResource":   wire.Op(s.ListTagsForResource),
			"TagLogGroup":           wire.Op(s.TagLogGroup),
			"UntagLogGroup":         wire.Op(s.UntagLogGroup),
			"ListTagsLogGroup":      wire.Op(s.ListTagsLogGroup),
		},
	}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.json.ServeHTTP(w, r) }

// Event is one line of a log.
type Event struct {
	Time    time.Time
	Message string
}

// Put adds events to a stream. It makes the group and the stream if they are missing, as Lambda does.
func (s *Service) Put(region, groupName, streamName string, events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[groupARN(region, groupName)]
	if !ok {
		g = s.newGroup(region, groupName)
	}
	st, ok := g.streams[streamName]
	if !ok {
		st = g.newStream(streamName)
	}
	now := time.Now().UnixMilli()
	for _, event := range events {
		g.put(st, event.Time.UnixMilli(), now, event.Message)
	}
}
