// Command secretive is an app whose handler compares secrets with what its events expect of them.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

func main() {
	sdk.New("secretive", sdk.SecretsTTL(time.Millisecond), sdk.Handler("compare", sdk.On("*", compare))).Main()
}

func compare(_ context.Context, e sdk.Event[map[string]string]) error {
	for name, want := range e.Data {
		if os.Getenv(name) != want {
			return errors.New("another value of " + name)
		}
	}
	return nil
}
