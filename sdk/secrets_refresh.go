package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

const (
	maxRefresh   = 2 * time.Second // of an invocation's time, which is kept waiting
	refreshPause = time.Minute     // after a failure at most
)

// SecretsTTL has an invocation that finds the app's secrets older than d load them again before its first message; d is above 0. Nothing
// happens between invocations, when Lambda freezes the runtime. The refresh takes at most 2 s and a tenth of the time that the
// invocation has left. If it fails, the old values stay, a warning is logged, and the next attempt is made after d or a minute, whichever is
// less. Of several invocations at the same time, one refreshes and the others go on.
//
// Either all of the secrets are taken over or none, one variable after the other: what runs at the same time may see some of them
// changed and others not yet. Those that are in no secret any more are unset.
func SecretsTTL(d time.Duration) AppOption {
	return appOption(func(a *App) {
		if d <= 0 {
			a.fail(fmt.Errorf("sdk.SecretsTTL: %s must be above 0", d))
			return
		}
		a.secrets.ttl = d
	})
}

// OnSecretsChange has fn called when a refresh, of [SecretsTTL] or [RefreshSecrets], has changed environment variables: set, unset or
// given another value. It is given their sorted names. After a refresh of SecretsTTL it is called before the first message of the
// invocation, which waits for it until the contexts of handler functions end. Functions run one after the other; a panic in one is logged.
// They must not call [RefreshSecrets].
func OnSecretsChange(fn func(ctx context.Context, keys []string)) AppOption {
	return appOption(func(a *App) {
		if fn == nil {
			a.fail(errors.New("sdk.OnSecretsChange was given no function"))
			return
		}
		a.secrets.onChange = append(a.secrets.onChange, fn)
	})
}

// RefreshSecrets loads the app's secrets again now, and returns when [OnSecretsChange] functions have been told of changes. It is for
// handlers that meet an authentication error, which may come from a rotation; those that call it at the same time share one load.
// The context must be one that the app gave to a handler function, server or command, or derived from it, and bounds the load. An error,
// such as a [*SecretError], leaves all variables as they are. Where no secrets were loaded before, as in tests, it does nothing.
func RefreshSecrets(ctx context.Context) error {
	app := scopeFrom(ctx).app
	if app == nil {
		return errors.New("refresh secrets: the context must be derived from that given to a handler function, server or command")
	}
	if ctx.Value(secretsChange{}) != nil {
		return errors.New("refresh secrets: a function of sdk.OnSecretsChange is part of a refresh and cannot start another")
	}
	for {
		load, mine := app.secrets.join()
		switch {
		case load == nil:
			return nil
		case mine:
			return app.reload(ctx, ctx, load)
		}
		select {
		case <-load.done:
			if !load.abandoned {
				return load.err
			}
		case <-ctx.Done():
			return fmt.Errorf("refresh secrets: wait for the refresh that is under way: %w", ctx.Err())
		}
	}
}

// secretsChange marks the contexts of OnSecretsChange functions.
type secretsChange struct{}

// secretLoad is a refresh that others may wait for. What it came to is there once it is done.
type secretLoad struct {
	ids       []string
	done      chan struct{}
	err       error
	abandoned bool // for want of time, which others may have
}

// join returns the refresh that is under way, or else a new one, which is the caller's; nil if there are no secrets.
func (s *secrets) join() (load *secretLoad, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil || len(s.ids) == 0 {
		return s.running, false
	}
	return s.begin(), true
}

// beginIfDue returns a new refresh if it is time for one, or else nil.
func (s *secrets) beginIfDue() *secretLoad {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ttl == 0 || len(s.ids) == 0 || s.running != nil || now().Before(s.due) {
		return nil
	}
	return s.begin()
}

func (s *secrets) begin() *secretLoad {
	s.running = &secretLoad{ids: s.ids, done: make(chan struct{}), err: ErrGoexit, abandoned: true}
	return s.running
}

// reload carries a refresh out: it loads the secrets within the time of loading, and tells of changes with ctx.
func (a *App) reload(ctx, loading context.Context, load *secretLoad) error {
	s := &a.secrets
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = nil
		close(load.done)
	}()
	variables, err := a.fetchVariables(loading, load.ids)
	if err != nil {
		load.err, load.abandoned = fmt.Errorf("refresh secrets: %w", err), loading.Err() != nil
		return load.err
	}
	changed, err := s.set(load.ids, variables)
	load.err, load.abandoned = err, false
	if len(changed) > 0 {
		a.secretsChanged(ctx, changed)
	}
	return err
}

// secretsChanged calls the app's OnSecretsChange functions.
func (a *App) secretsChanged(ctx context.Context, names []string) {
	Logger(ctx).Info("secrets changed", slog.Any("variables", names))
	ctx = context.WithValue(ctx, secretsChange{}, true)
	var fns []func(context.Context)
	for _, fn := range a.secrets.onChange {
		fns = append(fns, func(ctx context.Context) { fn(ctx, slices.Clone(names)) })
	}
	callHooks(ctx, "OnSecretsChange", fns)
}

// refreshSecrets loads the secrets again if they are older than the app wants them to be.
func (v *invocation) refreshSecrets(ctx context.Context) {
	s := &v.app.secrets
	if ctx.Err() != nil {
		return
	}
	load := s.beginIfDue()
	if load == nil {
		return
	}
	limit := maxRefresh
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)/10)
	}
	ctx, cancel := v.limits.handling(WithLogger(v.app.Context(ctx), v.log()))
	defer cancel()
	loading, stop := context.WithTimeout(ctx, limit)
	defer stop()
	if err := v.app.reload(ctx, loading, load); err != nil {
		s.postpone()
		v.log().LogAttrs(ctx, slog.LevelWarn, "secrets were not refreshed, the old values stay", errorAttrs(err)...)
	}
}

// postpone has the next refresh wait for a while.
func (s *secrets) postpone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = now().Add(min(s.ttl, refreshPause))
}
