// Command app is what the provider's tests deploy.
package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

type ping struct{ Note string }

// version is set by linker flags, which makes another image.
var version = "1"

func main() {
	sdk.New("app",
		sdk.Handler("first", sdk.On("ping.sent", handle), sdk.On("ping.*", handle), sdk.SendsTo("second"), sdk.Timeout(10*time.Second)),
		sdk.Handler("second", sdk.On("pong.sent", handle)),
	).Main()
}

func handle(context.Context, sdk.Event[ping]) error {
	slog.Info("handled", "version", version)
	return nil
}
