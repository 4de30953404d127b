// Package outlive finds goroutines that outlive the invocation that they were started in, which Lambda would freeze with it. It is for
// tests and local-drain: package sdk does not import it, so that no image holds it.
//
// A goroutine inherits the profiler labels of the one that starts it. Invocations run with a label of their own, and what still has
// it when the invocation has ended has outlived it, however many goroutines lie in between. The goroutine profile has the labels,
// but only a dump of all stacks has the lines of the go statements, so the two are matched by their frames.
//
// The runtime starts the functions of [time.AfterFunc] without labels, so these are not found.
package outlive

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"
)

// label is the key of the profiler label of an invocation.
const label = "sdk.invocation"

// Goroutines that are about to end get their turn this often, and then pauses that begin with the first and double each time.
const (
	yields     = 16
	pauses     = 6
	firstPause = time.Millisecond
	// fakeYields are for where time is fake: pauses would move it on, or never end.
	fakeYields = 100
)

// Watch knows which of its invocations have ended. It is safe for concurrent use.
type Watch struct {
	app  app
	name string // tells its invocations from others of the process

	mu      sync.Mutex
	last    int              // invocation
	running map[int]struct{} // invocations
}

// New returns a watch without invocations.
func New() *Watch { return &Watch{app: thisApp(), name: rand.Text(), running: make(map[int]struct{})} }

// Do calls fn as an invocation, which ends when fn returns.
func (w *Watch) Do(ctx context.Context, fn func(context.Context)) {
	invocation := w.begin()
	defer w.end(invocation)
	pprof.Do(ctx, pprof.Labels(label, fmt.Sprintf("%s-%d", w.name, invocation)), fn)
}

func (w *Watch) begin() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	w.running[w.last] = struct{}{}
	return w.last
}

func (w *Watch) end(invocation int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, invocation)
}

// ended returns a function that tells which invocations have ended by now.
func (w *Watch) ended() func(invocation int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, running := w.last, maps.Clone(w.running)
	return func(invocation int) bool {
		_, runs := running[invocation]
		return invocation <= last && !runs
	}
}

// Start is where a goroutine was started: the go statement, or the app's function that other code started, such as errgroup.
type Start struct {
	Function string // that the statement stands in, as the runtime names it
	Position string // file:line
}

// Group are goroutines that were started at the same line.
type Group struct {
	Starts []Start // more than one where goroutines of the same function, at the same line of it, were started at different lines
	Count  int
}

// String tells where the goroutines were started.
func (g Group) String() string {
	places := make([]string, len(g.Starts))
	for i, s := range g.Starts {
		places[i] = fmt.Sprintf("in %s at %s", s.Function, s.Position)
	}
	return strings.Join(places, " or ")
}

// Outlived returns the app's goroutines that have outlived invocations which had ended when it was called, without those that were
// started where ignore says. If there are any, it takes up to a tenth of a second, for some may be about to end with their context; in
// a bubble of testing/synctest, no time passes.
func (w *Watch) Outlived(ignore func(Start) bool) []Group {
	ended := w.ended()
	for try := 0; ; try++ {
		found, unsure := w.find(ended, ignore)
		if len(found) == 0 && !unsure || !wait(try) {
			return found
		}
	}
}

// wait lets other goroutines run, longer with each try, and is false when they had time enough.
func wait(try int) bool {
	switch {
	case try < yields, try < fakeYields && inBubble():
		runtime.Gosched()
	case try < yields+pauses && !inBubble():
		time.Sleep(firstPause << (try - yields))
	default:
		return false
	}
	return true
}

// inBubble tells whether the calling goroutine is in a bubble of testing/synctest.
func inBubble() bool {
	var text [128]byte
	header, _, _ := strings.Cut(string(text[:runtime.Stack(text[:], false)]), "\n")
	return strings.Contains(header, "synctest bubble")
}

// find returns what has outlived its invocation at this moment, and whether there are goroutines of which it cannot tell yet: they may
// have just begun, so that their stacks do not show what they run, or have just ended.
func (w *Watch) find(ended func(invocation int) bool, ignore func(Start) bool) (groups []Group, unsure bool) {
	stacks := labelled(w.name, ended)
	if len(stacks) == 0 {
		return nil, false
	}
	all := dump()
	for _, s := range stacks {
		alike, settled := alike(all, s.frames)
		starts := w.app.starts(s.frames, alike)
		if len(starts) == 0 {
			unsure = unsure || !settled
			continue
		}
		if slices.ContainsFunc(starts, ignore) {
			continue
		}
		same := func(g Group) bool { return slices.Equal(g.Starts, starts) }
		if i := slices.IndexFunc(groups, same); i >= 0 {
			groups[i].Count += s.count
			continue
		}
		groups = append(groups, Group{Starts: starts, Count: s.count})
	}
	return groups, unsure
}
