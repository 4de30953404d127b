package sdk

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// scope is what an app's contexts carry.
type scope struct {
	app    *App
	logger *slog.Logger
	tasks  *tasks
	end    time.Time // of the invocation; zero: there is none
	trace  string
}

type scopeKey struct{}

func scopeFrom(ctx context.Context) scope {
	s, _ := ctx.Value(scopeKey{}).(scope)
	return s
}

func (s scope) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// Context returns a context with which [Send] works as it does in the app's server, and [Go] as a plain go statement would.
// Servers, handlers and commands are given such a context; this is for code that none of them started.
func (a *App) Context(ctx context.Context) context.Context {
	s := scopeFrom(ctx)
	s.app = a
	if s.logger == nil {
		s.logger = newLogger(os.Stdout)
	}
	if s.tasks == nil {
		s.tasks = newTasks(func(err error) { s.logger.Error("goroutine failed", errorAttrs(err)...) })
	}
	return s.context(ctx)
}

// Logger returns the logger of ctx. In a handler function, its lines carry the handler, queue, event and request. Without one
// in ctx, it is [slog.Default].
func Logger(ctx context.Context) *slog.Logger {
	if logger := scopeFrom(ctx).logger; logger != nil {
		return logger
	}
	return slog.Default()
}

// WithLogger returns a context whose [Logger] is the given one. The app itself logs to it too when [App.Run] or an invocation
// is given the context.
func WithLogger(ctx context.Context, logger *slog.Logger) context.Context {
	s := scopeFrom(ctx)
	s.logger = logger
	return s.context(ctx)
}

// InvocationDeadline returns when Lambda ends the invocation that ctx belongs to. It is later than the deadline of ctx itself, by
// what the app keeps to settle its messages in. Outside an invocation, and in one without a deadline, it is false.
func InvocationDeadline(ctx context.Context) (time.Time, bool) {
	end := scopeFrom(ctx).end
	return end, !end.IsZero()
}

// TraceHeader returns the X-Ray trace header of the message that ctx was given for, such as "Root=1-…;Parent=…;Sampled=1", or else
// that of the invocation, or else "". [Send] passes it on.
func TraceHeader(ctx context.Context) string {
	if trace := scopeFrom(ctx).trace; trace != "" {
		return trace
	}
	trace, _ := ctx.Value(traceKey).(string)
	return trace
}

// traceKey is where aws-lambda-go and the X-Ray SDK keep the trace header of an invocation.
const traceKey = "x-amzn-trace-id"

// Go runs fn in a goroutine that belongs to the message which ctx was given for: the message is done when fn has returned,
// and fails if fn fails or panics. In Lambda, a goroutine started otherwise is frozen with the end of the invocation, and its panic
// ends the process. With a server's context, the app waits for fn before it exits, and logs its error.
//
// Go panics if ctx is not one that the app gave out.
func Go(ctx context.Context, fn func(ctx context.Context) error) {
	tasks := scopeFrom(ctx).tasks
	if tasks == nil {
		panic("sdk.Go: the context must be derived from that given to a handler function, server or command")
	}
	tasks.start(ctx, fn)
}

// tasks are goroutines that something waits for. Unlike a [sync.WaitGroup], they may be started at any time, even by code that was
// left behind when the waiting was over.
type tasks struct {
	failed func(error) // told each error and panic, concurrently

	mu      sync.Mutex
	running int
	idle    *sync.Cond
}

func newTasks(failed func(error)) *tasks {
	t := &tasks{failed: failed}
	t.idle = sync.NewCond(&t.mu)
	return t
}

func (t *tasks) start(ctx context.Context, fn func(context.Context) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running++
	go func() {
		defer t.end()
		err := errGoexit
		defer func() {
			if err != nil {
				t.failed(err)
			}
		}()
		err = recovering(func() error { return fn(ctx) })
	}()
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.idle.Broadcast()
}

// wait returns when no task is running.
func (t *tasks) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.running > 0 {
		t.idle.Wait()
	}
}

var errGoexit = errors.New("the goroutine was ended by runtime.Goexit before its function returned")

// recovering calls fn and makes an error of its panic. An error that panics when asked for its text, as a nil pointer in an error
// often does, counts as one: further on it would end the process.
func recovering(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	if err = fn(); err != nil {
		_ = err.Error()
	}
	return err
}

// errorAttrs are the log attributes of an error: its text, and where it panicked.
func errorAttrs(err error) []any {
	attrs := []any{slog.String("error", err.Error())}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, slog.String("stack", string(panicked.stack)))
	}
	return attrs
}
