package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

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
	tasks.start(func() error { return fn(ctx) })
}

// tasks are goroutines that something waits for. Unlike a [sync.WaitGroup], they may be started at any time, even by code that was
// left behind when the waiting was over.
type tasks struct {
	failed func(error) // told each error and panic, concurrently; nil: wait returns them

	mu      sync.Mutex
	running int
	idle    chan struct{} // closed when nothing runs any more; nil unless somebody waits
	errs    []error
}

func (t *tasks) start(fn func() error) {
	t.mu.Lock()
	t.running++
	t.mu.Unlock()
	go func() {
		err := ErrGoexit
		defer func() { t.end(err) }()
		err = recovering(fn)
	}()
}

func (t *tasks) end(err error) {
	if err != nil && t.failed != nil {
		t.failed(err)
		err = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.errs = append(t.errs, err)
	}
	if t.running--; t.running == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns when no task is running, with the errors of all.
func (t *tasks) wait() error {
	t.mu.Lock()
	for t.running > 0 {
		if t.idle == nil {
			t.idle = make(chan struct{})
		}
		idle := t.idle
		t.mu.Unlock()
		<-idle
		t.mu.Lock()
	}
	defer t.mu.Unlock()
	return joined(t.errs...)
}

// joined is [errors.Join], but a single error as it is.
func joined(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// recovering calls fn and makes an error of its panic. An error that panics when asked for its text or what it wraps, as a nil pointer in
// an error often does, counts as one: further on it would end the process.
func recovering(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	if err = fn(); err != nil {
		_ = err.Error()
		_, _ = errors.AsType[*configError](err) // never in there, so that all is unwrapped
	}
	return err
}

// errorAttrs are the log attributes of an error: its text, and where it panicked.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.String("error", shortened(err.Error()))}
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		attrs = append(attrs, slog.String("stack", shortened(string(panicked.Stack))))
	}
	return attrs
}

// maxLogged is how many bytes of a text go into a line of log. CloudWatch breaks lines above 256 KB, which then are JSON no more.
const maxLogged = 32 << 10

// shortened is a text as it goes into a line of log.
func shortened(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxLogged], ""), len(text))
}
