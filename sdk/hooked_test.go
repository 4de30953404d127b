package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// hooked is an app with the hooks that the environment variable HOOKS lists, in that order.
func hooked() *sdk.App {
	released := make(chan struct{})
	hooks := map[string]sdk.AppOption{
		"init":       sdk.OnInit(func(context.Context) error { fmt.Printf("init with %q\n", os.Getenv("GREETING")); return nil }),
		"init-fails": sdk.OnInit(func(context.Context) error { return errBroken }),
		"init-panics": sdk.OnInit(func(context.Context) error {
			var pool *struct{ size int }
			pool.size++
			return nil
		}),
		"shutdown": sdk.OnShutdown(func(ctx context.Context) {
			end, ok := ctx.Deadline()
			left := time.Until(end)
			fmt.Printf("shutdown, in time %t\n", ok && ctx.Err() == nil && left > 0 && left <= 400*time.Millisecond)
		}),
		"shutdown-releases": sdk.OnShutdown(func(context.Context) { close(released) }),
		"shutdown-hangs":    sdk.OnShutdown(func(context.Context) { select {} }),
		"shutdown-panics":   sdk.OnShutdown(func(context.Context) { panic("at the end") }),
		"freeze":            sdk.OnFreeze(func(context.Context) { fmt.Println("freeze") }),
		"freeze-hangs":      sdk.OnFreeze(func(context.Context) { fmt.Println("freeze hangs"); select {} }),
	}
	parts := []sdk.AppOption{
		sdk.Server(func(ctx context.Context) error {
			fmt.Println("serving")
			if os.Getenv("SERVER") == "fails" {
				return errors.New("the server failed")
			}
			<-ctx.Done()
			fmt.Println("served")
			return nil
		}),
		sdk.Handler("h", sdk.Margin(time.Second), sdk.On("do", beCareless), sdk.On("wait", func(context.Context, sdk.RawEvent) error {
			fmt.Println("waiting")
			<-released
			return nil
		})),
	}
	for name := range strings.SplitSeq(os.Getenv("HOOKS"), ",") {
		if hook := hooks[name]; hook != nil {
			parts = append(parts, hook)
		}
	}
	return sdk.New("hooked", parts...)
}
