package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func build(t testing.TB, builder *Builder, src Source) *Built {
	t.Helper()
	built, err := builder.Build(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// TestBuildIsReproducible builds on two machines that have nothing in common but the source and the Go release: other directories, home,
// caches, module cache, ways to modules, time zone and umask, one with a repository around the source and one without.
func TestBuildIsReproducible(t *testing.T) {
	proxy := publish(t, "example.com/published", "v1.0.0")
	copied := func(t *testing.T) (dir, pkg string) {
		t.Helper()
		dir = acme(t)
		edit(t, "go 1.24", "go 1.24\nrequire example.com/published v1.0.0", dir, "go.mod")
		edit(t, `"example.com/acme/greeting"`, `"example.com/acme/greeting"; _ "example.com/published"`, dir, "cmd/acme/main.go")
		return dir, filepath.Join(dir, "cmd", "acme")
	}
	t.Setenv("GOPROXY", proxy)
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	dir, pkg := copied(t)
	first := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: pkg})

	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOPATH", t.TempDir())
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOCACHE", t.TempDir()) // compiles even the standard library anew
	t.Setenv("GOFLAGS", "-buildvcs=true -p=2 -modcacherw")
	t.Setenv("TZ", "Asia/Tokyo")
	elsewhere, pkg := copied(t)
	copyFile(t, dir, "go.sum", "copied")
	if err := os.Rename(filepath.Join(dir, "copied"), filepath.Join(elsewhere, "go.sum")); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "x"}} {
		cmd := exec.CommandContext(t.Context(), "git", arguments...)
		cmd.Dir = elsewhere
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("git: %v: %s", err, out)
		}
	}
	restrict(t)
	second := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: pkg})
	if diff := cmp.Diff(first.Inputs, second.Inputs); diff != "" || second.Digest != first.Digest {
		t.Errorf("images are %s and %s, inputs (-here +there):\n%s", first.Digest, second.Digest, diff)
	}
}

// TestOnlyWhatModuleFilesDecideCounts has a go.mod and a go.sum with more in them, and the same image.
func TestOnlyWhatModuleFilesDecideCounts(t *testing.T) {
	t.Parallel()
	modules := map[string]string{
		"GOPROXY": publish(t, "example.com/published", "v1.0.0"), "GOSUMDB": "off", "GOMODCACHE": t.TempDir(), "GOFLAGS": "-mod=mod -modcacherw",
	}
	dir := acme(t)
	src := Source{Package: filepath.Join(dir, "cmd", "acme"), Env: modules}
	first := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	edit(t, "go 1.24", "// The app.\ngo 1.24\nrequire example.com/published v1.0.0 // for another command\nexclude example.com/published v0.9.0",
		dir, "go.mod")
	second := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	if diff := cmp.Diff(first.Inputs, second.Inputs); diff != "" || first.Digest != second.Digest {
		t.Errorf("images are %s and %s, inputs (-before +after):\n%s", first.Digest, second.Digest, diff)
	}
}

// TestSameBytesOfOtherCode changes a comment, which leaves the lines as they are.
func TestSameBytesOfOtherCode(t *testing.T) {
	t.Parallel()
	cache, dir := t.TempDir(), acme(t)
	src := Source{Package: filepath.Join(dir, "cmd", "acme")}
	write(t, "package greeting // one\n", dir, "greeting/new.go")
	before, first := fingerprint(t, src), build(t, NewBuilder(cache, NewRegistry(nil)), src)
	write(t, "package greeting // two\n", dir, "greeting/new.go")
	after := fingerprint(t, src)
	for _, act := range []string{"built", "cached"} {
		second := build(t, NewBuilder(cache, NewRegistry(nil)), src)
		if first.Fingerprint != before || before == after || second.Digest != first.Digest || second.Fingerprint != before {
			t.Errorf("%s: sources %.12s and %.12s make %s of %.12s and %s of %.12s, want the same image of the first inputs",
				act, before, after, first.Digest, first.Fingerprint, second.Digest, second.Fingerprint)
		}
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	for architecture, goarch := range map[string]string{"x86_64": "amd64", "arm64": "arm64"} {
		t.Run(architecture, func(t *testing.T) {
			t.Parallel()
			built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: filepath.Join(acme(t), "cmd", "acme"), Architecture: architecture})
			if err := validate.Image(built.Image); err != nil {
				t.Error(err)
			}
			config, err := built.Image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			const label = `{"app":"acme","handlers":{` +
				`"jobs":{"events":["run.requested"],"send_to":["deliveries"],"timeout":60,"batch_size":10},"cron":{}}}`
			if got := config.Config.Labels[HandlersLabel]; got != label {
				t.Errorf("label is %s, want %s", got, label)
			}
			app := App{Name: "acme", Handlers: map[string]Handler{
				"jobs": {Events: []string{"run.requested"}, SendTo: []string{"deliveries"}, Timeout: 60, BatchSize: 10}, "cron": {},
			}}
			if diff := cmp.Diff(app, built.App); diff != "" {
				t.Errorf("app (-want +got):\n%s", diff)
			}
			if config.OS != "linux" || config.Architecture != goarch || config.Variant != "" || config.Created.Unix() != 0 ||
				!slices.Equal(config.Config.Entrypoint, []string{"/app"}) || config.Config.WorkingDir != "/" {
				t.Errorf("configuration is %+v", config)
			}
			manifest, err := built.Image.Manifest()
			if err != nil {
				t.Fatal(err)
			}
			var size int64
			for _, layer := range manifest.Layers {
				size += layer.Size
				if layer.MediaType != types.OCILayer {
					t.Errorf("a layer is of type %s", layer.MediaType)
				}
			}
			if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON || built.Size != size {
				t.Errorf("manifest is of type %s, configuration of %s; size is %d, want %d",
					manifest.MediaType, manifest.Config.MediaType, built.Size, size)
			}
		})
	}
}

func TestFilesOfTheImage(t *testing.T) {
	t.Parallel()
	src := Source{Package: filepath.Join(acme(t), "cmd", "acme"), Ldflags: []string{"-X main.version=1.2.3"}}
	built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	layers, err := built.Image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "app")
	var got []tar.Header
	for _, layer := range layers {
		unzipped, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for archive := tar.NewReader(unzipped); ; {
			entry, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if entry.Uid != 0 || entry.Gid != 0 || entry.Uname != "" || entry.Gname != "" || entry.ModTime.Unix() != 0 || entry.PAXRecords != nil {
				t.Errorf("entry says where it comes from: %+v", entry)
			}
			if entry.Name == "app" {
				content, err := io.ReadAll(archive)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(binary, content, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			got = append(got, tar.Header{Typeflag: entry.Typeflag, Name: entry.Name, Mode: entry.Mode})
		}
		if err := unzipped.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := []tar.Header{
		{Typeflag: tar.TypeDir, Name: "etc/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "etc/ssl/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "etc/ssl/certs/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o555},
		{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777},
		{Typeflag: tar.TypeReg, Name: "app", Mode: 0o555},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return
	}
	if out, err := exec.CommandContext(t.Context(), binary).Output(); err != nil || string(out) != "1.2.3 hello <h1>acme</h1>\n <nil>\n" {
		t.Errorf("the binary prints %q, %v", out, err)
	}
}

func TestCodeThatDoesNotBuild(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		content string
		lines   []string
	}{
		"type error": {"package main\n\nfunc main() {\n\tundefined()\n\tvar n int = \"x\"\n}\n", []string{
			"cmd/acme/main.go:4:2: undefined: undefined", `cmd/acme/main.go:5:14: cannot use "x"`}},
		"syntax error": {"package main\n\nfunc main() {\n", []string{"cmd/acme/main.go:4:1: syntax error: unexpected EOF"}},
		"clause":       {"pakage main\n", []string{"cmd/acme/main.go:1:1: expected 'package'"}},
		"missing module": {"package main\n\nimport _ \"example.org/gone\"\n", []string{
			"cmd/acme/main.go:3:8: no required module provides package example.org/gone"}},
		"missing package": {"package main\n\nimport _ \"example.com/acme/gone\"\n", []string{
			"cmd/acme/main.go:3:8: no required module provides package example.com/acme/gone"}},
		"embedded file": {"package main\n\nimport _ \"embed\"\n\n//go:embed gone.txt\nvar s string\n\nfunc main() {}\n", []string{
			"cmd/acme/main.go:5:12: pattern gone.txt: no matching files found"}},
		"no main": {"package main\n", []string{"function main is undeclared in the main package"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, cache := acme(t), t.TempDir()
			write(t, test.content, dir, "cmd/acme/main.go")
			_, err := NewBuilder(cache, NewRegistry(nil)).Build(t.Context(), Source{Package: filepath.Join(dir, "cmd", "acme")})
			got, ok := errors.AsType[*BuildError](err)
			if !ok {
				t.Fatalf("got %v, want a *BuildError", err)
			}
			for _, line := range test.lines {
				if !strings.Contains(got.Output, line) {
					t.Errorf("output does not contain %q:\n%s", line, got.Output)
				}
			}
			if strings.Contains(got.Output, dir) {
				t.Errorf("output has absolute paths:\n%s", got.Output)
			}
			if left := filesIn(t, cache); len(left) > 0 {
				t.Errorf("the cache holds %v", left)
			}
		})
	}
}

// TestEveryCompileErrorIsReported has more errors in two packages than the compiler prints by itself.
func TestEveryCompileErrorIsReported(t *testing.T) {
	t.Parallel()
	dir, cache := acme(t), t.TempDir()
	for _, name := range []string{"greeting/greeting.go", "unrelated/unrelated.go"} {
		var content strings.Builder
		fmt.Fprintf(&content, "package %s\n\nfunc Text() {\n", filepath.Base(filepath.Dir(name)))
		for i := range 15 {
			fmt.Fprintf(&content, "\tmissing%d()\n", i)
		}
		write(t, content.String()+"}\n", dir, name)
	}
	edit(t, `"example.com/acme/greeting"`, `"example.com/acme/greeting"; _ "example.com/acme/unrelated"`, dir, "cmd/acme/main.go")
	_, err := NewBuilder(cache, NewRegistry(nil)).Build(t.Context(), Source{Package: filepath.Join(dir, "cmd", "acme")})
	got, ok := errors.AsType[*BuildError](err)
	if !ok {
		t.Fatalf("got %v, want a *BuildError", err)
	}
	for _, file := range []string{"greeting/greeting.go", "unrelated/unrelated.go"} {
		for i := range 15 {
			if line := fmt.Sprintf("%s:%d:2: undefined: missing%d\n", file, 4+i, i); !strings.Contains(got.Output+"\n", line) {
				t.Errorf("%q is missing in:\n%s", line, got.Output)
			}
		}
	}
	if left := filesIn(t, cache); len(left) > 0 {
		t.Errorf("the cache holds %v", left)
	}
}

// TestErrorsHoldNoValuesOfVariables has the compiler print a line of code that holds the value, as a file name.
func TestErrorsHoldNoValuesOfVariables(t *testing.T) {
	t.Parallel()
	const secret = "tr0ub4dor"
	dir := acme(t)
	write(t, "package main\n\nimport _ \"example.com/"+secret+"\"\n", dir, "cmd/acme/main.go")
	src := Source{Package: filepath.Join(dir, "cmd", "acme"), Env: map[string]string{"TOKEN": secret + "\nsecond line", "GOFLAGS": "-mod=readonly"}}
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Build(t.Context(), src)
	if _, ok := errors.AsType[*BuildError](err); !ok || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "example.com/***") {
		t.Errorf("got %v, want a *BuildError without the value", err)
	}
}

func TestLongOutputIsCut(t *testing.T) {
	t.Parallel()
	g := &goCommand{root: filepath.FromSlash("/src")}
	got := strings.Split(g.tidy(strings.Repeat(filepath.FromSlash("/src/main.go:1:1: x\n"), 100), 40), "\n")
	if len(got) != 41 || got[0] != "main.go:1:1: x" || got[40] != "… and 60 more lines" {
		t.Errorf("got %d lines from %q to %q", len(got), got[0], got[len(got)-1])
	}
}

func TestEqualBuildsRunOnce(t *testing.T) {
	calls := recordGo(t, "")
	cache, src := t.TempDir(), Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	builder := NewBuilder(cache, NewRegistry(nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := builder.Build(t.Context(), src); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	build(t, NewBuilder(cache, NewRegistry(nil)), src) // as another process
	for _, command := range []string{"list", "build"} {
		if n := strings.Count(strings.Join(calls(), " "), command); n != 1 {
			t.Errorf("go %s ran %d times: %v", command, n, calls())
		}
	}
}

func TestProcessesShareACache(t *testing.T) {
	calls := recordGo(t, "")
	cache, src := t.TempDir(), Source{Package: filepath.Join(acme(t), "cmd", "acme")}
	digests := make([]string, 4)
	var wg sync.WaitGroup
	for i := range digests {
		wg.Go(func() {
			built, err := NewBuilder(cache, NewRegistry(nil)).Build(t.Context(), src)
			if err != nil {
				t.Error(err)
				return
			}
			digests[i] = built.Digest
			if err := validate.Image(built.Image); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(slices.Compact(digests)) != 1 {
		t.Errorf("digests differ: %v", digests)
	}
	if entries, err := os.ReadDir(filepath.Join(cache, "entries")); err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v, %v; want one entry", entries, err)
	}
	for _, command := range []string{"list", "build"} {
		if n := strings.Count(strings.Join(calls(), " "), command); n != 1 {
			t.Errorf("go %s ran %d times: %v", command, n, calls())
		}
	}
}

func TestSourceThatChangesWhileItIsBuilt(t *testing.T) {
	dir := acme(t)
	greeting := filepath.Join(dir, "greeting", "greeting.go")
	recordGo(t, "if [ $1 = build ]; then sed -i.before s/hello/changed/ '"+greeting+"'; fi")
	cache, src := t.TempDir(), Source{Package: filepath.Join(dir, "cmd", "acme")}
	before := fingerprint(t, src)
	built := build(t, NewBuilder(cache, NewRegistry(nil)), src)
	if now := fingerprint(t, src); built.Fingerprint != now || now == before {
		t.Errorf("built %s; the source was %s before and is %s after", built.Fingerprint, before, now)
	}
	if entries, err := os.ReadDir(filepath.Join(cache, "entries")); err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v, %v; want one entry", entries, err)
	}
}
