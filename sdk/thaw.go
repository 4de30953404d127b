package sdk

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"
)

// minGap is the idle time beyond which a runtime counts as having been frozen. Peers keep idle connections for longer.
const minGap = 10 * time.Second

// IdleCloser is what has idle connections: a [*net/http.Client], a [*net/http.Transport].
type IdleCloser interface{ CloseIdleConnections() }

// CloseOnThaw has idle connections closed when the app's runtime wakes from a freeze (see [OnThaw]). A connection that its peer closed
// meanwhile makes the first request that uses it fail, or hang until it times out. The context must be one that the app gave
// out. Giving the same closer again is harmless.
func CloseOnThaw(ctx context.Context, c IdleCloser) {
	app := scopeFrom(ctx).app
	if app == nil {
		panic("sdk.CloseOnThaw: the context must be derived from that given to a handler function, server or command")
	}
	app.idlers.add(c)
}

// Transports has the idle connections of what it is given closed as [CloseOnThaw] does, for transports that exist before the app.
func Transports(closers ...IdleCloser) AppOption {
	return appOption(func(a *App) {
		for _, c := range closers {
			if c == nil {
				a.fail(errors.New("sdk.Transports was given nothing"))
				return
			}
			a.idlers.add(c)
		}
	})
}

// Pool is what [LimitPool] needs of a [*database/sql.DB].
type Pool interface {
	SetMaxOpenConns(n int)
	SetMaxIdleConns(n int)
	SetConnMaxIdleTime(d time.Duration)
	SetConnMaxLifetime(d time.Duration)
}

// How long a pool's connections are kept. Databases and what is between tend to close idle ones after minutes.
const (
	poolIdleTime = 50 * time.Second
	poolLifetime = 15 * time.Minute
)

// LimitPool gives the pool of a database the limits that a function needs: connections as many as messages are handled at the same time
// (see [Concurrency]), so that a thousand runtimes do not open more, all of them kept between invocations, none idle for
// more than 50 s or older than 15 minutes; and as [CloseOnThaw] does, it has those closed that were idle during a freeze, in which
// the pool's own timers stand still.
func LimitPool(ctx context.Context, db Pool, connections int) {
	connections = max(connections, 1)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(poolIdleTime)
	db.SetConnMaxLifetime(poolLifetime)
	CloseOnThaw(ctx, limitedPool{db, connections})
}

// limitedPool closes idle connections the one way that database/sql has for it.
type limitedPool struct {
	db          Pool
	connections int
}

func (p limitedPool) CloseIdleConnections() {
	p.db.SetMaxIdleConns(-1)
	p.db.SetMaxIdleConns(p.connections)
}

// idlers are what has idle connections.
type idlers struct {
	mu  sync.Mutex
	all []IdleCloser
}

func (i *idlers) add(c IdleCloser) {
	i.mu.Lock()
	defer i.mu.Unlock()
	known := reflect.ValueOf(c).Comparable() && slices.Contains(i.all, c)
	if !known {
		i.all = append(i.all, c)
	}
}

// close closes the idle connections of all. One that panics keeps none of the others from it.
func (i *idlers) close(ctx context.Context) {
	i.mu.Lock()
	all := slices.Concat([]IdleCloser{new(http.Client), http.DefaultClient}, i.all) // the first has the default transport
	i.mu.Unlock()
	for _, c := range all {
		if err := recovering(func() error { c.CloseIdleConnections(); return nil }); err != nil {
			Logger(ctx).LogAttrs(ctx, slog.LevelError, "idle connections were not closed", errorAttrs(err)...)
		}
	}
}

// thawing knows when the app has to wake before an invocation, as that follows a freeze.
type thawing struct {
	mu     sync.Mutex
	active int           // Lambda Managed Instances run invocations concurrently
	idle   time.Time     // since when, by now
	waking chan struct{} // closed when a thaw is over; nil: none is under way
}

// now is the wall clock's time, as the monotonic clock may stop in a freeze.
func now() time.Time { return time.Now().Round(0) }

// enter notes that an invocation begins. If the app has to wake first, it returns a channel that is closed then, to the invocation that has
// to wake it with the gap that there was, to others with 0.
func (t *thawing) enter() (gap time.Duration, waking chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active++
	if gap = now().Sub(t.idle); t.active > 1 || gap <= minGap {
		return 0, t.waking
	}
	t.waking = make(chan struct{})
	return gap, t.waking
}

func (t *thawing) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active--
	t.idle = now()
}

// woken notes that a thaw is over.
func (t *thawing) woken() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.waking)
	t.waking = nil
}

// wake wakes the app after a freeze, or waits until another invocation has done that.
func (v *invocation) wake() {
	gap, waking := v.thawing.enter()
	if waking == nil {
		return
	}
	ctx, cancel := v.limits.waking(WithLogger(v.ctx, v.log()))
	defer cancel()
	if gap == 0 {
		select {
		case <-waking:
		case <-ctx.Done():
		}
		return
	}
	defer v.thawing.woken()
	fns := []func(context.Context){func(ctx context.Context) { v.app.aws.closeIdleConnections(ctx); v.app.idlers.close(ctx) }}
	for _, fn := range v.app.onThaw {
		fns = append(fns, func(context.Context) { fn(gap) })
	}
	callHooks(ctx, "OnThaw", fns)
}
