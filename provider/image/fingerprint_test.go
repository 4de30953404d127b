package image

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func fingerprint(t testing.TB, src Source) string {
	t.Helper()
	inputs, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	got := inputs.Fingerprint()
	if len(got) != 64 {
		t.Fatalf("fingerprint %q is not a SHA-256", got)
	}
	return got
}

func TestFingerprintChangesWithWhatIsInTheImage(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, dir string, src *Source){
		"command":           func(t *testing.T, dir string, _ *Source) { edit(t, `"dev"`, `"1"`, dir, "cmd/acme/main.go") },
		"imported package":  func(t *testing.T, dir string, _ *Source) { edit(t, "hello", "bye", dir, "greeting/greeting.go") },
		"new file":          func(t *testing.T, dir string, _ *Source) { write(t, "package greeting", dir, "greeting/new.go") },
		"embedded file":     func(t *testing.T, dir string, _ *Source) { edit(t, "h1", "h2", dir, "cmd/acme/pages/index.html") },
		"new embedded file": func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "cmd/acme/pages/sub/new.html") },
		"assembly":          func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "greeting/new_amd64.s") },
		"profile":           func(t *testing.T, dir string, _ *Source) { write(t, "x", dir, "cmd/acme/default.pgo") },
		"language version":  func(t *testing.T, dir string, _ *Source) { edit(t, "1.24", "1.23", dir, "go.mod") },
		"godebug": func(t *testing.T, dir string, _ *Source) {
			edit(t, "go 1.24", "go 1.24\ngodebug panicnil=1", dir, "go.mod")
		},
		"module path": func(t *testing.T, dir string, _ *Source) {
			edit(t, "example.com/acme", "example.com/other", dir, "go.mod")
			edit(t, "example.com/acme", "example.com/other", dir, "cmd/acme/main.go")
		},
		"tag":          func(_ *testing.T, _ string, src *Source) { src.Tags = []string{"extra"} },
		"linker flag":  func(_ *testing.T, _ string, src *Source) { src.Ldflags = []string{"-X main.version=1"} },
		"variable":     func(_ *testing.T, _ string, src *Source) { src.Env = map[string]string{"GOAMD64": "v2"} },
		"architecture": func(_ *testing.T, _ string, src *Source) { src.Architecture = "arm64" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := acme(t)
			src := Source{Package: filepath.Join(dir, "cmd", "acme")}
			before := fingerprint(t, src)
			change(t, dir, &src)
			if after := fingerprint(t, src); after == before {
				t.Errorf("the fingerprint stays %s", after)
			}
		})
	}
}

func TestFingerprintStaysForTheRest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, dir string, src *Source){
		"another directory": func(t *testing.T, _ string, src *Source) { src.Package = filepath.Join(acme(t), "cmd", "acme") },
		"unrelated package": func(t *testing.T, dir string, _ *Source) { edit(t, "nothing", "none", dir, "unrelated/unrelated.go") },
		"test": func(t *testing.T, dir string, _ *Source) {
			write(t, "package main // test", dir, "cmd/acme/main_test.go")
		},
		"file behind a tag": func(t *testing.T, dir string, _ *Source) { edit(t, "only", "", dir, "greeting/greeting_local.go") },
		"other system":      func(t *testing.T, dir string, _ *Source) { write(t, "package greeting", dir, "greeting/a_windows.go") },
		"read me":           func(t *testing.T, dir string, _ *Source) { write(t, "read me", dir, "README.md") },
		"comment in go.mod": func(t *testing.T, dir string, _ *Source) { edit(t, "go 1.24", "go 1.24 // comment", dir, "go.mod") },
		"time": func(t *testing.T, dir string, _ *Source) {
			if err := os.Chtimes(filepath.Join(dir, "cmd/acme/main.go"), time.Time{}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		},
		"default architecture": func(_ *testing.T, _ string, src *Source) { src.Architecture = "x86_64" },
		"modules from elsewhere": func(t *testing.T, _ string, src *Source) {
			src.Env = map[string]string{"GOFLAGS": "-mod=mod -modcacherw", "GOPROXY": "off", "GOMODCACHE": t.TempDir(), "GIT_TOKEN": "x"}
		},
		"order of tags":    func(_ *testing.T, _ string, src *Source) { src.Tags = []string{"b", "a", "b"} },
		"named Go release": func(_ *testing.T, _ string, src *Source) { src.GoVersion = strings.TrimPrefix(runtime.Version(), "go") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := acme(t)
			src := Source{Package: filepath.Join(dir, "cmd", "acme")}
			if name == "order of tags" {
				src.Tags = []string{"a", "b"}
			}
			before := fingerprint(t, src)
			change(t, dir, &src)
			if after := fingerprint(t, src); after != before {
				t.Errorf("the fingerprint changes from %s to %s", before, after)
			}
		})
	}
}

func TestFingerprintCoversCodeOutsideTheModule(t *testing.T) {
	t.Parallel()
	const app = `
-- app/main.go --
package main
import _ "example.com/library"
func main() {}
`
	const library = `
-- library/go.mod --
module example.com/library
go 1.24
-- library/library.go --
package library
`
	for name, test := range map[string]struct{ archive, file string }{
		"replaced": {app + library + "-- app/go.mod --\nmodule example.com/app\ngo 1.24\n" +
			"require example.com/library v0.0.0\nreplace example.com/library => ../library\n", "library/library.go"},
		"workspace": {app + library + "-- app/go.mod --\nmodule example.com/app\ngo 1.24\n" +
			"-- go.work --\ngo 1.24\nuse (\n./app\n./library\n)\n", "library/library.go"},
		"vendored": {app + "-- app/go.mod --\nmodule example.com/app\ngo 1.24\nrequire example.com/library v1.0.0\n" +
			"-- app/vendor/modules.txt --\n# example.com/library v1.0.0\n## explicit; go 1.24\nexample.com/library\n" +
			"-- app/vendor/example.com/library/library.go --\npackage library\n", "app/vendor/example.com/library/library.go"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := module(t, test.archive)
			src := Source{Package: filepath.Join(dir, "app")}
			before := fingerprint(t, src)
			if again := fingerprint(t, Source{Package: filepath.Join(module(t, test.archive), "app")}); again != before {
				t.Errorf("a copy has the fingerprint %s, not %s", again, before)
			}
			write(t, "package library // changed\n", dir, test.file)
			if after := fingerprint(t, src); after == before {
				t.Errorf("the fingerprint stays %s", after)
			}
		})
	}
}

// TestFingerprintCoversPublishedModules has two versions of a module with the same files.
func TestFingerprintCoversPublishedModules(t *testing.T) {
	t.Parallel()
	proxy := publish(t, "example.com/library", "v1.0.0", "v1.0.1")
	app := module(t, "-- go.mod --\nmodule example.com/app\ngo 1.24\nrequire example.com/library v1.0.0\n"+
		"-- main.go --\npackage main\nimport _ \"example.com/library\"\nfunc main() {}\n")
	modules := t.TempDir()
	src := Source{Package: app, Env: map[string]string{
		"GOPROXY": proxy, "GOSUMDB": "off", "GOMODCACHE": modules, "GOFLAGS": "-mod=mod -modcacherw",
	}}
	before := fingerprint(t, src)
	write(t, "package library // not what was published", modules, "example.com/library@v1.0.0/library.go")
	if after := fingerprint(t, src); after != before {
		t.Error("files of the module cache are read: their checksum is enough")
	}
	edit(t, "v1.0.0", "v1.0.1", app, "go.mod")
	if after := fingerprint(t, src); after == before {
		t.Errorf("the fingerprint stays %s with another version", after)
	}
}

func TestOnlyDecidingFlagsCount(t *testing.T) {
	t.Parallel()
	got := decidingFlags("-mod=vendor -buildvcs=false --trimpath\t-gcflags=all=-N '-ldflags=-s -w' -p=4 -race \"-modfile=my go.mod\" -tags=x ")
	if want := []string{"-gcflags=all=-N", "-race"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRecordsAreUnambiguous(t *testing.T) {
	t.Parallel()
	lines := map[string]bool{}
	for _, values := range [][]string{{"a b"}, {"a", "b"}, {"a\" \"b"}, {"a\nb"}, {}, {""}} {
		var line strings.Builder
		record(&line, "kind", values...)
		if lines[line.String()] {
			t.Errorf("%q is recorded as another value is: %s", values, line.String())
		}
		lines[line.String()] = true
	}
}
