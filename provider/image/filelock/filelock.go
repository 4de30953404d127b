// Package filelock holds locks that processes share.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Lock takes the lock of this file, which it makes when needed, and waits until it is free or ctx ends. Where the file system knows no
// locks nobody waits, so a lock may only spare work. Errors are ctx's cause and a file that may not be made.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	type held struct {
		unlock func()
		err    error
	}
	waiting := make(chan held, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		waiting <- held{unlock, err}
	}()
	select {
	case lock := <-waiting:
		switch {
		case errors.Is(lock.err, fs.ErrPermission):
			return nil, lock.err
		case lock.err != nil:
			return func() {}, nil //nolint:nilerr // see above
		}
		return lock.unlock, nil
	case <-ctx.Done():
		go func() { // the wait cannot be broken off, only its success be given back
			if lock := <-waiting; lock.err == nil {
				lock.unlock()
			}
		}()
		return nil, fmt.Errorf("wait for the lock %s: %w", path, context.Cause(ctx))
	}
}
