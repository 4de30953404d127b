package sdk

import (
	"context"
	"errors"
	"io"

	"github.com/aws/aws-lambda-go/lambda"
)

type command struct {
	name, usage string
	secrets     bool
	run         func(ctx context.Context, app *App, args []string) error
}

func (a *App) command(name string) *command { return nil }

// Main runs the app and exits. In Lambda it runs the handler that HANDLER names, elsewhere the command line's command.
func (a *App) Main() {}

// Run is [App.Main] without the process around it: args are the arguments after the program's name.
func (a *App) Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return errors.New("not built yet")
}

// Invoker returns the Lambda handler behind a handler's name. It takes an SQS event and answers with the messages that failed.
func (a *App) Invoker(handler string) (lambda.Handler, error) {
	return nil, errors.New("not built yet")
}
