package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// Invoker returns the Lambda handler behind a handler's name. It takes Lambda's event for messages of a queue and answers with the
// messages that failed, as Lambda's ReportBatchItemFailures prescribes; it has no error for failed messages, only for input that is no
// such event. When Invoke returns, nothing refers to its payload any more. Local-drain and tests invoke handlers through it just as
// Lambda does; [OnInit] is called by [App.Run] alone.
func (a *App) Invoker(handler string) (lambda.Handler, error) {
	h, err := a.handler(handler)
	if err != nil {
		return nil, err
	}
	return &invoker{app: a, handler: h, logger: newLogger(os.Stdout)}, nil
}

func (a *App) handler(name string) (*handler, error) {
	if h := a.handlers[name]; h != nil {
		return h, nil
	}
	known := "it has none"
	if names := a.handlerNames(); len(names) > 0 {
		known = "it has " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("app %q has no handler %q (%s)", a.name, name, known)
}

type invoker struct {
	app     *App
	handler *handler
	logger  *slog.Logger // for contexts without one
	lines   *output      // in Lambda, for metrics; or else nil
	thawing *thawing     // in Lambda, where runtimes are frozen; or else nil
	warm    atomic.Bool  // an invocation has begun
}

// Invoke handles one batch.
func (i *invoker) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	messages, err := decodeBatch(payload, i.handler.defaultType)
	if err != nil {
		return nil, err
	}
	v := i.begin(ctx, messages)
	if i.thawing != nil {
		defer i.thawing.leave()
		v.wake()
	}
	v.refreshSecrets(ctx)
	v.handleAll()
	v.postpone(v.toPostpone())
	v.measure()
	v.flush()
	v.freeze()
	return v.answer()
}

// invocation is the handling of one batch.
type invocation struct {
	*invoker
	ctx      context.Context // Lambda's
	env      *environ.Environment
	messages []message
	limits   limits
	logger   *slog.Logger
	request  string // Lambda's ID of the invocation, "" if there is none
}

// log returns a logger whose lines carry the handler and the request.
func (v *invocation) log() *slog.Logger {
	if v.request == "" {
		return v.logger.With(slog.String("handler", v.handler.name))
	}
	return v.logger.With(slog.String("handler", v.handler.name), slog.String("requestId", v.request))
}

func (i *invoker) begin(ctx context.Context, messages []message) *invocation {
	logger := scopeFrom(ctx).logger
	if logger == nil {
		logger = i.logger
	}
	v := &invocation{invoker: i, ctx: ctx, env: environ.FromContext(ctx), messages: messages, limits: limitsOf(ctx, i.handler.margin)}
	v.logger = logger
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		v.request = lc.AwsRequestID
	}
	for n := range messages {
		if m := &messages[n]; m.invalid == nil {
			m.route = i.handler.route(m.event.Type)
		}
	}
	return v
}

// handleAll returns when every message has an outcome.
func (v *invocation) handleAll() {
	ctx, cancel := v.limits.handling(v.ctx)
	defer cancel()
	if len(v.messages) == 1 { // as most often, and needs none of what follows
		w := worker{invocation: v, done: make(chan error, 1)}
		w.handleLane(ctx, &v.messages[0])
		return
	}
	waiting := &laneQueue{heads: v.lanes()}
	n := min(v.handler.concurrency, len(waiting.heads))
	if n < len(waiting.heads) {
		defer v.giveBackLate(ctx, waiting)()
	}
	var workers sync.WaitGroup
	workers.Add(n)
	work := func() {
		defer workers.Done()
		w := worker{invocation: v, done: make(chan error, 1)}
		for ctx.Err() == nil {
			head := waiting.take()
			if head == nil {
				return
			}
			w.handleLane(ctx, head)
		}
	}
	for range n {
		go work()
	}
	workers.Wait()
	v.leaveAll(waiting)
}

// laneQueue are lanes that no worker has taken yet.
type laneQueue struct {
	heads []*message
	taken atomic.Int64
}

// take returns the first message of the next lane, nil if there is none.
func (q *laneQueue) take() *message {
	if n := q.taken.Add(1); n <= int64(len(q.heads)) {
		return q.heads[n-1]
	}
	return nil
}

// giveBackLate gives the lanes that wait when ctx ends back at once, beside functions that take their time to return: there may be many. It
// returns how to wait for that, which must be done before ctx is cancelled.
func (v *invocation) giveBackLate(ctx context.Context, waiting *laneQueue) (wait func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		v.postpone(v.leaveAll(waiting))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// leaveAll gives lanes back unstarted that no worker has taken, and returns their messages.
func (v *invocation) leaveAll(waiting *laneQueue) []*message {
	var left []*message
	for head := waiting.take(); head != nil; head = waiting.take() {
		v.leave(head, 0, ErrNoTime)
		for m := head; m != nil; m = m.next {
			left = append(left, m)
		}
	}
	return left
}

// lanes splits the batch into what may be handled at the same time, each message of a standard queue and each group of a FIFO queue, and
// returns the first message of each.
func (v *invocation) lanes() []*message {
	heads := make([]*message, 0, len(v.messages))
	var last map[string]*message // of each group
	for i := range v.messages {
		m := &v.messages[i]
		if isFIFO(m.queue) {
			if last == nil {
				last = make(map[string]*message)
			}
			group := m.queue + " " + m.group
			before := last[group]
			last[group] = m
			if before != nil {
				before.next = m
				continue
			}
		}
		heads = append(heads, m)
	}
	return heads
}

// worker handles one message at a time.
type worker struct {
	*invocation
	done chan error // what handler functions return
}

// handleLane handles messages in order. What follows one that will come back is not started and comes back after it.
func (w *worker) handleLane(ctx context.Context, head *message) {
	for m := head; m != nil; m = m.next {
		if ctx.Err() != nil || w.limits.tooLateToStart() {
			w.leave(m, 0, ErrNoTime)
			return
		}
		w.handle(ctx, m)
		if m.outcome == retried {
			w.leave(m.next, m.delay, ErrGroupFailed)
			return
		}
	}
}

// freeze calls the app's OnFreeze functions.
func (v *invocation) freeze() {
	if len(v.app.onFreeze) == 0 {
		return
	}
	ctx, cancel := v.limits.settle(WithLogger(v.app.Context(v.ctx), v.log()))
	defer cancel()
	callHooks(ctx, "OnFreeze", v.app.onFreeze)
}

// failure is how Lambda is told of a message that is to come again.
type failure struct {
	ID string `json:"itemIdentifier"`
}

// flush writes what is held of the log.
func (v *invocation) flush() {
	if v.lines == nil {
		return
	}
	if err := v.lines.flush(); err != nil {
		v.log().Warn("a line of the log was not written", slog.String("error", err.Error()))
	}
}

// answer is the response to Lambda. One without failures is success, so that a message counts as failed unless it is known not to have.
func (v *invocation) answer() ([]byte, error) {
	var failures []failure
	for i := range v.messages {
		switch m := &v.messages[i]; m.outcome {
		case handled, deadLettered, dropped:
		default:
			failures = append(failures, failure{ID: m.id})
		}
	}
	if len(failures) == 0 {
		return []byte(`{"batchItemFailures":[]}`), nil
	}
	return json.Marshal(map[string][]failure{"batchItemFailures": failures})
}
