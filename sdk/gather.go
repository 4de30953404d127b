package sdk

import (
	"context"
	"errors"
	"sync"
)

// Gather is for middleware that does something when an event has been handled, which is not when the function returns but when the
// goroutines that it started with [Go] have returned too. With the context that Gather returns they belong to the caller: wait
// returns when none of them is running, with their errors and panics. These fail the message as always, whatever the caller makes of
// them. The caller must call wait, also when what it gave the context to panics.
func Gather(ctx context.Context) (gathered context.Context, wait func() error) {
	s := scopeFrom(ctx)
	outer := s.tasks
	var mu sync.Mutex
	var errs []error
	s.tasks = newTasks(func(err error) {
		if outer != nil {
			outer.failed(err)
		}
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	})
	return s.context(ctx), func() error {
		s.tasks.wait()
		mu.Lock()
		defer mu.Unlock()
		if len(errs) == 1 {
			return errs[0]
		}
		return errors.Join(errs...)
	}
}
