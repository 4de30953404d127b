package sdk_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

func TestSecretsAreRefreshedWhenTheyAreOld(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		r.put("one", rotated)
		time.Sleep(time.Hour - time.Nanosecond)
		r.invoke(t, time.Minute)
		r.check(t, "hunter2-a")
		time.Sleep(time.Nanosecond)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_A S_B", "hunter2-new")
		if value, ok := os.LookupEnv("S_B"); ok {
			t.Errorf("S_B is still %q", value)
		}
		time.Sleep(time.Hour - time.Nanosecond)
		r.invoke(t, time.Minute)
		r.checkBatches(t, 2)
		time.Sleep(time.Nanosecond)
		r.invoke(t, time.Minute)
		r.checkBatches(t, 3)
		r.check(t, "hunter2-new", "hunter2-new") // nothing changed
		r.put("one", `{"S_A":"hunter2-new","S_B":"hunter2-back"}`)
		time.Sleep(24 * time.Hour)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_B", "hunter2-new")
		if got := os.Getenv("S_B"); got != "hunter2-back" {
			t.Errorf("S_B: got %q", got)
		}
	}, sdk.SecretsTTL(time.Hour))
}

func TestWithoutTTLNothingIsRefreshed(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		r.put("one", rotated)
		time.Sleep(1000 * time.Hour)
		r.invoke(t, time.Minute)
		r.check(t, "hunter2-a")
	})
}

func TestRefreshLeavesTheEnvironmentAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		r.invoke(t, time.Minute)
		r.check(t, "before")
		t.Setenv("S_A", "mine")
		r.put("one", `{"S_A":"hunter2-new","S_B":"hunter2-new","S_D":"hunter2-new"}`)
		time.Sleep(time.Hour)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_D", "mine")
		r.put("one", `{"S_A":"hunter2-new","S_D":"hunter2-newer"}`)
		time.Sleep(time.Hour)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_D", "mine")
		if got := os.Getenv("S_D"); got != "hunter2-newer" {
			t.Errorf("S_D: got %q", got)
		}
		r.put("one", `{}`)
		time.Sleep(time.Hour)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_D", "mine")
	}, sdk.EnvironmentWins(), sdk.SecretsTTL(time.Hour))
}

// TestFailedRefresh keeps the values and pauses: for the TTL, but not more than a minute.
func TestFailedRefresh(t *testing.T) {
	for ttl, pause := range map[time.Duration]time.Duration{time.Hour: time.Minute, 10 * time.Second: 10 * time.Second} {
		for name, failure := range map[string]struct {
			fail, mend func(*refreshing)
			want       string
		}{
			"denied": {
				func(r *refreshing) { r.fail("two", "AccessDeniedException") }, func(r *refreshing) { r.fail("two", "") },
				"load secret two: AccessDeniedException",
			},
			"invalid": {
				func(r *refreshing) { r.put("two", `{"S_C":null,"S_D":"hunter2"}`) }, func(r *refreshing) { r.put("two", `{"S_C":"hunter2-c"}`) },
				`load secret two: the value of its key \"S_C\" is null`,
			},
		} {
			t.Run(fmt.Sprint(name, " ", ttl), func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *refreshing) {
					r.put("one", rotated)
					failure.fail(r)
					time.Sleep(ttl)
					r.invoke(t, time.Minute)
					time.Sleep(pause - time.Nanosecond)
					r.invoke(t, time.Minute)
					r.checkBatches(t, 2)
					time.Sleep(time.Nanosecond)
					r.invoke(t, time.Minute)
					r.checkBatches(t, 3)
					r.check(t, "hunter2-a", "hunter2-a", "hunter2-a")
					if _, ok := os.LookupEnv("S_B"); !ok {
						t.Error("S_B is gone, although the refresh failed")
					}
					for line := range strings.Lines(r.log.String()) {
						if strings.Contains(line, "not refreshed") && (!strings.Contains(line, failure.want) || !strings.Contains(line, `"WARN"`)) {
							t.Errorf("got log line %s", line)
						}
					}
					if got := strings.Count(r.log.String(), "not refreshed"); got != 2 {
						t.Errorf("got %d warnings, want 2:\n%s", got, &r.log)
					}
					failure.mend(r)
					time.Sleep(pause)
					r.invoke(t, time.Minute)
					r.check(t, "changed S_A S_B", "hunter2-new")
				}, sdk.SecretsTTL(ttl))
			})
		}
	}
}

// TestRefreshTakesLittleTime has a Secrets Manager that does not answer.
func TestRefreshTakesLittleTime(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		0: 2 * time.Second, 15 * time.Minute: 2 * time.Second, 20 * time.Second: 2 * time.Second, 3 * time.Second: 300 * time.Millisecond,
	} {
		t.Run(left.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *refreshing) {
				time.Sleep(time.Hour)
				r.before = func(r *http.Request) { <-r.Context().Done() }
				began := time.Now()
				r.invoke(t, left)
				if took := time.Since(began); took != want {
					t.Errorf("took %s, want %s", took, want)
				}
				r.check(t, "hunter2-a")
				if !strings.Contains(r.log.String(), "load secret one, two: ") {
					t.Errorf("no secret is named in the log:\n%s", &r.log)
				}
			}, sdk.SecretsTTL(time.Hour))
		})
	}
}

func TestOneOfConcurrentInvocationsRefreshes(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		time.Sleep(time.Hour)
		r.put("one", rotated)
		r.before = func(*http.Request) { time.Sleep(time.Second) }
		began := time.Now()
		var mu sync.Mutex
		var took []time.Duration
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				r.invoke(t, time.Minute)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			})
		}
		all.Wait()
		if want := []time.Duration{0, 0, 0, 0, time.Second}; !slices.Equal(took, want) {
			t.Errorf("invocations took %v, want %v", took, want)
		}
		r.check(t, "hunter2-a", "hunter2-a", "hunter2-a", "hunter2-a", "changed S_A S_B", "hunter2-new")
		r.checkBatches(t, 2)
	}, sdk.SecretsTTL(time.Hour))
}

func TestPanicInOnSecretsChange(t *testing.T) {
	inBubble(t, func(t *testing.T, r *refreshing) {
		time.Sleep(time.Hour)
		r.put("one", rotated)
		r.invoke(t, time.Minute)
		r.check(t, "changed S_A S_B", "hunter2-new")
		if !strings.Contains(r.log.String(), "OnSecretsChange function failed") || !strings.Contains(r.log.String(), "panic: at once") {
			t.Errorf("got log\n%s", &r.log)
		}
	}, sdk.SecretsTTL(time.Hour), sdk.OnSecretsChange(func(_ context.Context, keys []string) {
		clear(keys)
		panic("at once")
	}))
}
