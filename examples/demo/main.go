// Command demo shows the whole thing at work: it deploys the reference app with Terraform onto localaws, posts GitHub's own
// webhooks to it, throws the warm runtimes away in the midst of that, and accounts for every single event.
//
//	go run ./examples/demo [-keep]
//
// It needs Go and a terraform or tofu, from the environment variable TERRAFORM or the PATH. Everything it makes is in a
// temporary folder and on free ports of 127.0.0.1. It ends with one line: "demo: ok …" and exit code 0, or "demo: FAILED …"
// and exit code 1. With -keep it stops before the destroy, and leaves everything running to look around.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	keep := flag.Bool("keep", false, "stop before the destroy and leave everything running")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	summary, err := perform(ctx, *keep, os.Stdout)
	stop()
	if err != nil {
		fmt.Printf("demo: FAILED %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(1)
	}
	fmt.Printf("demo: ok %s\n", summary)
}
