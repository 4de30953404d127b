package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	metrics io.Writer    // nil: none are written
	warm    atomic.Bool  // an invocation has begun
}

// Invoke handles one batch.
func (i *invoker) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	messages, err := decodeBatch(payload)
	if err != nil {
		return nil, err
	}
	v := i.begin(ctx, messages)
	v.handleAll()
	v.postpone()
	v.measure()
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
	log      *slog.Logger
	request  string // Lambda's ID of the invocation, "" if there is none
}

func (i *invoker) begin(ctx context.Context, messages []message) *invocation {
	logger := scopeFrom(ctx).logger
	if logger == nil {
		logger = i.logger
	}
	v := &invocation{invoker: i, ctx: ctx, env: environ.FromContext(ctx), messages: messages, limits: limitsOf(ctx, i.handler.margin)}
	attrs := []any{slog.String("handler", i.handler.name)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		v.request = lc.AwsRequestID
		attrs = append(attrs, slog.String("requestId", v.request))
	}
	v.log = logger.With(attrs...)
	var recent RawEvent
	for n := range messages {
		m := &messages[n]
		m.decodeEvent(&recent)
		if m.invalid == nil {
			m.route = i.handler.route(m.event.Type)
		}
	}
	return v
}

// handleAll returns when every message has an outcome.
func (v *invocation) handleAll() {
	ctx, cancel := v.limits.handling(v.ctx)
	defer cancel()
	split := lanes(v.messages)
	var next atomic.Int64
	work := func() {
		for {
			n := int(next.Add(1)) - 1
			if n >= len(split) {
				return
			}
			v.handleLane(ctx, split[n])
		}
	}
	var workers sync.WaitGroup
	for range min(v.handler.concurrency, len(split)) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
}

// lanes splits a batch into what may be handled at the same time: each message of a standard queue, each group of a FIFO queue.
func lanes(messages []message) [][]*message {
	split := make([][]*message, 0, len(messages))
	all := make([]*message, len(messages))
	var groups map[string]int
	for i := range messages {
		m := &messages[i]
		if !isFIFO(m.queue) {
			all[i] = m
			split = append(split, all[i:i+1:i+1])
			continue
		}
		if groups == nil {
			groups = make(map[string]int)
		}
		group := m.queue + " " + m.group
		lane, ok := groups[group]
		if !ok {
			lane = len(split)
			groups[group] = lane
			split = append(split, nil)
		}
		split[lane] = append(split[lane], m)
	}
	return split
}

// handleLane handles messages in order. What follows one that will come back is not started and comes back after it.
func (v *invocation) handleLane(ctx context.Context, lane []*message) {
	for i, m := range lane {
		if ctx.Err() != nil || v.limits.tooLateToStart() {
			v.leave(lane[i:], 0, ErrNoTime)
			return
		}
		v.handle(ctx, m)
		if m.outcome == retried {
			v.leave(lane[i+1:], m.delay, ErrGroupFailed)
			return
		}
	}
}

// freeze calls the app's OnFreeze functions.
func (v *invocation) freeze() {
	if len(v.app.onFreeze) == 0 {
		return
	}
	ctx, cancel := v.limits.settle(v.app.Context(v.ctx))
	defer cancel()
	for _, fn := range v.app.onFreeze {
		if err := recovering(func() error { fn(ctx); return nil }); err != nil {
			v.log.LogAttrs(ctx, slog.LevelError, "OnFreeze function failed", errorAttrs(err)...)
		}
	}
}

// failure is how Lambda is told of a message that is to come again. A response without any is success.
type failure struct {
	ID string `json:"itemIdentifier"`
}

func (v *invocation) answer() ([]byte, error) {
	response := struct {
		Failures []failure `json:"batchItemFailures"`
	}{Failures: []failure{}}
	for i := range v.messages {
		if m := &v.messages[i]; m.outcome == retried {
			response.Failures = append(response.Failures, failure{ID: m.id})
		}
	}
	return json.Marshal(response)
}
