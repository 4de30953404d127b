// Command localaws serves a local AWS: SQS, Lambda, ECR, IAM, STS, Secrets Manager and CloudWatch Logs on one port.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "localaws:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. What a user copies goes to stdout, the log to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("localaws", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:4566", "`address` to listen on; port 0 is any free port")
	data := flags.String("data", "", "`directory` for images and what is unpacked of them (default a temporary one, removed at the end)")
	verbose := flags.Bool("verbose", false, "log every request")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see localaws -help", flags.Arg(0))
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	server, err := localaws.New(localaws.Config{
		Addr: *listen,
		Dir:  *data,
		Log:  slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "localaws listens on %s\nexport %s\n", server.Endpoint(), strings.Join(server.Env(), " "))
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, server.Close())
}
