// Package filelock holds locks that processes share.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Lock takes the lock of this file, which it makes when needed, and waits until it is free or ctx ends. Where the file system knows no
// locks nobody waits, so a lock may only spare work. Errors are ctx's cause and a file that may not be made.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	made, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	} else if err == nil {
		defer made.Close()
	}
	type held struct {
		file *lockedfile.File
		err  error
	}
	waiting := make(chan held, 1)
	go func() {
		file, err := lockedfile.OpenFile(path, os.O_RDWR, 0) // makes nothing: it may get its turn long after ctx has ended
		waiting <- held{file, err}
	}()
	select {
	case lock := <-waiting:
		if lock.err != nil {
			return func() {}, nil //nolint:nilerr // see above
		}
		return func() { _ = lock.file.Close() }, nil
	case <-ctx.Done():
		go func() { // the wait cannot be broken off, only its success be given back
			if lock := <-waiting; lock.err == nil {
				_ = lock.file.Close()
			}
		}()
		return nil, fmt.Errorf("wait for the lock %s: %w", path, context.Cause(ctx))
	}
}
