// Command acme is the reference app: a small CI drain. Its server takes GitHub's webhooks, its handlers turn pushes and pull
// requests into runs, do the runs, and tell a subscriber what they found.
package main

import (
	"github.com/lambda-land/terraform-provider-handler/handlers/deliveries"
	"github.com/lambda-land/terraform-provider-handler/handlers/jobs"
	"github.com/lambda-land/terraform-provider-handler/handlers/server"
	"github.com/lambda-land/terraform-provider-handler/handlers/webhooks"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/localdrain"
)

func main() { newApp().Main() }

func newApp() *sdk.App {
	return sdk.New("acme",
		sdk.Server(server.Serve),
		webhooks.Handler(),
		jobs.Handler(),
		deliveries.Handler(),
		localdrain.Command(),
	)
}
