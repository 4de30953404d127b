package image

import (
	"context"
	"errors"

	"golang.org/x/sync/singleflight"
)

// flight runs one of several equal calls for all that ask at the same time.
type flight[T any] struct{ group singleflight.Group }

// do calls fn, which works under ctx, or waits for the call of the same key that is under way. A caller whose fellow was cancelled
// calls again by itself.
func (f *flight[T]) do(ctx context.Context, key string, fn func() (T, error)) (T, error) {
	for {
		value, err, shared := f.group.Do(key, func() (any, error) { return fn() })
		cancelled := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		if shared && cancelled && ctx.Err() == nil {
			continue
		}
		result, _ := value.(T)
		return result, err
	}
}
