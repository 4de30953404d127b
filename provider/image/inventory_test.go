package image

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeptInventoriesAreNeverStale edits a source step by step. After each edit, a builder that keeps what go list says must have the
// same answer, or the same error, as one that asks go.
func TestKeptInventoriesAreNeverStale(t *testing.T) {
	t.Parallel()
	dir, cache := module(t, workspace), t.TempDir()
	src := Source{Package: filepath.Join(dir, "app", "cmd", "acme"), Env: map[string]string{
		"GOPROXY": publish(t, "example.com/published", "v1.0.0"), "GOSUMDB": "off", "GOMODCACHE": t.TempDir(), "GOFLAGS": "-modcacherw",
	}}
	for _, step := range edits {
		step.edit(t, dir, &src)
		src.Env = maps.Clone(src.Env)
		settle(t, dir)
		_ = holdToGoList(t, cache, src, step.name) // some fail, on purpose
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func copyFile(t *testing.T, dir, from, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, from))
	if err != nil {
		t.Fatal(err)
	}
	write(t, string(content), dir, to)
}

// TestSourceThatChangesWhileItIsListed has a package import another one after go has listed it and before anybody looks at its files.
func TestSourceThatChangesWhileItIsListed(t *testing.T) {
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir, scratch, cache := acme(t), t.TempDir(), t.TempDir()
	write(t, "package greeting\nimport _ \"example.com/acme/unrelated\"\n", scratch, "new.go")
	calls := recordGo(t, "if [ $1 = list ] && [ -e '"+scratch+"/new.go' ]; then '"+path+"' \"$@\" > '"+scratch+"/out' || exit; "+
		"mv '"+scratch+"/new.go' '"+dir+"/greeting/new.go'; touch '"+dir+"/greeting/new.go'; cat '"+scratch+"/out'; exit; fi")
	src := Source{Package: filepath.Join(dir, "cmd", "acme")}
	first, err := NewBuilder(cache, NewRegistry(nil)).Inputs(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(calls(), " "), "list"); n < 2 {
		t.Errorf("go list ran %d times, want it again after the change", n)
	}
	edit(t, "nothing", "something", dir, "unrelated/unrelated.go")
	second, err := NewBuilder(cache, NewRegistry(nil)).Inputs(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if first["files"] == second["files"] {
		t.Error("the package that was imported meanwhile is not an input")
	}
}

// TestKeptInventoriesAreNeverStaleAtRandom writes and removes files that matter in a random order, the same in every run.
func TestKeptInventoriesAreNeverStaleAtRandom(t *testing.T) {
	t.Parallel()
	variants := map[string][]string{
		"app/cmd/acme/extra.go":         {"package main\n", "package main\nimport _ \"example.com/app/unused\"\n", "//go:build !linux\npackage main\n"},
		"app/cmd/acme/pages/new.html":   {"1", "2"},
		"app/cmd/acme/hidden/.a/b":      {"1"},
		"app/cmd/acme/texts/it/a.txt":   {"1"},
		"app/cmd/acme/default.pgo":      {"1"},
		"app/cmd/acme/README.md":        {"1"},
		"app/cmd/acme/extra_test.go":    {"package main\n"},
		"app/inner/deep/extra_linux.go": {"package deep\n", "package deep\nimport _ \"example.com/library/unused\"\n"},
		"app/inner/go.mod":              {"module example.com/app/inner\ngo 1.24\n"},
		"app/unused/more.go":            {"package unused // 1\n", "package unused // 2\n"},
		"library/part/more.go":          {"package part // 1\n", "package part // 2\n"},
		"library/part/go.mod":           {"module example.com/library/part\n"},
		"go.work":                       {"go 1.24\nuse ./app\n", "go 1.24\nuse (\n./app\n./library\n)\n"},
	}
	names := slices.Sorted(maps.Keys(variants))
	random := rand.New(rand.NewPCG(1, 2))
	dir, cache := module(t, workspace), t.TempDir()
	edit(t, "require example.com/published v1.0.0\n", "", dir, "app/go.mod")
	edit(t, "\t_ \"example.com/published\"\n", "", dir, "app/cmd/acme/main.go")
	src := Source{Package: filepath.Join(dir, "app", "cmd", "acme")}
	for range 40 {
		name := names[random.IntN(len(names))]
		if n := random.IntN(len(variants[name]) + 1); n < len(variants[name]) {
			write(t, variants[name][n], dir, name)
		} else {
			remove(t, dir, name)
		}
		settle(t, dir)
		if err := holdToGoList(t, cache, src, name); err != nil {
			remove(t, dir, name) // else nothing else would matter
			settle(t, dir)
			if err := holdToGoList(t, cache, src, "without "+name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// holdToGoList compares what a builder with a cache says of a source to what one without says, and returns the error of both.
func holdToGoList(t *testing.T, cache string, src Source, step string) error {
	t.Helper()
	kept, keptErr := NewBuilder(cache, NewRegistry(nil)).Inputs(t.Context(), src)
	again, againErr := NewBuilder(cache, NewRegistry(nil)).Inputs(t.Context(), src)
	fresh, freshErr := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), src)
	if diff := cmp.Diff(fresh, kept) + cmp.Diff(fresh, again); diff != "" || text(keptErr) != text(freshErr) || text(againErr) != text(freshErr) {
		t.Fatalf("%s: inputs (-go list +kept):\n%s\ngo list: %v\nkept: %v\n%v", step, diff, freshErr, keptErr, againErr)
	}
	t.Logf("%-45s %.12s %v", step, fresh.Fingerprint(), freshErr)
	return freshErr
}

// endedLate is a context that ends when a lock was just taken, so that nobody waits for its end.
type endedLate struct{ context.Context }

func (endedLate) Done() <-chan struct{} { return nil }
func (endedLate) Err() error            { return context.Canceled }

func TestLockThatIsTakenAsTheRunEndsIsGivenBack(t *testing.T) {
	t.Parallel()
	b := NewBuilder(t.TempDir(), NewRegistry(nil))
	g, err := newGoCommand(t.Context(), Source{Package: filepath.Join(acme(t), "cmd", "acme")}, b.releases())
	if err != nil {
		t.Fatal(err)
	}
	if found, err := b.listed(endedLate{t.Context()}, g); !errors.Is(err, context.Canceled) {
		t.Errorf("listed is %v, %v, want the run's end", found, err)
	}
	unlock, err := b.cache.lock(t.Context(), "list-"+g.inventoryKey())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
