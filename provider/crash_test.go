package provider

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// crashesVariable says before and after which calls there is a crash: every so manieth, which is a few unless it is set; or "all" of an
// apply, and every fourth where it is a destroy, or Terraform itself that is killed.
const (
	crashesVariable = "HANDLER_TEST_CRASHES"
	everyFew        = 40
	everyOther      = 4
)

// TestAccCrashMendsItself kills the provider right before, and right after, each call to AWS that an apply of the quickstart makes. Another
// apply then makes everything, a plan finds nothing to do, and a destroy leaves nothing behind.
func TestAccCrashMendsItself(t *testing.T) {
	needsProcesses(t)
	total := countCalls(t, "apply")
	if total < 50 {
		t.Fatalf("the quickstart's apply makes %d calls only", total)
	}
	killAround(t, total, 1, providers, func(t *testing.T, w *quickstart, kill func(first int)) {
		kill(0)
		if _, ok := w.run(t, []string{"apply", "-auto-approve"}); ok && w.killed.Load() && !w.finishing() {
			t.Errorf("the provider was killed at %s, and nobody noticed", w.aws.last())
		}
		w.mends(t)
	})
}

// TestAccCrashOfADestroyMendsItself does so with a destroy; another one then leaves nothing behind.
func TestAccCrashOfADestroyMendsItself(t *testing.T) {
	needsProcesses(t)
	killAround(t, countCalls(t, "apply", "destroy"), everyOther, providers, func(t *testing.T, w *quickstart, kill func(first int)) {
		if output, ok := w.run(t, []string{"apply", "-auto-approve"}); !ok {
			t.Fatal(errorsOf(output))
		}
		kill(w.aws.calls())
		_, _ = w.run(t, []string{"destroy", "-auto-approve"})
		w.aws.set(nil)
		if output, ok := w.run(t, []string{"destroy", "-auto-approve"}); !ok {
			t.Fatal(errorsOf(output))
		}
		w.isEmpty(t)
	})
}

// TestAccCrashOfTerraformMendsItself kills Terraform itself while the provider works for it. The provider ends, too, and leaves the marks on
// what no state knows.
func TestAccCrashOfTerraformMendsItself(t *testing.T) {
	needsProcesses(t)
	terraform := func(w *quickstart) string { return w.parents }
	killAround(t, countCalls(t, "apply"), everyOther, terraform, func(t *testing.T, w *quickstart, kill func(first int)) {
		kill(0)
		_, _ = w.run(t, []string{"apply", "-auto-approve"})
		w.awaitProviders(t)
		w.mends(t)
	})
}

func providers(w *quickstart) string { return w.pids }

// killAround runs a test for each of so many calls, before and after which the processes in a file are killed: for the first, and for each
// all-th after it, if all are to be taken. first is how many calls there were before.
func killAround(t *testing.T, total, all int, victims func(*quickstart) string, test func(t *testing.T, w *quickstart, kill func(first int))) {
	t.Helper()
	step := everyFew
	switch every := os.Getenv(crashesVariable); every {
	case "":
	case "all":
		step = all
	default:
		var err error
		if step, err = strconv.Atoi(every); err != nil || step < 1 {
			t.Fatalf("%s is neither all nor a number", crashesVariable)
		}
	}
	for k := 1; k <= total; k += step {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s call %d", when, k), func(t *testing.T) {
				t.Parallel()
				w := newQuickstart(t)
				test(t, w, func(first int) {
					w.aws.set(func(made int, answer http.ResponseWriter, serve func(http.ResponseWriter)) {
						if made != first+k {
							serve(answer)
							return
						}
						if when == "after" {
							serve(httptest.NewRecorder())
						}
						w.killed.Store(true)
						killAll(victims(w))
						panic(http.ErrAbortHandler)
					})
				})
			})
		}
	}
}

// TestAccFaultsAreWaitedOut has every call of an apply fail at first, in one way after the other; the apply succeeds all the same.
func TestAccFaultsAreWaitedOut(t *testing.T) {
	needsProcesses(t)
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, func(http.ResponseWriter)){
		"throttle":          func(w http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) { throttle(w, r) },
		"500":               func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) { http.Error(w, "sorry", 500) },
		"broken connection": func(http.ResponseWriter, *http.Request, func(http.ResponseWriter)) { panic(http.ErrAbortHandler) },
		"lost answer": func(_ http.ResponseWriter, _ *http.Request, serve func(http.ResponseWriter)) {
			serve(httptest.NewRecorder())
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newQuickstart(t)
			failed := map[string]bool{}
			var mu sync.Mutex
			w.aws.fail = func(writer http.ResponseWriter, r *http.Request, call string, serve func(http.ResponseWriter)) bool {
				mu.Lock()
				first := !failed[call] && r.Method != http.MethodHead
				failed[call] = true
				mu.Unlock()
				if first {
					fault(writer, r, serve)
				}
				return first
			}
			if output, ok := w.run(t, []string{"apply", "-auto-approve"}); !ok {
				t.Fatalf("%s: %s", name, errorsOf(output))
			}
			w.aws.fail = nil
			w.mends(t)
		})
	}
}

// throttle answers as AWS does to who calls too often, in the protocol of the request.
func throttle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		w.WriteHeader(http.StatusTooManyRequests)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
	}
}

func needsProcesses(t *testing.T) {
	t.Helper()
	acceptance(t)
	needsImages(t)
}

// countCalls returns how many calls the last of Terraform's commands makes for the quickstart.
func countCalls(t *testing.T, commands ...string) int {
	t.Helper()
	w, before := newQuickstart(t), 0
	for _, command := range commands {
		before = w.aws.calls()
		if output, ok := w.run(t, []string{command, "-auto-approve"}); !ok {
			t.Fatal(errorsOf(output))
		}
	}
	return w.aws.calls() - before
}
