package logs

import (
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

func TestGroupKeepsTheNewest(t *testing.T) {
	t.Parallel()
	s := New(slog.New(slog.DiscardHandler))
	start := time.Now()
	const extra = 10
	for i := range maxEvents + extra {
		s.Put("eu-west-1", "g", strconv.Itoa(i%3), Event{Time: start.Add(time.Duration(i) * time.Millisecond), Message: strconv.Itoa(i)})
	}
	s.Put("eu-west-1", "g", "0", Event{Time: start.Add(extra * time.Millisecond), Message: "late"})
	g := s.groups[groupARN("eu-west-1", "g")]
	if len(g.events) != maxEvents || g.events[0].message != "late" {
		t.Errorf("kept %d events, the first is %q", len(g.events), g.events[0].message)
	}
	streams, stored := 0, int64(0)
	for _, st := range g.streams {
		streams += len(st.events)
	}
	for _, e := range g.events {
		stored += int64(len(e.message)) + eventOverhead
	}
	if streams != maxEvents || stored != g.bytes {
		t.Errorf("streams keep %d events, want %d; %d bytes are counted, want %d", streams, maxEvents, g.bytes, stored)
	}

	ctx := wire.WithRegion(t.Context(), "eu-west-1")
	if _, err := s.DeleteLogStream(ctx, StreamInput{LogGroupName: "g", LogStreamName: "1"}); err != nil {
		t.Fatal(err)
	}
	for _, e := range g.events {
		if e.stream.name == "1" {
			t.Fatal("an event of the deleted stream is left")
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := New(slog.New(slog.DiscardHandler))
	for b.Loop() {
		s.Put("eu-west-1", "g", "s", Event{Time: time.Now(), Message: "a line"})
	}
}

func BenchmarkFilterLogEvents(b *testing.B) {
	s := New(slog.New(slog.DiscardHandler))
	for i := range maxEvents {
		s.Put("eu-west-1", "g", "s", Event{Time: time.Now(), Message: `{"outcome":"handled","n":` + strconv.Itoa(i) + `}`})
	}
	ctx := wire.WithRegion(b.Context(), "eu-west-1")
	for b.Loop() {
		in := FilterLogEventsInput{StreamInput: StreamInput{LogGroupName: "g"}, FilterPattern: `{ $.n > 99990 }`}
		if out, err := s.FilterLogEvents(ctx, in); err != nil || len(out.Events) != 9 {
			b.Fatalf("got %d events, %v", len(out.Events), err)
		}
	}
}
