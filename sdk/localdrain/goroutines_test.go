//go:build !lambda

package localdrain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/localdrain"
)

// warning is a line of the log.
type warning struct {
	Level, Message, Started string
	Count                   int
}

// warnings are those of goroutines that outlived their invocation.
func (d *drained) warnings(t *testing.T) []warning {
	t.Helper()
	var found []warning
	for line := range strings.Lines(d.log.String()) {
		var w warning
		if err := json.Unmarshal([]byte(line), &w); err != nil {
			t.Fatalf("%s in %s", err, line)
		}
		if strings.HasPrefix(w.Message, "goroutines outlived") {
			found = append(found, w)
		}
	}
	return found
}

// TestGoroutinesThatOutliveTheirInvocation has some end with their context, some left behind, and some in an invocation that runs on.
func TestGoroutinesThatOutliveTheirInvocation(t *testing.T) {
	c := startCloud(t)
	jobs, long := c.queue(t, "jobs", nil), c.queue(t, "long", nil)
	t.Setenv("HANDLER_QUEUES", "jobs="+jobs+",long="+long)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(server.Close)
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })

	const total = 20
	var all, begun sync.WaitGroup
	all.Add(total)
	begun.Add(1)
	var position atomic.Value
	app := sdk.New("acme", localdrain.Command(),
		sdk.Handler("jobs", sdk.On("run", func(ctx context.Context, _ sdk.Event[int]) error {
			defer all.Done()
			go func() { <-ctx.Done() }()
			go func() { <-end }()
			_, file, line, _ := runtime.Caller(0)
			position.Store(fmt.Sprintf("%s:%d", file, line-1))
			response, err := http.Get(server.URL)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})),
		sdk.Handler("long", sdk.On("run", func(ctx context.Context, _ sdk.Event[int]) error {
			go func() { <-ctx.Done() }()
			begun.Done()
			<-ctx.Done()
			return nil
		})),
	)
	if err := sdk.Send(app.Context(t.Context()), "long", "run", 0); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	begun.Wait()
	var events []sdk.Outgoing
	for i := range total {
		events = append(events, sdk.Outgoing{Type: "run", Data: i})
	}
	if err := sdk.SendAll(app.Context(t.Context()), "jobs", events...); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	for len(d.warnings(t)) == 0 {
		time.Sleep(10 * time.Millisecond) // there is a warning while the drain goes on, or the test times out
	}
	d.end(t)
	warnings := d.warnings(t)
	if len(warnings) != 1 {
		t.Fatalf("got %d warnings, want one: %+v", len(warnings), warnings)
	}
	w := warnings[0]
	if !strings.HasSuffix(w.Started, "TestGoroutinesThatOutliveTheirInvocation.func3 at "+fmt.Sprint(position.Load())) || w.Level != "WARN" {
		t.Errorf("got %+v, want %s", w, position.Load())
	}
	if w.Count < 1 || w.Count > total {
		t.Errorf("got a count of %d, want up to %d", w.Count, total)
	}
}

// TestTheLastInvocationIsLookedAt ends a drain right after its only message, and leaves two lines of goroutines behind.
func TestTheLastInvocationIsLookedAt(t *testing.T) {
	c := startCloud(t)
	t.Setenv("HANDLER_QUEUES", "jobs="+c.queue(t, "jobs", nil))
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	begun := make(chan struct{})
	app := sdk.New("acme", localdrain.Command(), sdk.Handler("jobs", sdk.On("run", func(context.Context, sdk.Event[int]) error {
		go func() { <-end }()
		for range 2 {
			go func() { <-end }()
		}
		close(begun)
		return nil
	})))
	if err := sdk.Send(app.Context(t.Context()), "jobs", "run", 0); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	<-begun
	d.end(t)
	warnings := d.warnings(t)
	if len(warnings) != 2 || warnings[0].Count+warnings[1].Count != 3 {
		t.Errorf("got %+v, want one of one goroutine and one of two", warnings)
	}
}
