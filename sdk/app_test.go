package sdk_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

func ignore(context.Context, sdk.RawEvent) error { return nil }

func TestMistakesInTheAppAreToldAllAtOnce(t *testing.T) {
	t.Parallel()
	noCommand := func(context.Context, *sdk.App, []string) error { return nil }
	defer func() {
		told, ok := recover().(error)
		if !ok {
			t.Fatal("no panic with an error")
		}
		for _, want := range mistakes {
			if !regexp.MustCompile(want).MatchString(told.Error()) {
				t.Errorf("no %q in:\n%s", want, told)
			}
		}
	}()
	sdk.New("",
		sdk.Server(nil),
		sdk.Server(func(context.Context) error { return nil }),
		sdk.Server(func(context.Context) error { return nil }),
		sdk.OnThaw(nil),
		sdk.OnInit(nil),
		nil,
		sdk.Handler("bare", sdk.On("a", ignore), sdk.DefaultType("b"), nil),
		sdk.Handler("wrapped", sdk.On("a", ignore, sdk.Use(func(sdk.HandlerFunc) sdk.HandlerFunc { return nil }), nil)),
		sdk.Handler("broken", sdk.On("a", ignore, sdk.Use(func(sdk.HandlerFunc) sdk.HandlerFunc { panic("no store") }))),
		sdk.Use(nil), sdk.Transports(nil), sdk.Metrics("no namespace!"),
		sdk.SecretsTTL(0), sdk.SecretsTTL(-time.Second), sdk.OnSecretsChange(nil),
		sdk.Command("send", "", noCommand),
		sdk.Command("no good", "", noCommand),
		sdk.Command("none", "", nil),
		sdk.Handler("empty"),
		sdk.Handler("bad name,", sdk.On("a", ignore)),
		sdk.Handler("jobs",
			sdk.On("a", ignore), sdk.On("a", ignore), sdk.On("", ignore), sdk.On("b*c", ignore), sdk.On("d*", ignore), sdk.On("d*", ignore),
			sdk.On[int]("nothing", nil), sdk.On("e", ignore, sdk.Alias("a"), sdk.Alias("x*")), sdk.On("f", ignore, sdk.Timeout(-time.Second)),
			sdk.On("g", ignore, sdk.Use(nil)), sdk.DefaultType("x*"),
			sdk.Margin(2*time.Minute), sdk.Unhandled(7), sdk.Backoff(nil),
			sdk.Timeout(0), sdk.Timeout(16*time.Minute), sdk.BatchSize(10_001), sdk.Concurrency(0), sdk.SendsTo("a=b"),
		),
		sdk.Handler("jobs", sdk.On("a", ignore)),
	)
}

// mistakes are what the panic must tell, with the places where they were made.
var mistakes = []string{
	`the app has no name`,
	`sdk.Server was given no function`,
	`sdk.Server is there twice`,
	`sdk.OnThaw was given no function`,
	`sdk.OnInit was given no function`,
	`sdk.Use was given no middleware`,
	`part \d+ given to sdk.New is nil`,
	`handler "bare": option 3 given to sdk.Handler, at \S+app_test.go:\d+, is nil`,
	`handler "bare": there is no function for its sdk.DefaultType "b"`,
	`handler "wrapped": event "a", at \S+app_test.go:\d+: option 2 is nil`,
	`handler "wrapped": wrap its functions in middleware: the middleware of event "a", registered at \S+app_test.go:\d+, returned no function`,
	`handler "broken": wrap its functions in middleware: panic: no store`,
	`sdk.Transports was given nothing`,
	`sdk.Metrics: namespace "no namespace!" must consist of`,
	`handler "jobs": event "g", at \S+app_test.go:\d+: sdk.Use was given no middleware`,
	`handler "jobs": sdk.DefaultType was given "x\*"`,
	`sdk.SecretsTTL: 0s must be above 0`,
	`sdk.SecretsTTL: -1s must be above 0`,
	`sdk.OnSecretsChange was given no function`,
	`command "send" exists already`,
	`command "no good": the name must`,
	`command "none" has no function`,
	`handler "empty": it handles no events`,
	`handler "bad name,": the name must`,
	`handler "jobs": event "a" is registered twice, at \S+app_test.go:\d+ and \S+app_test.go:\d+`,
	`handler "jobs": an event has no type, at \S+app_test.go:\d+`,
	`handler "jobs": event "b\*c", at \S+app_test.go:\d+: "\*" may only be the last character`,
	`handler "jobs": event "d\*" is registered twice, at \S+app_test.go:\d+ and`,
	`handler "jobs": event "nothing" has no function, at \S+app_test.go:\d+`,
	`handler "jobs": event "a" is registered twice, at .+`,
	`handler "jobs": alias "x\*" of event "e", at \S+app_test.go:\d+: an alias cannot end`,
	`handler "jobs": event "f", at \S+app_test.go:\d+: timeout -1s must be above 0`,
	`handler "jobs": timeout 0s must be above 0`,
	`handler "jobs": timeout 16m0s must be above 0`,
	`handler "jobs": batch size 10001 must be`,
	`handler "jobs": concurrency 0 must be`,
	`handler "jobs": margin 2m0s must be`,
	`handler "jobs": sdk.Unhandled was given 7`,
	`handler "jobs": sdk.Backoff was given no function`,
	`handler "jobs": queue label "a=b" must`,
	`handler "jobs": it is registered twice, at \S+app_test.go:\d+ and \S+app_test.go:\d+`,
}

func TestInvokerListsTheHandlersThereAre(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("a", ignore)), sdk.Handler("jobs", sdk.On("a", ignore)))
	_, err := app.Invoker("job")
	if want := `app "acme" has no handler "job" (it has jobs, webhooks)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = sdk.New("acme").Invoker("job")
	if want := `app "acme" has no handler "job" (it has none)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestRouting finds the exact type, then the longest prefix.
func TestRouting(t *testing.T) {
	t.Parallel()
	said := func(route string) func(context.Context, sdk.RawEvent) error {
		return func(context.Context, sdk.RawEvent) error { return errors.New(route) }
	}
	app := sdk.New("acme", sdk.Handler("h",
		sdk.On("*", said("*")), sdk.On("github.*", said("github.*")), sdk.On("github.pull*", said("github.pull*")),
		sdk.On("github.push", said("github.push"), sdk.Alias("push", "github.commit")),
	))
	for eventType, want := range map[string]string{
		"github.push":         "github.push",
		"github.pushed":       "github.*",
		"github.pull_request": "github.pull*",
		"push":                "github.push",
		"github.commit":       "github.push",
		"github.":             "github.*",
		"github":              "*",
		"anything":            "*",
	} {
		result := sdktest.Invoke(t, app, "h", sdktest.Event{Type: eventType})
		if got := result.Messages[0].Err.Error(); got != want {
			t.Errorf("%s: got %s, want %s", eventType, got, want)
		}
	}
}

func TestMiddlewareSurroundsFromTheOutside(t *testing.T) {
	t.Parallel()
	var calls []string
	noting := func(name string) sdk.Middleware {
		return func(next sdk.HandlerFunc) sdk.HandlerFunc {
			return func(ctx context.Context, e sdk.RawEvent) error {
				calls = append(calls, name)
				return next(ctx, e)
			}
		}
	}
	app := sdk.New("acme",
		sdk.Handler("h",
			sdk.On("a", ignore, sdk.Use(noting("event"))),
			sdk.On("b", ignore),
			sdk.Use(noting("handler 1"), noting("handler 2")),
		),
		sdk.Use(noting("app")),
	)
	sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"})
	if got, want := strings.Join(calls, ", "), "app, handler 1, handler 2, event"; got != want {
		t.Errorf("a: got %s, want %s", got, want)
	}
	calls = nil
	sdktest.Invoke(t, app, "h", sdktest.Event{Type: "b"})
	if got, want := strings.Join(calls, ", "), "app, handler 1, handler 2"; got != want {
		t.Errorf("b: got %s, want %s", got, want)
	}
}
