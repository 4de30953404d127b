// Command terraform-provider-handler is the Terraform provider for apps that drain SQS queues on AWS Lambda.
package main

import (
	"context"
	"errors"
	"flag"
	"log"

	"github.com/lambda-land/terraform-provider-handler/provider"
)

// address of the provider in the registry.
const address = "registry.terraform.io/lambda-land/handler"

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "keep running and print how a debugger's Terraform attaches")
	flag.Parse()
	start := serve
	if *debug {
		start = serveDebugger
	}
	p := provider.New(version)()
	err := start(p)
	if errors.Is(err, errTerraformGone) {
		log.Fatal(err) // with the marks of what it may not know
	}
	if err := errors.Join(err, provider.Finish(context.Background(), p)); err != nil {
		log.Fatal(err)
	}
}
