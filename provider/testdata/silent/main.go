// Command silent is on the SDK, and never gets to list its handlers.
package main

import (
	"os"

	_ "github.com/lambda-land/terraform-provider-handler/sdk"
)

func main() {
	println("DATABASE_URL is not set")
	os.Exit(1)
}
