package filelock

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				unlock, err := Lock(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d have the lock", n)
				}
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
}

func TestCancelledWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if _, err := Lock(ctx, path); !errors.Is(err, stopped) {
		t.Errorf("got %v, want the cause", err)
	}
	unlock()
	if unlock, err = Lock(t.Context(), path); err != nil { // who gave up does not keep it
		t.Fatal(err)
	}
	unlock()
}

func TestDirectoryThatIsGone(t *testing.T) {
	t.Parallel()
	unlock, err := Lock(t.Context(), filepath.Join(t.TempDir(), "gone", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
