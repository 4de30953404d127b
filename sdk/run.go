package sdk

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
)

// Main runs the app and exits. In Lambda it runs the handler that HANDLER names, elsewhere what the command line says. The exit
// code is 2 for a command line that makes no sense and 1 for any other failure.
//
// SIGINT and SIGTERM end the context of the server or command; a second one ends the process.
func (a *App) Main() {
	ctx := context.Background()
	if !inLambda() {
		signalled, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(signalled, stop)
		ctx = signalled
	}
	err := a.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", a.name, err)
	if _, usage := errors.AsType[*usageError](err); usage {
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// Run is [App.Main] without the process around it: args are the arguments after the program's name, and results and log lines
// go to stdout. In Lambda it does not return unless the handler cannot be started.
func (a *App) Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	lines := &output{w: stdout}
	if scopeFrom(ctx).logger == nil {
		ctx = WithLogger(ctx, newLogger(lines))
	}
	if len(args) == 0 && inLambda() {
		return a.serveLambda(ctx, lines)
	}
	if len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		a.usage(stdout)
		return nil
	}
	if len(args) < 2 || args[0] != "backend" {
		a.usage(stderr)
		return &usageError{"a command is missing; outside Lambda the app needs one"}
	}
	c := a.command(args[1])
	if c == nil {
		a.usage(stderr)
		return &usageError{fmt.Sprintf("there is no command %q", args[1])}
	}
	return a.runCommand(ctx, c, args[2:], console{stdin: os.Stdin, stdout: stdout, stderr: stderr})
}

// console is where the app's own commands read and write.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

type command struct {
	name, usage string
	pure        bool // needs neither secrets nor anything else from its surroundings
	run         func(ctx context.Context, a *App, args []string, io console) error
}

// builtin are the commands that every app has.
func builtin() []command {
	return []command{
		{name: "server", usage: "run the server", run: runServer},
		{name: "handlers", usage: "[-json]  list the handlers and what they declare", pure: true, run: runHandlers},
		{name: "send", usage: "[-id ID] [-group GROUP] [-delay DURATION] QUEUE TYPE [JSON|-]  send one event", run: runSend},
	}
}

func (a *App) command(name string) *command {
	for _, c := range append(builtin(), a.commands...) {
		if c.name == name {
			return &c
		}
	}
	return nil
}

// runCommand gives the command what Lambda gives a handler: secrets in its environment, a context to send with, and an end that
// waits for the goroutines of [Go].
func (a *App) runCommand(ctx context.Context, c *command, args []string, io console) error {
	ctx = a.Context(ctx)
	if !c.pure {
		if err := a.loadSecrets(ctx); err != nil {
			return err
		}
		if err := a.init(ctx); err != nil {
			return err
		}
		defer a.shutdown(ctx)
	}
	defer func() { _ = scopeFrom(ctx).tasks.wait() }() // errors were logged as they came
	return c.run(ctx, a, args, io)
}

func (a *App) usage(w io.Writer) {
	fmt.Fprintf(w, "Usage of %s:\n\n", a.name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  %s\tin Lambda: run the handler that HANDLER names\n", a.name)
	for _, c := range append(builtin(), a.commands...) {
		fmt.Fprintf(table, "  %s backend %s\t%s\n", a.name, c.name, c.usage)
	}
	_ = table.Flush() // nobody can be told that the usage cannot be written
}

func runServer(ctx context.Context, a *App, args []string, _ console) error {
	if len(args) > 0 {
		return &usageError{"backend server takes no arguments"}
	}
	if a.server == nil {
		return fmt.Errorf("app %q has no server: add sdk.Server", a.name)
	}
	err := a.server(ctx)
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, http.ErrServerClosed)) {
		return nil // it was told to end, and says so
	}
	return err
}
