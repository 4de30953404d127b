package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestDamagedEntriesAreBuiltAgain(t *testing.T) {
	t.Parallel()
	src := Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	for name, damage := range map[string]func(t *testing.T, entry string, built *Built){
		"changed layer": func(t *testing.T, entry string, built *Built) { flip(t, blob(t, entry, built, 1)) },
		"cut layer":     func(t *testing.T, entry string, built *Built) { cut(t, blob(t, entry, built, 1)) },
		"missing layer": func(t *testing.T, entry string, built *Built) { remove(t, blob(t, entry, built, 0)) },
		"changed manifest": func(t *testing.T, entry string, built *Built) {
			flip(t, filepath.Join(entry, "blobs/sha256", built.Digest[7:]))
		},
		"cut index":     func(t *testing.T, entry string, _ *Built) { cut(t, filepath.Join(entry, "index.json")) },
		"missing index": func(t *testing.T, entry string, _ *Built) { remove(t, filepath.Join(entry, "index.json")) },
		"another entry": func(t *testing.T, entry string, built *Built) {
			edit(t, built.Fingerprint, strings.Repeat("0", 64), entry, "index.json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first := build(t, NewBuilder(dir, NewRegistry(nil)), src)
			damage(t, filepath.Join(dir, first.Fingerprint), first)
			if _, err := (cache{dir: dir}).load(first.Fingerprint); err == nil {
				t.Error("the damage is not noticed")
			}
			second := build(t, NewBuilder(dir, NewRegistry(nil)), src)
			if err := second.Matches(first.Fingerprint, first.Digest); err != nil {
				t.Error(err)
			}
			if err := validate.Image(second.Image); err != nil {
				t.Error(err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("the cache holds %v, %v; want one entry", entries, err)
			}
		})
	}
}

func TestAnotherImageOfTheSameSourceIsAnError(t *testing.T) {
	t.Parallel()
	dir, src := t.TempDir(), Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	first := build(t, NewBuilder(dir, NewRegistry(nil)), src)
	other := "sha256:" + strings.Repeat("0", 64)
	edit(t, first.Digest, other, dir, first.Fingerprint, "index.json")
	_, err := NewBuilder(dir, NewRegistry(nil)).Build(t.Context(), src)
	got, ok := errors.AsType[*MismatchError](err)
	if !ok || got.PlannedDigest != other || got.Digest != first.Digest || !strings.Contains(err.Error(), "not reproducible") {
		t.Errorf("got %v, want a *MismatchError with both digests", err)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	built := &Built{Fingerprint: "f", Digest: "d"}
	if err := built.Matches("f", "d"); err != nil {
		t.Error(err)
	}
	for says, planned := range map[string][2]string{
		"the inputs of the build are not those of the plan": {"g", "d"},
		"the build is not reproducible":                     {"f", "e"},
	} {
		err := built.Matches(planned[0], planned[1])
		if got, ok := errors.AsType[*MismatchError](err); !ok || !strings.HasPrefix(got.Error(), says) {
			t.Errorf("got %v, want %s", err, says)
		}
	}
}

func TestPruneKeepsWhatWasUsedLast(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	entry := func(name string, age time.Duration) {
		t.Helper()
		write(t, "x", c.dir, name, "file")
		used := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(c.dir, name), used, used); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for i := range maxEntries + 8 {
		name := fmt.Sprintf("entry-%02d", i)
		entry(name, time.Duration(i)*minAge+minAge/2) // the first is too young to go, but there is room for it
		if i < maxEntries {
			want = append(want, name)
		}
	}
	entry(stagePrefix+"left", 2*minAge)
	entry(stagePrefix+"used", 0)
	want = append(want, stagePrefix+"used")
	c.prune()
	left, err := os.ReadDir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range left {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}

func TestPruneKeepsYoungEntries(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	for i := range maxEntries + 8 {
		write(t, "x", c.dir, fmt.Sprint(i), "file")
	}
	c.prune()
	if left, err := os.ReadDir(c.dir); err != nil || len(left) != maxEntries+8 {
		t.Errorf("%d entries are left, %v; another process may be reading them", len(left), err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "a file", dir, "cache")
	_, err := NewBuilder(filepath.Join(dir, "cache"), NewRegistry(nil)).Build(t.Context(), Source{Package: filepath.Join(acme(t), "cmd", "acme")})
	if _, ok := errors.AsType[*fs.PathError](err); !ok || !strings.HasPrefix(err.Error(), "make the image cache") {
		t.Errorf("got %v, want the cause of the cache's absence", err)
	}
}

// blob returns the file of the image's nth layer.
func blob(t *testing.T, entry string, built *Built, n int) string {
	t.Helper()
	manifest, err := built.Image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(entry, "blobs", "sha256", manifest.Layers[n].Digest.Hex)
}

func flip(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	write(t, string(content), path)
}

func cut(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
