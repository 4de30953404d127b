// Package delivery tells the project's own middleware which SQS message brought an event. Handlers see the event only.
package delivery

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

type key struct{}

// NewContext returns a context in which what message brought is handled.
func NewContext(ctx context.Context, message *events.SQSMessage) context.Context {
	return context.WithValue(ctx, key{}, message)
}

// FromContext returns the message of ctx, or nil. It must not be changed.
func FromContext(ctx context.Context) *events.SQSMessage {
	message, _ := ctx.Value(key{}).(*events.SQSMessage)
	return message
}
