package lambda

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// terminationGrace is how long a runtime that registered an extension has from SIGTERM to SIGKILL.
const terminationGrace = 500 * time.Millisecond

// runtime is an execution environment: the function's process, the Runtime API that it speaks to, and its log stream. It belongs
// to one invocation at a time; only the Runtime API's handlers run beside it.
type runtime struct {
	deployment *deployment
	log        *logStream
	api        *runtimeAPI
	process    *process
	initFailed bool // the process of the init phase failed; the next is started during the invocation

	mu         sync.Mutex
	polling    bool            // the process waits for an event
	extensions map[string]bool // by ID: whether it waits too
	ready      chan struct{}   // closed when the process and its extensions first wait
	initError  *functionError  // as reported by the process
	aborted    bool            // the service is closing
	current    *invocation
	events     chan *invocation // to the handler that the process waits in
}

func newRuntime(d *deployment) (*runtime, error) {
	rt := &runtime{deployment: d, log: newLogStream(d)}
	api, err := newRuntimeAPI(rt)
	if err != nil {
		return nil, fmt.Errorf("listen for runtime: %w", err)
	}
	rt.api = api
	return rt, nil
}

// initialize starts the process and waits until it asks for its first event, at most until the limit. The request ID is for the
// error, which is nil on success.
func (rt *runtime) initialize(requestID string, limit time.Duration, late *functionError) *functionError {
	rt.mu.Lock()
	rt.polling, rt.extensions, rt.initError = false, map[string]bool{}, nil
	rt.ready, rt.events = make(chan struct{}), make(chan *invocation, 1)
	rt.mu.Unlock()

	process, err := rt.deployment.startProcess(rt)
	if err != nil {
		if invalid, ok := errors.AsType[*entryPointError](err); ok {
			return platformError(requestID, invalid.kind, invalid.Error())
		}
		return platformError(requestID, "Runtime.InvalidEntrypoint", err.Error())
	}
	rt.mu.Lock()
	rt.process = process
	if rt.aborted {
		process.kill()
	}
	rt.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-rt.ready:
		process.peakMemory()
		return nil
	case <-process.exited:
		process.output.close()
		rt.mu.Lock()
		defer rt.mu.Unlock()
		if rt.initError != nil {
			return rt.initError
		}
		return platformError(requestID, "Runtime.ExitError", process.exitReason())
	case <-timer.C:
		rt.kill()
		return late
	}
}

// serve hands the invocation to the process and waits until it is handled, the deadline has passed or the process has ended.
// It reports whether the runtime, which is frozen then, can be used again.
func (rt *runtime) serve(i *invocation) (reusable bool) {
	rt.mu.Lock()
	rt.current, rt.polling = i, false
	rt.mu.Unlock()
	rt.process.thaw()
	rt.events <- i

	timer := time.NewTimer(time.Until(i.deadline))
	defer timer.Stop()
	var failure *functionError
	select {
	case <-i.complete:
		reusable = true
		rt.process.freeze() // first, or what goes on in the background may write as fast as its output is taken
		rt.process.output.flush()
	case <-rt.process.exited:
		rt.process.output.close()
		failure = platformError(i.requestID, "Runtime.ExitError", rt.process.exitReason())
	case <-timer.C:
		rt.process.peakMemory()
		rt.kill()
		failure = timedOut(i.requestID, rt.deployment.timeout)
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.current = nil
	rt.log.failure(i, failure)
	if !i.answered {
		i.failure = failure
	}
	return reusable
}

// logLine takes a line that the process wrote.
func (rt *runtime) logLine(line string) {
	rt.log.put(line + "\n")
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.current != nil {
		rt.current.log(line + "\n")
	}
}

// settleLocked notes that the process, or one of its extensions, waits. Only when all do is the phase over.
func (rt *runtime) settleLocked() {
	if !rt.polling {
		return
	}
	for _, waiting := range rt.extensions {
		if !waiting {
			return
		}
	}
	select {
	case <-rt.ready:
	default:
		close(rt.ready)
	}
	if rt.current != nil && rt.current.answered {
		select {
		case <-rt.current.complete:
		default:
			close(rt.current.complete)
		}
	}
}

func (rt *runtime) registerExtension() (id string) {
	id = uuid.NewString()
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.extensions[id] = false
	return id
}

// alive tells whether the process runs still.
func (rt *runtime) alive() bool {
	select {
	case <-rt.process.exited:
		return false
	default:
		return true
	}
}

// kill ends the process at once and returns when it is gone.
func (rt *runtime) kill() {
	rt.process.kill()
	<-rt.process.exited
	rt.process.output.close()
}

// abort kills the process in the middle of whatever it does. Unlike all else it may be called beside the runtime's owner.
func (rt *runtime) abort() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.aborted = true
	if rt.process != nil {
		rt.process.kill()
	}
}

// shutDown ends a runtime that has nothing to do, and returns when it is gone. A process that registered an extension gets SIGTERM first.
func (rt *runtime) shutDown() {
	if rt.process != nil {
		rt.mu.Lock()
		extended := len(rt.extensions) > 0
		rt.mu.Unlock()
		if extended && rt.alive() {
			rt.process.terminate()
			rt.process.thaw()
			timer := time.NewTimer(terminationGrace)
			defer timer.Stop()
			select {
			case <-rt.process.exited:
			case <-timer.C:
			}
		}
		rt.kill()
	}
	rt.api.close()
}
