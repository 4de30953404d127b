// Command onsdk does on the SDK what its neighbour bare does by hand.
package main

import (
	"context"
	"log"
	"os"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

type order struct{ Number int }

func main() {
	sdk.New("onsdk", sdk.Handler("orders", sdk.On("order", handle))).Main()
}

func handle(_ context.Context, event sdk.Event[order]) error {
	log.Printf("order %d for %s", event.Data.Number, os.Getenv("GREETING"))
	return nil
}
