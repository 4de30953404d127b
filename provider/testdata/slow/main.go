// Command slow is an app that always has messages in hand while enough of them come in.
package main

import (
	"context"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// pace is how long each message takes.
const pace = 200 * time.Millisecond

func main() {
	sdk.New("slow", sdk.Handler("first", sdk.On("ping.sent", handle))).Main()
}

func handle(ctx context.Context, _ sdk.Event[struct{}]) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pace):
		return nil
	}
}
