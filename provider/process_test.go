package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownCaches is the environment of a provider that finds an empty image cache, but Go's as it is.
func ownCaches(t testing.TB) []string {
	t.Helper()
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"XDG_CACHE_HOME=" + t.TempDir(), "GOCACHE=" + strings.TrimSpace(string(goCache))}
}

// recordGo puts a go command before the real one that writes down its subcommands. It returns the PATH for that, and a function that
// counts the calls of a subcommand.
func recordGo(t testing.TB) (variable string, count func(subcommand string) int) {
	t.Helper()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	log := filepath.Join(bin, "log")
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" >>'%s'\nexec '%s' \"$@\"\n", log, path)
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), func(subcommand string) int {
		content, err := os.ReadFile(log)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		calls := strings.Fields(string(content))
		return len(slices.DeleteFunc(calls, func(call string) bool { return call != subcommand }))
	}
}

// twentyFunctions whose image is what each of them says.
func twentyFunctions(name, image string) string {
	return fmt.Sprintf(`
provider "handler" {}

resource "handler_function" "all" {
  count   = 20
  name    = "%s-${count.index}"
  handler = "first"
  %s
}
`, name, image)
}

// builtFrom is what a function says of an image that is built from a directory.
func builtFrom(directory, repository string) string {
	return fmt.Sprintf("source = { package = %q }\n  repository = { name = %q }", directory, repository)
}

func TestAccTwentyFunctionsOfOneSource(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("twenty 1")})
	w := newCLI(t, twentyFunctions(name, builtFrom(directory, name)))
	path, calls := recordGo(t)
	environment := append(ownCaches(t), path)
	after := func(lists, builds, manifests int, args ...string) {
		t.Helper()
		if output, ok := w.run(t, args, environment...); !ok {
			t.Fatalf("%v: %s", args, output)
		}
		if calls("list") != lists || calls("build") != builds || pushes(name) != manifests {
			t.Errorf("after %v there were %d go list, %d go build and %d manifests pushed; want %d, %d and %d", args,
				calls("list"), calls("build"), pushes(name), lists, builds, manifests)
		}
	}
	after(1, 1, 1, "apply", "-auto-approve") // a process plans, another applies
	after(1, 1, 1, "plan", "-detailed-exitcode")
	write(t, directory, "main.go", listingApp("twenty 2"))
	after(2, 2, 2, "apply", "-auto-approve")
	after(2, 2, 2, "plan", "-detailed-exitcode")
	after(2, 2, 2, "destroy", "-auto-approve")
}
