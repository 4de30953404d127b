package image

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSourcesThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module example.com/bad
go 1.24
-- library/library.go --
package library
-- tests/only_test.go --
package main
-- windows/main_windows.go --
package main
-- empty/README --
nothing
-- several/README --
nothing
-- several/cmd/acme/main.go --
package main
-- several/cmd/worker/main.go --
package main
-- several/cmd/inner/inner.go --
package inner
-- root/root.go --
package root
-- root/cmd/acme/main.go --
package main
-- file.go --
package main
`)
	outside := module(t, "-- main.go --\npackage main\nfunc main() {}\n")
	for name, test := range map[string]struct {
		src   Source
		field string
		err   error
		says  string
	}{
		"no package":   {Source{}, "Package", ErrInvalid, "package is empty"},
		"missing":      {Source{Package: filepath.Join(dir, "nowhere")}, "Package", ErrPackageNotFound, "does not exist"},
		"a file":       {Source{Package: filepath.Join(dir, "file.go")}, "Package", ErrPackageNotFound, "is a file"},
		"no Go files":  {Source{Package: filepath.Join(dir, "empty")}, "Package", ErrNoGoFiles, "no Go files: give"},
		"only tests":   {Source{Package: filepath.Join(dir, "tests")}, "Package", ErrNoGoFiles, "no Go files but tests"},
		"only windows": {Source{Package: filepath.Join(dir, "windows")}, "Package", ErrNoGoFiles, "for linux/amd64 with the tags lambda"},
		"library":      {Source{Package: filepath.Join(dir, "library")}, "Package", ErrNotMain, "is package library, not package main"},
		"several below": {Source{Package: filepath.Join(dir, "several")}, "Package", ErrNoGoFiles, "has no Go files, but there are several main packages " +
			"below it: give one of " + filepath.Join(dir, "several", "cmd", "acme") + ", " + filepath.Join(dir, "several", "cmd", "worker")},
		"one below": {Source{Package: filepath.Join(dir, "root")}, "Package", ErrNotMain, "not package main, but there is a main package " +
			"below it: give " + filepath.Join(dir, "root", "cmd", "acme")},
		"outside a module": {Source{Package: outside}, "Package", ErrNoModule, "go mod init"},
		"architecture":     {Source{Package: dir, Architecture: "amd64"}, "Architecture", ErrInvalid, "neither x86_64 nor arm64"},
		"two tags in one":  {Source{Package: dir, Tags: []string{"a,b"}}, "Tags", ErrInvalid, `"a,b" is not one word`},
		"cgo":              {Source{Package: dir, Env: map[string]string{"CGO_ENABLED": "1"}}, "Env", ErrInvalid, "static"},
		"toolchain":        {Source{Package: dir, Env: map[string]string{"GOTOOLCHAIN": "x"}}, "Env", ErrInvalid, "choose the Go version"},
		"variable":         {Source{Package: dir, Env: map[string]string{"A=B": ""}}, "Env", ErrInvalid, "not the name"},
		"overlay":          {Source{Package: dir, Env: map[string]string{"GOFLAGS": "-overlay=o.json"}}, "Env", ErrInvalid, "-overlay"},
		"quoted overlay":   {Source{Package: dir, Env: map[string]string{"GOFLAGS": "-p=2 '-overlay=my o.json'"}}, "Env", ErrInvalid, "-overlay"},
		"Go version":       {Source{Package: dir, GoVersion: "latest"}, "GoVersion", ErrInvalid, "not a Go release"},
		"Go language":      {Source{Package: dir, GoVersion: "1.24"}, "GoVersion", ErrInvalid, "such as 1.24.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), test.src)
			got, ok := errors.AsType[*SourceError](err)
			if !ok {
				t.Fatalf("got %v, want a *SourceError", err)
			}
			if got.Field != test.field || !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got field %s, %v: %v; want field %s, %v: …%s…", got.Field, got.Err, err, test.field, test.err, test.says)
			}
		})
	}
}

func TestPackageIsRelativeToTheWorkingDirectory(t *testing.T) {
	dir := acme(t)
	builder := NewBuilder(t.TempDir(), NewRegistry(nil))
	absolute, err := builder.Inputs(t.Context(), Source{Package: filepath.Join(dir, "cmd", "acme")})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "cmd"), link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, path := range []string{"cmd/acme", "./cmd/acme/", filepath.Join(link, "acme")} {
		if got, err := builder.Inputs(t.Context(), Source{Package: path}); err != nil || !maps.Equal(got, absolute) {
			t.Errorf("inputs of %s are %s, %v; want %s", path, got, err, absolute)
		}
	}
}
