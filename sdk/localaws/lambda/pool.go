package lambda

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errRetired says that a deployment takes no more invocations, because it was replaced or its function deleted.
var errRetired = errors.New("deployment is retired")

// pool holds the runtimes of one deployment.
type pool struct {
	mu       sync.Mutex
	retired  bool
	runtimes map[*runtime]bool // all that there are
	emptied  *sync.Cond        // signalled when the last of them is gone
	idle     []*idleRuntime    // frozen, the most recently used last
}

// idleRuntime is a frozen runtime and the timer that ends it.
type idleRuntime struct {
	*runtime
	timer *time.Timer
}

// take returns the most recently used idle runtime, or nil if all are busy.
func (p *pool) take() (*runtime, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.retired {
		if len(p.idle) == 0 {
			return nil, nil
		}
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		last.timer.Stop()
		if last.alive() {
			return last.runtime, nil
		}
		p.endLocked(last.runtime) // somebody killed it
	}
	return nil, errRetired
}

func (p *pool) init() {
	p.runtimes = map[*runtime]bool{}
	p.emptied = sync.NewCond(&p.mu)
}

// add counts a new runtime.
func (p *pool) add(rt *runtime) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		return errRetired
	}
	p.runtimes[rt] = true
	return nil
}

// begin marks the moment in which a runtime gets an invocation. It cannot be after the pool's retirement: whoever sees the successor
// announced can rely on nothing being handed to a runtime of this pool any more.
func (p *pool) begin(started func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		return errRetired
	}
	started()
	return nil
}

// put keeps a frozen runtime that has nothing to do, and ends it when that has been so for a while, or at once if the pool is retired.
func (p *pool) put(rt *runtime, idleTimeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		p.endLocked(rt)
		return
	}
	idle := &idleRuntime{runtime: rt}
	idle.timer = time.AfterFunc(idleTimeout, func() { p.expire(idle) })
	p.idle = append(p.idle, idle)
}

func (p *pool) expire(expired *idleRuntime) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, expired); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		p.endLocked(expired.runtime)
	}
}

// end throws a runtime away.
func (p *pool) end(rt *runtime) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endLocked(rt)
}

func (p *pool) endLocked(rt *runtime) {
	go func() { // await sees its end
		rt.shutDown()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.runtimes, rt)
		if len(p.runtimes) == 0 {
			p.emptied.Broadcast()
		}
	}()
}

// retire makes the pool take no more invocations and ends its idle runtimes. Busy ones finish their invocation first.
func (p *pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	for _, idle := range p.idle {
		idle.timer.Stop()
		p.endLocked(idle.runtime)
	}
	p.idle = nil
}

// await returns when the last runtime of a retired pool is gone. When ctx ends, runtimes do not get to finish what they do.
func (p *pool) await(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for rt := range p.runtimes {
			rt.abort()
		}
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.runtimes) > 0 {
		p.emptied.Wait()
	}
}
