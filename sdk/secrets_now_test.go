package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

func TestRefreshSecrets(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		ctx, cancel := r.context(t, 0)
		defer cancel()
		r.put("one", rotated)
		if err := sdk.RefreshSecrets(ctx); err != nil {
			t.Error(err)
		}
		r.check(t, "changed S_A S_B")
		if got := os.Getenv("S_A"); got != "hunter2-new" {
			t.Errorf("S_A: got %q", got)
		}
		r.fail("two", "AccessDeniedException")
		r.put("one", `{"S_A":"hunter2-newer"}`)
		err := sdk.RefreshSecrets(ctx)
		var failed *sdk.SecretError
		if !errors.As(err, &failed) || failed.Secret != "two" || failed.Kind != sdk.SecretAccessDenied {
			t.Errorf("got %v", err)
		}
		if got := os.Getenv("S_A"); got != "hunter2-new" {
			t.Errorf("S_A: got %q after a failed refresh", got)
		}
		r.check(t)
	})
}

// TestRefreshSecretsByAHandler is what a handler does that meets an authentication error.
func TestRefreshSecretsByAHandler(t *testing.T) {
	var refreshed error
	inBubble(t, func(t *testing.T, r *refreshing) {
		r.put("one", rotated)
		ctx, cancel := r.context(t, time.Minute)
		defer cancel()
		invoker, err := r.Invoker("jobs")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := invoker.Invoke(newFakeSQS().context(ctx), payload(t, sdktest.Event{Type: "a"}, sdktest.Event{Type: "a"})); err != nil {
			t.Error(err)
		}
		r.check(t, "changed S_A S_B")
	}, sdk.Handler("jobs", sdk.Concurrency(1), sdk.On("a", func(ctx context.Context, _ sdk.Event[any]) error {
		refreshed = errors.Join(refreshed, sdk.RefreshSecrets(ctx))
		return nil
	})))
	if refreshed != nil {
		t.Error(refreshed)
	}
}

func TestConcurrentCallersShareARefresh(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		ctx, cancel := r.context(t, 0)
		defer cancel()
		r.put("one", rotated)
		r.before = func(*http.Request) { time.Sleep(time.Second) }
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := sdk.RefreshSecrets(ctx); err != nil {
					t.Error(err)
				}
				r.happened("returned")
			})
		}
		all.Wait()
		r.check(t, "changed S_A S_B", "returned", "returned", "returned", "returned", "returned")
		r.checkBatches(t, 2)
	})
}

// TestRefreshOutlivesItsFirstCaller has a second caller, with more time, take over; and a third, with less, give up.
func TestRefreshOutlivesItsFirstCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		r.put("one", rotated)
		r.before = func(r *http.Request) {
			select {
			case <-time.After(time.Minute):
			case <-r.Context().Done():
			}
		}
		call := func(left time.Duration, want string) func() {
			return func() {
				ctx, cancel := r.context(t, left)
				defer cancel()
				began := time.Now()
				err := sdk.RefreshSecrets(ctx)
				switch {
				case want == "" && err != nil:
					t.Error(err)
				case want != "" && (!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) || time.Since(began) != left):
					t.Errorf("got %v after %s", err, time.Since(began))
				}
			}
		}
		var all sync.WaitGroup
		all.Go(call(10*time.Second, "load secret one, two"))
		time.Sleep(time.Second)
		all.Go(call(5*time.Second, "wait for the refresh that is under way"))
		all.Go(call(0, ""))
		all.Wait()
		r.check(t, "changed S_A S_B")
		r.checkBatches(t, 3)
	})
}

func TestRefreshSecretsWithinItself(t *testing.T) {
	var within error
	inBubble(t, func(t *testing.T, r *refreshing) {
		ctx, cancel := r.context(t, time.Minute)
		defer cancel()
		r.put("one", rotated)
		if err := sdk.RefreshSecrets(ctx); err != nil {
			t.Error(err)
		}
		if within == nil || !strings.Contains(within.Error(), "cannot start another") {
			t.Errorf("got %v", within)
		}
	}, sdk.OnSecretsChange(func(ctx context.Context, _ []string) { within = sdk.RefreshSecrets(ctx) }))
}

func TestRefreshSecretsWithoutAnyOrWithoutAnApp(t *testing.T) {
	t.Parallel()
	err := sdk.RefreshSecrets(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the context must be derived from") {
		t.Errorf("got %v", err)
	}
	ctx, _ := sdktest.Context(t, sdk.New("acme"))
	if err := sdk.RefreshSecrets(ctx); err != nil {
		t.Errorf("without secrets: got %v", err)
	}
}

// TestRefreshRaces has invocations and RefreshSecrets at the same time, over a real connection, while secrets change all the time.
func TestRefreshRaces(t *testing.T) {
	restore(t, "S_A", "S_B")
	s := &secretsManager{strings: map[string]string{"one": `{"S_A":"0","S_B":"0"}`}}
	var changes int
	app := sdk.New("acme", sdk.SecretsTTL(time.Millisecond),
		sdk.OnSecretsChange(func(context.Context, []string) { changes++ }), // one at a time: no lock
		sdk.Handler("h", sdk.On("a", func(ctx context.Context, _ sdk.Event[any]) error {
			if os.Getenv("S_A") == "" {
				return errors.New("S_A is gone, although every version of the secret has it")
			}
			return sdk.RefreshSecrets(ctx)
		})),
		sdk.Command("load", "", func(context.Context, *sdk.App, []string) error { return nil }),
	)
	reachSecrets(t, s, "one")
	if err := app.Run(t.Context(), []string{"backend", "load"}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(newFakeSQS().context(sdk.WithLogger(t.Context(), slog.New(slog.DiscardHandler))), time.Hour)
	defer cancel()
	var all sync.WaitGroup
	for g := range 6 {
		all.Go(func() {
			for i := range 20 {
				s.put("one", fmt.Sprintf(`{"S_A":"%d","S_%d":"1"}`, i, g))
				want := `{"batchItemFailures":[]}`
				if got := invokeRaw(ctx, t, app, payload(t, sdktest.Event{Type: "a"}, sdktest.Event{Type: "a"})); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	all.Wait()
	s.put("one", `{}`)
	if err := sdk.RefreshSecrets(app.Context(ctx)); err != nil {
		t.Error(err)
	}
	if changes == 0 {
		t.Error("no change was told")
	}
	for g := range 6 {
		if _, ok := os.LookupEnv(fmt.Sprint("S_", g)); ok {
			t.Errorf("S_%d stayed", g)
		}
	}
}
