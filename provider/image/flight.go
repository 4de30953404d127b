package image

import (
	"context"

	"golang.org/x/sync/singleflight"
)

// flight runs one of several equal calls for all that ask at the same time.
type flight[T any] struct{ group singleflight.Group }

// landed is how a call ended.
type landed[T any] struct {
	value     T
	abandoned bool // because the context of the caller who made it had ended
}

// do calls fn, which works under ctx, or waits for the call of the same key that is under way. A caller whose fellow was cancelled
// calls again by itself.
func (f *flight[T]) do(ctx context.Context, key string, fn func() (T, error)) (T, error) {
	for {
		// The error alone does not tell: timeouts of the network, which all share, say that they are a context's.
		call, err, _ := f.group.Do(key, func() (any, error) {
			value, err := fn()
			return landed[T]{value, err != nil && ctx.Err() != nil}, err
		})
		end, _ := call.(landed[T])
		if !end.abandoned || ctx.Err() != nil {
			return end.value, err
		}
	}
}
