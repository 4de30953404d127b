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
	namespace  string // of metrics
	server     func(context.Context) error
	handlers   map[string]*handler
	commands   []command
	middleware []Middleware
	onInit     []func(context.Context) error
	onThaw     []func(time.Duration)
	onFreeze   []func(context.Context)
	onShutdown []func(context.Context)
	errs       []error

	aws     clients
	queues  queueCache
	idlers  idlers
	secrets secrets
}

// New puts an app together. The name is the source of the events it sends.
//
// Mistakes in the parts, such as two functions for one event type, are bugs, and New panics with all of them and where they were
// made. In Lambda it first reports them as the reason why the function cannot start.
func New(name string, parts ...AppOption) *App {
	a := &App{name: name, namespace: namespaceOf(name), handlers: make(map[string]*handler), aws: clients{lock: newLock()}}
	if name == "" {
		a.fail(errors.New("the app has no name: give sdk.New one"))
	}
	for i, part := range parts {
		if part == nil {
			a.fail(fmt.Errorf("part %d given to sdk.New is nil", i+1))
			continue
		}
		part.applyToApp(a)
	}
	for _, h := range a.handlers {
		if err := recovering(func() error { return h.compose(a.middleware) }); err != nil {
			a.fail(fmt.Errorf("handler %q: wrap its functions in middleware: %w", h.name, err))
		}
	}
	if len(a.errs) > 0 {
		err := &configError{invalidApp, fmt.Errorf("sdk.New: app %q is not set up correctly: %w", name, errors.Join(a.errs...))}
		if inLambda() {
			err.err = errors.Join(err.err, reportInitError(context.Background(), err))
		}
		panic(err)
	}
	return a
}

func (a *App) fail(err error) { a.errs = append(a.errs, err) }

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

// validName tells whether a name can stand in HANDLER, HANDLER_QUEUES and on a command line.
func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
