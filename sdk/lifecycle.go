package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// initFailed is the reason why a function cannot start whose OnInit function failed, as Lambda shows it.
const initFailed = "App.InitFailed"

// shutdownTime is for OnShutdown functions: Lambda kills a runtime 500 ms after it told it to end.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const shutdownTime = 400 * time.Millisecond

// OnInit has fn called before the first invocation, or before the server or command runs: when secrets are environment variables
// already. It is where an app opens its database. An error keeps the app from starting; in Lambda it is reported as the reason. In Lambda, all
// that precedes the first invocation has 9 s, or 2 minutes with provisioned concurrency. The context lasts as long as the app does.
// Functions run one after the other.
func OnInit(fn func(ctx context.Context) error) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnInit was given no function"))
			return
		}
		a.onInit = append(a.onInit, fn)
	})
}

// OnThaw has fn called when a runtime wakes from a freeze: at the start of an invocation in Lambda, before its first message, if
// the runtime had nothing to do for more than 10 s. Timers stood still meanwhile, and peers may have closed connections. The gap
// is how long, by the wall clock. Functions run one after the other, and the messages wait for them, for a quarter of their own time at most.
//
// Idle connections have been closed by then: those of [net/http.DefaultTransport], of the app's own AWS clients, and of what was
// given to [CloseOnThaw].
func OnThaw(fn func(gap time.Duration)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnThaw was given no function"))
			return
		}
		a.onThaw = append(a.onThaw, fn)
	})
}

// OnFreeze has fn called at the end of each invocation, after its last message and before the answer, as Lambda freezes the runtime
// then: it is where buffered telemetry is flushed. The context ends in time for the answer to be given, which then waits no longer.
// Functions run one after the other.
func OnFreeze(fn func(ctx context.Context)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnFreeze was given no function"))
			return
		}
		a.onFreeze = append(a.onFreeze, fn)
	})
}

// OnShutdown has fn called when the app ends: when Lambda throws the runtime away, and after the server or command. The context ends
// after 400 ms, as Lambda gives a runtime 500 ms, and a runtime that crashed or timed out nothing at all: use it to be polite to peers,
// never to save anything. Functions run one after the other.
//
// Lambda tells a runtime of its end only if it has an extension, so that with OnShutdown the app registers one, which listens to nothing.
// After the functions the process ends by itself, except on Lambda Managed Instances, where invocations may be running.
func OnShutdown(fn func(ctx context.Context)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnShutdown was given no function"))
			return
		}
		a.onShutdown = append(a.onShutdown, fn)
	})
}

// init calls the app's OnInit functions.
func (a *App) init(ctx context.Context) error {
	for _, fn := range a.onInit {
		if err := recovering(func() error { return fn(ctx) }); err != nil {
			if _, panicked := errors.AsType[*PanicError](err); panicked { // what reports the error has no stack
				Logger(ctx).LogAttrs(ctx, slog.LevelError, "OnInit function failed", errorAttrs(err)...)
			}
			return &configError{initFailed, fmt.Errorf("initialise the app: %w", err)}
		}
	}
	return nil
}

// initWithin calls the app's OnInit functions, and waits for them no longer than limited lasts.
func (a *App) initWithin(limited, ctx context.Context) error {
	if len(a.onInit) == 0 {
		return nil
	}
	done := make(chan error, 1)
	go func() {
		err := error(&configError{initFailed, fmt.Errorf("initialise the app: %w", ErrGoexit)})
		defer func() { done <- err }()
		err = a.init(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-limited.Done():
		return &configError{initFailed, fmt.Errorf("initialise the app: OnInit functions did not return: %w", limited.Err())}
	}
}

// shutdown calls the app's OnShutdown functions, and does not wait for them any longer than their time.
func (a *App) shutdown(ctx context.Context) {
	if len(a.onShutdown) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	callHooks(ctx, "OnShutdown", a.onShutdown)
}

// callHooks calls functions that the app gave to the option of that name, one after the other. When ctx ends, those that have not begun are not
// called, and one that does not return is left behind.
func callHooks(ctx context.Context, option string, fns []func(context.Context)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, fn := range fns {
			if ctx.Err() != nil {
				return
			}
			if err := recovering(func() error { fn(ctx); return nil }); err != nil {
				Logger(ctx).LogAttrs(ctx, slog.LevelError, option+" function failed", errorAttrs(err)...)
			}
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
		Logger(ctx).WarnContext(ctx, option+" functions did not end in time")
	}
}
