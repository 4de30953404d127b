// Command terraform-provider-handler is the Terraform provider for apps that drain SQS queues on AWS Lambda.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/lambda-land/terraform-provider-handler/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "keep running and print how a debugger's Terraform attaches")
	flag.Parse()
	if err := provider.Serve(context.Background(), version, *debug); err != nil {
		log.Fatal(err)
	}
}
