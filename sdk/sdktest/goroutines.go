package sdktest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/outlive"
)

type allowedKey struct{}

// AllowGoroutines returns a context with which [InvokeContext] lets goroutines outlive the invocation: those that the named functions
// start, or all if none is named. A name is a part of the full one as failures show it, from the beginning of a path element on, such as
// "cache.New" or "cache.(*Cache).Get", and includes the function literals in it; "acme/cache" is the package. It is for what is meant to
// stay and bears to be frozen, such as a cache that is filled when it is first needed.
func AllowGoroutines(ctx context.Context, functions ...string) context.Context {
	before := allowed(ctx)
	return context.WithValue(ctx, allowedKey{}, func(function string) bool {
		return before(function) || len(functions) == 0 || slices.ContainsFunc(functions, func(name string) bool {
			return strings.Contains("/"+function+".", "/"+name+".")
		})
	})
}

// allowed tells which functions may start goroutines that outlive the invocation.
func allowed(ctx context.Context) func(function string) bool {
	if functions, ok := ctx.Value(allowedKey{}).(func(string) bool); ok {
		return functions
	}
	return func(string) bool { return false }
}

// checkGoroutines fails the test for each line that started goroutines which outlived their invocation.
func checkGoroutines(ctx context.Context, t testing.TB, watch *outlive.Watch, handler string) {
	t.Helper()
	allowed := allowed(ctx)
	for _, g := range watch.Outlived(func(s outlive.Start) bool { return allowed(s.Function) }) {
		count := "a goroutine"
		if g.Count > 1 {
			count = fmt.Sprint(g.Count, " goroutines")
		}
		t.Errorf("handler %q: %s outlived the invocation, started %s: Lambda would freeze it there. Start it with sdk.Go, or wait for it "+
			"to end with the context; if it is meant to stay, see sdktest.AllowGoroutines", handler, count, g)
	}
}
