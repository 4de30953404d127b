// Package jobs is the handler that does the work of a run.
package jobs

import (
	"context"
	"time"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// Handler does the runs that are requested and sends what they found to the queue deliveries.
func Handler() sdk.AppOption {
	return sdk.Handler("jobs",
		sdk.On(run.Requested, do),
		sdk.SendsTo("deliveries"),
		sdk.Timeout(30*time.Second),
	)
}

// do does one run. Doing it again sends the same event with the same ID.
func do(ctx context.Context, e sdk.Event[run.Request]) error {
	return sdk.Send(ctx, "deliveries", run.Finished, count(e.Data), sdk.WithID(run.FinishedID(e.ID)))
}
