package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// activity is what the logs of functions tell about their work.
type activity struct {
	runtimes map[string]*runtime // by function and log stream
	messages []message           // one for each time that a message was handled
}

// runtime is one process of a function. Lambda gives each a log stream of its own.
type runtime struct {
	function string
	began    time.Time   // of its first log line
	starts   []time.Time // of its invocations
	cold     int         // invocations that waited for the runtime's initialisation
	warm     int         // the others
}

// Outcomes of handling a message, as the SDK logs them.
const (
	handled      = "handled"
	retried      = "retried"
	deadLettered = "dead-lettered"
)

// message is the SDK's log line about one message.
type message struct {
	Text    string  `json:"message"`
	Queue   string  `json:"queue"`
	Type    string  `json:"type"`
	ID      string  `json:"eventId"`
	Outcome string  `json:"outcome"`
	Age     float64 `json:"ageMs"` // from the sending of its event to the end of its handling
}

// activity reads the logs of functions.
func (c *cloud) activity(ctx context.Context, functions map[string]string) (*activity, error) {
	a := &activity{runtimes: make(map[string]*runtime)}
	for _, function := range functions {
		group := "/aws/lambda/" + function
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(c.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading log group %s: %w", group, err)
			}
			for _, event := range page.Events {
				at := time.UnixMilli(aws.ToInt64(event.Timestamp))
				a.add(function, aws.ToString(event.LogStreamName), at, aws.ToString(event.Message))
			}
		}
	}
	return a, nil
}

// add takes one log line into account: Lambda's own about a runtime, or the SDK's about a message.
func (a *activity) add(function, stream string, at time.Time, line string) {
	key := function + " " + stream
	r := a.runtimes[key]
	if r == nil {
		r = &runtime{function: function, began: at}
		a.runtimes[key] = r
	}
	if at.Before(r.began) {
		r.began = at
	}
	switch {
	case strings.HasPrefix(line, "START RequestId:"):
		r.starts = append(r.starts, at)
	case strings.HasPrefix(line, "REPORT RequestId:") && strings.Contains(line, "Init Duration:"):
		r.cold++
	case strings.HasPrefix(line, "REPORT RequestId:"):
		r.warm++
	case strings.HasPrefix(line, "{"):
		var m message
		if json.Unmarshal([]byte(line), &m) == nil && m.Text == "event settled" {
			a.messages = append(a.messages, m)
		}
	}
}

// with returns the IDs of the events of a queue that have had one of the outcomes.
func (a *activity) with(queue string, outcomes ...string) map[string]bool {
	ids := make(map[string]bool)
	for _, m := range a.messages {
		if m.Queue == queue && slices.Contains(outcomes, m.Outcome) {
			ids[m.ID] = true
		}
	}
	return ids
}

// reported tells whether each invocation that has begun has been reported on.
func (a *activity) reported() bool {
	for _, r := range a.runtimes {
		if len(r.starts) > r.cold+r.warm {
			return false
		}
	}
	return true
}

// stale returns how many invocations began after end in runtimes that are older than the present deployment of their
// function, and the functions with an invocation after end.
func (a *activity) stale(deployments map[string]deployment, end time.Time) (stale int, active map[string]bool) {
	active = make(map[string]bool)
	for _, r := range a.runtimes {
		for _, start := range r.starts {
			if !start.After(end) {
				continue
			}
			active[r.function] = true
			if r.began.Before(deployments[r.function].modified) {
				stale++
			}
		}
	}
	return stale, active
}
