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
	for name, damage := range map[string]func(t *testing.T, dir string, built *Built){
		"changed layer":    func(t *testing.T, dir string, built *Built) { flip(t, blob(t, dir, built, 1)) },
		"cut layer":        func(t *testing.T, dir string, built *Built) { cut(t, blob(t, dir, built, 1)) },
		"missing layer":    func(t *testing.T, dir string, built *Built) { remove(t, blob(t, dir, built, 0)) },
		"changed manifest": func(t *testing.T, dir string, built *Built) { flip(t, filepath.Join(dir, "blobs", built.Digest[7:])) },
		"missing config": func(t *testing.T, dir string, built *Built) {
			remove(t, filepath.Join(dir, "blobs", configOf(t, built)))
		},
		"cut entry": func(t *testing.T, dir string, built *Built) { cut(t, filepath.Join(dir, "entries", built.Fingerprint)) },
		"missing entry": func(t *testing.T, dir string, built *Built) {
			remove(t, filepath.Join(dir, "entries", built.Fingerprint))
		},
		"another entry": func(t *testing.T, dir string, built *Built) {
			edit(t, built.Fingerprint, strings.Repeat("0", 64), dir, "entries", built.Fingerprint)
		},
		"no blobs": func(t *testing.T, dir string, _ *Built) {
			if err := os.RemoveAll(filepath.Join(dir, "blobs")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first := build(t, NewBuilder(dir, NewRegistry(nil)), src)
			damage(t, dir, first)
			if _, err := (cache{dir: dir}).load(first.Fingerprint); err == nil {
				t.Error("the damage is not noticed")
			}
			second := build(t, NewBuilder(dir, NewRegistry(nil)), src)
			if err := second.Matches(first.Inputs, first.Digest); err != nil {
				t.Error(err)
			}
			if err := validate.Image(second.Image); err != nil {
				t.Error(err)
			}
			if entries, err := os.ReadDir(filepath.Join(dir, "entries")); err != nil || len(entries) != 1 {
				t.Errorf("the cache holds %v, %v; want one entry", entries, err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, stagePrefix+"*")); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
}

func TestAnotherImageOfTheSameSourceIsAnError(t *testing.T) {
	t.Parallel()
	dir, src := t.TempDir(), Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	first := build(t, NewBuilder(dir, NewRegistry(nil)), src)
	other := "sha256:" + strings.Repeat("0", 64)
	edit(t, `"digest":"`+first.Digest, `"digest":"`+other, dir, "entries", first.Fingerprint)
	_, err := NewBuilder(dir, NewRegistry(nil)).Build(t.Context(), src)
	got, ok := errors.AsType[*MismatchError](err)
	if !ok || got.PlannedDigest != other || got.Digest != first.Digest || !strings.Contains(err.Error(), "not reproducible") {
		t.Errorf("got %v, want a *MismatchError with both digests", err)
	}
}

func TestPruneKeepsWhatWasUsedLast(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	var want []string
	for i := range maxEntries + 8 {
		name := fmt.Sprintf("entry-%02d", i)
		putEntry(t, c, name, 1, time.Duration(i)*minAge+minAge/2) // the first is too young to go, but there is room for it
		if i < maxEntries {
			want = append(want, name)
		}
	}
	write(t, "x", c.dir, "blobs", "nobodys")
	age(t, filepath.Join(c.dir, "blobs", "nobodys"), 2*minAge)
	write(t, "x", c.dir, "blobs", "young")
	write(t, "x", c.dir, stagePrefix+"left", "file")
	age(t, filepath.Join(c.dir, stagePrefix+"left"), 2*minAge)
	write(t, "x", c.dir, stagePrefix+"used", "file")
	c.prune()
	if got := names(t, c.dir, "entries"); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	if got := names(t, c.dir, "blobs"); len(got) != maxEntries+1 || !slices.Contains(got, "young") {
		t.Errorf("left are the blobs %v, want those of the entries and the young one", got)
	}
	if got := names(t, c.dir); !slices.Contains(got, stagePrefix+"used") || slices.Contains(got, stagePrefix+"left") {
		t.Errorf("left are %v, want the stage in use alone", got)
	}
}

func TestPruneHoldsTheBytes(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	for i := range 4 { // sparse files: they take no room
		putEntry(t, c, fmt.Sprint("large-", i), maxBytes/2-1, time.Duration(i+2)*minAge)
	}
	c.prune()
	if got := names(t, c.dir, "entries"); !slices.Equal(got, []string{"large-0", "large-1"}) || len(names(t, c.dir, "blobs")) != 2 {
		t.Errorf("left are %v, want the two that fit", got)
	}
}

func TestPruneKeepsYoungEntries(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	for i := range maxEntries + 8 {
		putEntry(t, c, fmt.Sprint(i), maxBytes/2, 0)
	}
	c.prune()
	if left := len(names(t, c.dir, "entries")); left != maxEntries+8 {
		t.Errorf("%d entries are left; another process may be reading them", left)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "a file", dir, "cache")
	src := Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	_, err := NewBuilder(filepath.Join(dir, "cache"), NewRegistry(nil)).Build(t.Context(), src)
	if _, ok := errors.AsType[*CacheError](err); !ok || !strings.Contains(err.Error(), filepath.Join(dir, "cache")) ||
		!strings.Contains(err.Error(), "remove the file") {
		t.Errorf("got %v, want a *CacheError that names the directory and the way out", err)
	}
}

// putEntry adds an entry with a blob of this size that was used some time ago.
func putEntry(t *testing.T, c cache, name string, size int64, used time.Duration) {
	t.Helper()
	digest := digestOfBytes([]byte(name))
	write(t, "x", c.blob(digest))
	if err := os.Truncate(c.blob(digest), size); err != nil {
		t.Fatal(err)
	}
	write(t, fmt.Sprintf(`{"name":%q,"blobs":[%q]}`, name, digest), c.entry(name))
	age(t, c.blob(digest), used)
	age(t, c.entry(name), used)
}

func age(t *testing.T, path string, age time.Duration) {
	t.Helper()
	used := time.Now().Add(-age)
	if err := os.Chtimes(path, used, used); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, path ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// filesIn returns the files below a cache's directory; directories, locks and what go list said may stay.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains([]string{"locks", "inventories"}, filepath.Base(filepath.Dir(path))) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// blob returns the file of the image's nth layer.
func blob(t *testing.T, dir string, built *Built, n int) string {
	t.Helper()
	manifest, err := built.Image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "blobs", manifest.Layers[n].Digest.Hex)
}

func configOf(t *testing.T, built *Built) string {
	t.Helper()
	name, err := built.Image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return name.Hex
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
