package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// App is one binary: a server and handlers. Make it with [New] and hand over with [App.Main]. An App is safe for concurrent
// use.
type App struct {
	name       string
	server     func(context.Context) error
	handlers   map[string]*handler
	commands   []command
	middleware []Middleware
	thaw       []func(context.Context, time.Duration)
	freeze     []func(context.Context)
	errs       []error

	aws    clients
	queues queueCache
}

// AppOption is a part of an app: [Server], [Handler], [Command], [Use], [OnThaw], [OnFreeze] or several of them as [Options].
type AppOption interface{ applyToApp(*App) }

// HandlerOption is a part of a handler: [On], [SendsTo], [Timeout], [BatchSize], [Concurrency] or [Use].
type HandlerOption interface{ applyToHandler(*handler) }

// EventOption is a part of what [On] registers: [Use].
type EventOption interface{ applyToEvent(*route) }

type appOption func(*App)

func (o appOption) applyToApp(a *App) { o(a) }

type handlerOption func(*handler)

func (o handlerOption) applyToHandler(h *handler) { o(h) }

// New puts an app together. The name is the source of the events it sends.
//
// Mistakes in the parts, such as two handlers of one name, do not panic: [App.Run] and [App.Invoker] return them all at once,
// and in Lambda they are reported as the reason why the function cannot start.
func New(name string, parts ...AppOption) *App {
	a := &App{name: name, handlers: make(map[string]*handler)}
	if name == "" {
		a.fail(errors.New("the app has no name: give sdk.New one"))
	}
	for _, part := range parts {
		part.applyToApp(a)
	}
	for _, h := range a.handlers {
		h.compose(a.middleware)
	}
	return a
}

func (a *App) fail(err error) { a.errs = append(a.errs, err) }

// err returns every mistake that was made in putting the app together.
func (a *App) err() error {
	if len(a.errs) == 0 {
		return nil
	}
	return fmt.Errorf("app %q is not set up correctly: %w", a.name, errors.Join(a.errs...))
}

// Server is what "backend server" runs. The context given to serve ends with SIGINT or SIGTERM; serve should then finish what
// it has begun and return. [Send] and [Go] work with this context and those derived from it. As the BaseContext of an
// [net/http.Server], use [context.WithoutCancel] of it, or requests that are being served then can send no more.
func Server(serve func(ctx context.Context) error) AppOption {
	return appOption(func(a *App) {
		switch {
		case serve == nil:
			a.fail(errors.New("sdk.Server was given no function"))
		case a.server != nil:
			a.fail(errors.New("sdk.Server is there twice: an app has one server"))
		default:
			a.server = serve
		}
	})
}

// Handler adds a handler: the entry point of one Lambda function, which the environment variable HANDLER selects by this
// name. Names consist of letters, digits, ".", "-" and "_".
func Handler(name string, options ...HandlerOption) AppOption {
	return appOption(func(a *App) {
		h := &handler{name: name, exact: make(map[string]*route)}
		for _, option := range options {
			option.applyToHandler(h)
		}
		if !validName(name) {
			h.fail(errors.New("the name must consist of letters, digits, \".\", \"-\" and \"_\""))
		}
		if len(h.exact)+len(h.prefixes) == 0 {
			h.fail(errors.New("it handles no events: add sdk.On"))
		}
		if a.handlers[name] != nil {
			h.fail(errors.New("it is registered twice"))
		}
		for _, err := range h.errs {
			a.fail(fmt.Errorf("handler %q: %w", name, err))
		}
		a.handlers[name] = h
	})
}

// Command adds "backend name" to the app's command line. The usage is one line: the arguments and what the command does.
// Secrets are loaded before run is called; [Send] and [Logger] work with its context, which ends with SIGINT or SIGTERM.
func Command(name, usage string, run func(ctx context.Context, app *App, args []string) error) AppOption {
	return appOption(func(a *App) {
		switch {
		case !validName(name):
			a.fail(fmt.Errorf("command %q: the name must consist of letters, digits, \".\", \"-\" and \"_\"", name))
		case run == nil:
			a.fail(fmt.Errorf("command %q has no function", name))
		case a.command(name) != nil:
			a.fail(fmt.Errorf("command %q exists already", name))
		default:
			a.commands = append(a.commands, command{name: name, usage: usage,
				run: func(ctx context.Context, a *App, args []string, _ console) error { return run(ctx, a, args) }})
		}
	})
}

// OnThaw has fn called at the start of an invocation in Lambda when the runtime had nothing to do for a second or more
// before it, since it was ready or since the invocation before. Lambda freezes a runtime in between, so that timers stood still
// and peers may have closed connections. The duration is how long, by the wall clock. Functions run one after the other, before
// any message of the invocation.
func OnThaw(fn func(ctx context.Context, idle time.Duration)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnThaw was given no function"))
			return
		}
		a.thaw = append(a.thaw, fn)
	})
}

// OnFreeze has fn called at the end of each invocation, after its last message and before the answer, as Lambda freezes the runtime
// then: it is where buffered telemetry is flushed. The context ends in time for the answer to be given. Functions run one after the
// other.
func OnFreeze(fn func(ctx context.Context)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnFreeze was given no function"))
			return
		}
		a.freeze = append(a.freeze, fn)
	})
}

// Options makes one part of several, in their order: packages that bring middleware and what it needs around it return that.
func Options(parts ...AppOption) AppOption {
	return appOption(func(a *App) {
		for _, part := range parts {
			part.applyToApp(a)
		}
	})
}

// validName tells whether a name can stand in HANDLER, HANDLER_QUEUES and on a command line.
func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
