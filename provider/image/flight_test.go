package image

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// TestFellowsShareATimeout has a registry's timeout, which net/http says is a context's, reach all who wait for the same call, once.
func TestFellowsShareATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flight[int]
		slow := fmt.Errorf("registry: %w", context.DeadlineExceeded)
		calls, answer := 0, make(chan struct{})
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				_, err := f.do(t.Context(), "key", func() (int, error) {
					calls++
					if calls == 1 {
						<-answer
					} else if calls > 3 {
						return 0, errors.New("asked again and again")
					}
					return 0, slow
				})
				if !errors.Is(err, slow) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		group.Wait()
		if calls != 1 {
			t.Errorf("asked %d times", calls)
		}
	})
}

// TestFellowOfACancelledCallCallsItself has the one who asked first go away.
func TestFellowOfACancelledCallCallsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flight[int]
		first, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			_, err := f.do(first, "key", func() (int, error) {
				<-first.Done()
				return 0, fmt.Errorf("first: %w", first.Err())
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if n, err := f.do(t.Context(), "key", func() (int, error) { return 2, nil }); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
		synctest.Wait()
		cancel()
		group.Wait()
	})
}
