// Command onsdk does on the SDK what its neighbour bare does by hand.
package main

import (
	"context"
	"errors"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

type webhook struct {
	Action     string
	Repository struct {
		FullName string `json:"full_name"`
	}
	Sender struct{ Login string }
}

func main() {
	sdk.New("onsdk", sdk.Handler("webhooks", sdk.On("github.*", handle))).Main()
}

func handle(_ context.Context, event sdk.Event[webhook]) error {
	if event.Data.Action == "impossible" {
		return errors.New("impossible")
	}
	return nil
}
