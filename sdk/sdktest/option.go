package sdktest

import "context"

// Option says more about the queues that are sent to: [FIFO] or [RejectSends]. [Context] takes options, and [With] for
// [InvokeContext].
type Option func(*queues)

// FIFO makes FIFO queues of those with the given labels. A label that ends in ".fifo" stands for one anyway.
func FIFO(labels ...string) Option {
	return func(q *queues) {
		for _, label := range labels {
			q.fifo[label] = true
		}
	}
}

// RejectSends has reject decide about each event that is sent: if it returns an error, SQS rejects the event for good, with the error's
// text, and takes the others. It is called by one goroutine at a time.
func RejectSends(reject func(Sent) error) Option {
	return func(q *queues) { q.reject = reject }
}

type optionsKey struct{}

// With returns a context whose options apply to [InvokeContext].
func With(ctx context.Context, options ...Option) context.Context {
	return context.WithValue(ctx, optionsKey{}, options)
}

func optionsFrom(ctx context.Context) []Option {
	options, _ := ctx.Value(optionsKey{}).([]Option)
	return options
}
