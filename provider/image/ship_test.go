package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shipping is the environment in which TestShip, as a process of its own, ships an image as plan and apply do together.
func shipping(pkg, base, cache, repository string) []string {
	return []string{"SHIP_PACKAGE=" + pkg, "SHIP_BASE=" + base, "SHIP_CACHE=" + cache, "SHIP_REPOSITORY=" + repository}
}

// TestShip is what such a process does.
func TestShip(t *testing.T) {
	src := Source{Package: os.Getenv("SHIP_PACKAGE"), BaseImage: os.Getenv("SHIP_BASE")}
	if src.Package == "" {
		t.Skip("only in processes of other tests and benchmarks")
	}
	client, repository := NewRegistry(nil), os.Getenv("SHIP_REPOSITORY")
	builder := NewBuilder(os.Getenv("SHIP_CACHE"), client)
	if _, err := builder.Inputs(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	built := build(t, builder, src)
	if err := client.Push(t.Context(), repository, built.Image); err != nil {
		t.Fatal(err)
	}
	fmt.Println(repository + "@" + built.Digest)
}

func TestProcessesBuildASourceOnce(t *testing.T) {
	calls := recordGo(t, "")
	fake, cache := newFakeRegistry(t), filepath.Join(t.TempDir(), "cache")
	environment := append(os.Environ(), shipping(filepath.Join(acme(t), "cmd", "acme"), "", cache, fake.host+"/acme")...)
	shipped := make([]string, 4)
	var group sync.WaitGroup
	for i := range shipped {
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestShip$")
			cmd.Env = environment
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			shipped[i], _, _ = strings.Cut(string(out), "\n")
		})
	}
	group.Wait()
	if images := slices.Compact(shipped); len(images) != 1 || !strings.HasPrefix(images[0], fake.host+"/acme@sha256:") {
		t.Errorf("they shipped %q", images)
	}
	count := map[string]int{}
	for _, subcommand := range calls() {
		count[subcommand]++
	}
	if count["list"] != 1 || count["build"] != 1 {
		t.Errorf("go ran %v times", count)
	}
}
