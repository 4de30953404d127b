package sdk

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// UseConfig has the app call AWS with this configuration instead of the environment's.
func (a *App) UseConfig(config aws.Config) { a.aws.config = &config }

// Runtime is one runtime of a function, as it stands before Lambda's loop.
type Runtime struct{ *invoker }

// Start gets a runtime ready as [App.Run] does in Lambda. The handler is that of the environment variable HANDLER.
func (a *App) Start(ctx context.Context, stdout io.Writer) (Runtime, error) {
	ready, err := a.initLambda(ctx, &output{w: stdout})
	return Runtime{ready}, err
}

// Freeze has all look to the runtime as if it had been frozen for d.
func (r Runtime) Freeze(d time.Duration) {
	r.thawing.mu.Lock()
	r.thawing.idle = r.thawing.idle.Add(-d)
	r.thawing.mu.Unlock()
	r.app.secrets.mu.Lock()
	defer r.app.secrets.mu.Unlock()
	r.app.secrets.due = r.app.secrets.due.Add(-d)
}
