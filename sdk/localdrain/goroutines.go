//go:build !lambda

package localdrain

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/outlive"
)

const (
	// lookPause is the least time between looks for goroutines that outlived their invocation.
	lookPause = time.Second
	// lookShare is how much more time passes between two looks than one takes, which is longer the more goroutines there are.
	lookShare = 20
)

// goroutines warns of those that outlive their invocation, once for each line that starts such.
type goroutines struct {
	watch *outlive.Watch
	log   *slog.Logger

	mu    sync.Mutex
	next  *time.Timer // nil: no look is due
	pause time.Duration

	looking sync.Mutex
	warned  map[outlive.Start]bool // guarded by looking
}

func newGoroutines(log *slog.Logger) *goroutines {
	return &goroutines{watch: outlive.New(), log: log, pause: lookPause, warned: make(map[outlive.Start]bool)}
}

// invoke calls fn as an invocation and has it looked at after a pause.
func (g *goroutines) invoke(ctx context.Context, fn func(context.Context)) {
	g.watch.Do(ctx, fn)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = time.AfterFunc(g.pause, g.lookAgain)
	}
}

// lookAgain looks at what has ended so far and plans how soon the next look may be.
func (g *goroutines) lookAgain() {
	g.mu.Lock()
	g.next = nil
	g.mu.Unlock()
	started := time.Now()
	g.look()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause = max(lookPause, lookShare*time.Since(started))
}

// look warns of lines that no look has found before.
func (g *goroutines) look() {
	g.looking.Lock()
	defer g.looking.Unlock()
	for _, group := range g.watch.Outlived(func(s outlive.Start) bool { return g.warned[s] }) {
		for _, s := range group.Starts {
			g.warned[s] = true
		}
		g.log.Warn("goroutines outlived their invocation: Lambda would freeze them there; start them with sdk.Go, or wait for them to "+
			"end with the context", slog.String("started", group.String()), slog.Int("count", group.Count))
	}
}

// close looks a last time, after the last invocation.
func (g *goroutines) close() {
	g.mu.Lock()
	if g.next != nil {
		g.next.Stop()
	}
	g.mu.Unlock()
	g.look()
}
