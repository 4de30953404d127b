package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logged builds an activity from lines of log at seconds after the epoch.
func logged(lines ...logLine) *activity {
	a := &activity{runtimes: make(map[string]*runtime)}
	for _, l := range lines {
		a.add(l.function, l.stream, time.Unix(l.second, 0), l.text)
	}
	return a
}

type logLine struct {
	function, stream string
	second           int64
	text             string
}

const (
	startLine = "START RequestId: 1 Version: $LATEST\n"
	endLine   = "END RequestId: 1\n"
	coldLine  = "REPORT RequestId: 1\tDuration: 1 ms\tBilled Duration: 9 ms\tMemory Size: 256 MB\tMax Memory Used: 9 MB\tInit Duration: 8 ms\t\n"
	warmLine  = "REPORT RequestId: 1\tDuration: 1 ms\tBilled Duration: 1 ms\tMemory Size: 256 MB\tMax Memory Used: 9 MB\t\n"
)

func TestActivityCountsRuntimesAndInvocations(t *testing.T) {
	t.Parallel()
	a := logged(
		logLine{"jobs", "a", 12, startLine}, logLine{"jobs", "a", 11, "INIT_START"}, logLine{"jobs", "a", 13, endLine},
		logLine{"jobs", "a", 13, coldLine}, logLine{"jobs", "a", 14, startLine}, logLine{"jobs", "a", 14, warmLine},
		logLine{"jobs", "b", 15, startLine},
		logLine{"other", "a", 16, startLine}, logLine{"other", "a", 16, coldLine},
	)
	want := map[string]*runtime{
		"jobs a":  {function: "jobs", began: time.Unix(11, 0), starts: []time.Time{time.Unix(12, 0), time.Unix(14, 0)}, cold: 1, warm: 1},
		"jobs b":  {function: "jobs", began: time.Unix(15, 0), starts: []time.Time{time.Unix(15, 0)}},
		"other a": {function: "other", began: time.Unix(16, 0), starts: []time.Time{time.Unix(16, 0)}, cold: 1},
	}
	if diff := cmp.Diff(want, a.runtimes, cmp.AllowUnexported(runtime{})); diff != "" {
		t.Error(diff)
	}
	if a.reported() {
		t.Error("the invocation of jobs b counts as reported")
	}
	a.add("jobs", "b", time.Unix(16, 0), warmLine)
	if !a.reported() {
		t.Error("the invocation of jobs b does not count as reported")
	}
}

func TestActivityReadsOutcomes(t *testing.T) {
	t.Parallel()
	line := func(outcome, id string) logLine {
		return logLine{"acme-jobs", "a", 1, `{"level":"INFO","message":"event settled","queue":"acme-jobs","type":"run.requested","eventId":"` + id +
			`","outcome":"` + outcome + `","ageMs":12.5}`}
	}
	a := logged(
		line(retried, "1"), line(handled, "1"), line(handled, "2"), line(handled, "2"), line(deadLettered, "3"), line(retried, "4"),
		logLine{"acme-jobs", "a", 1, `{"message":"webhook connected","queue":"acme-jobs","eventId":"5"}`},
		logLine{"acme-jobs", "a", 1, `{"message":"event settled",`},
	)
	if diff := cmp.Diff(map[string]bool{"1": true, "2": true}, a.with("acme-jobs", handled)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{"1": true, "2": true, "3": true}, a.with("acme-jobs", handled, deadLettered)); diff != "" {
		t.Error(diff)
	}
	if got := a.with("acme-webhooks", handled); len(got) > 0 {
		t.Errorf("another queue has %v", got)
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	reset, end := time.Unix(20, 0), time.Unix(30, 0)
	tests := map[string]struct {
		lines      []logLine
		wantStale  int
		wantActive bool
	}{
		"old runtime before the end":         {lines: []logLine{{"jobs", "a", 10, startLine}, {"jobs", "a", 25, startLine}}},
		"old runtime after the end":          {lines: []logLine{{"jobs", "a", 10, startLine}, {"jobs", "a", 31, startLine}}, wantStale: 1, wantActive: true},
		"new runtime after the end":          {lines: []logLine{{"jobs", "b", 31, startLine}}, wantActive: true},
		"runtime from during the apply":      {lines: []logLine{{"jobs", "b", 20, "INIT_START"}, {"jobs", "b", 31, startLine}}, wantActive: true},
		"invocation that outlasts the apply": {lines: []logLine{{"jobs", "a", 10, startLine}, {"jobs", "a", 40, endLine}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stale, active := logged(test.lines...).stale(map[string]deployment{"jobs": {modified: reset}}, end)
			if stale != test.wantStale || active["jobs"] != test.wantActive {
				t.Errorf("got %d stale, active %t, want %d, %t", stale, active["jobs"], test.wantStale, test.wantActive)
			}
		})
	}
}
