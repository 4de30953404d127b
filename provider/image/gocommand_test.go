package image

import (
	"archive/zip"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/provider/image/toolchain"
)

// withoutGo leaves a PATH with no go command.
func withoutGo(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
}

// fakeGo puts a shell script on the PATH as the go command.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	write(t, "#!/bin/sh\n"+script, dir, "go")
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

// proxyOf returns the GOPROXY of a directory that holds one release, whose go command is the real one after a line of shell.
func proxyOf(t *testing.T, release, line string) string {
	t.Helper()
	installed, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	version := "v0.0.1-go" + release + "." + runtime.GOOS + "-" + runtime.GOARCH
	dir := filepath.Join(t.TempDir(), "golang.org", "toolchain", "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	script, err := archive.Create("golang.org/toolchain@" + version + "/bin/go")
	if err == nil {
		_, err = script.Write([]byte("#!/bin/sh\n" + line + "\nexec '" + installed + "' \"$@\"\n"))
	}
	if err := errors.Join(err, archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(filepath.Join(dir, "..", "..", ".."))
}

func TestGoIsFetched(t *testing.T) {
	dir := acme(t) // whose go.mod says 1.24
	src := Source{Package: filepath.Join(dir, "cmd/acme")}
	with := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("GOPROXY", proxyOf(t, "1.24.0", `echo "$1" "$GOTOOLCHAIN" "${GOROOT-unset}" "$HOME" >> '`+log+"'"))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOROOT", "/no/such/folder")
	for name, path := range map[string]func(){
		"no go":   func() { withoutGo(t) },
		"old go":  func() { fakeGo(t, `echo '{"GOVERSION": "go1.20.14"}'`) },
		"no more": func() { fakeGo(t, "echo no version is set for go >&2; exit 126") },
	} {
		t.Run(name, func(t *testing.T) {
			path()
			var logged []string
			builder := NewBuilder(t.TempDir(), NewRegistry(nil))
			builder.Log = func(_ context.Context, message string, _ map[string]any) { logged = append(logged, message) }
			if built := build(t, builder, src); built.Digest != with.Digest {
				t.Errorf("digest is %s, want %s", built.Digest, with.Digest)
			}
			if strings.Join(logged, ", ") != "fetching Go, fetched Go" {
				t.Errorf("logged %q", logged)
			}
		})
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		if words := strings.Fields(line); len(words) != 4 || words[1] != "local" || words[2] != "unset" || words[3] != os.Getenv("HOME") {
			t.Errorf("subcommand, GOTOOLCHAIN, GOROOT and HOME are %q", words)
		}
	}
}

func TestNoGoCommand(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	for name, test := range map[string]struct {
		path func()
		want string
	}{
		"none": {func() { withoutGo(t) },
			"there is no go command on the PATH, and Go 1.24.0 cannot be fetched: downloads are turned off by GOPROXY=off"},
		"old":    {func() { fakeGo(t, `echo '{"GOVERSION": "go1.20.14"}'`) }, "is go1.20.14; Go 1.21 or later is needed"},
		"broken": {func() { fakeGo(t, "echo no version is set for go >&2; exit 126") }, "does not run: go version: no version is set for go"},
		"text":   {func() { fakeGo(t, "\x00"); write(t, "text", os.Getenv("PATH"), "go") }, "exec format error"},
	} {
		t.Run(name, func(t *testing.T) {
			test.path()
			cache := t.TempDir()
			_, err := NewBuilder(cache, NewRegistry(nil)).Build(t.Context(), Source{Package: acme(t) + "/cmd/acme"})
			if !errors.Is(err, ErrNoGo) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "https://go.dev/dl") {
				t.Errorf("got %v, want ErrNoGo that says %q", err, test.want)
			}
		})
	}
}

func TestGoReleaseThatDoesNotExist(t *testing.T) {
	t.Setenv("GOPROXY", proxyOf(t, "1.24.0", ""))
	withoutGo(t)
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Build(t.Context(), Source{Package: acme(t) + "/cmd/acme", GoVersion: "1.25.99"})
	if got, ok := errors.AsType[*ToolchainError](err); !ok || got.Version != "1.25.99" || !strings.Contains(err.Error(), "https://go.dev/dl") {
		t.Errorf("got %v, want a *ToolchainError", err)
	}
}

func TestGoReleaseThatCannotBeHad(t *testing.T) {
	t.Parallel()
	src := Source{Package: acme(t) + "/cmd/acme", GoVersion: "1.25.99", Env: map[string]string{"GOPROXY": "off"}}
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Build(t.Context(), src)
	got, ok := errors.AsType[*ToolchainError](err)
	if !ok || got.Version != "1.25.99" || !strings.Contains(got.Output, "1.25.99") || !strings.Contains(err.Error(), "GOPROXY") {
		t.Errorf("got %v, want a *ToolchainError with go's own line", err)
	}
}

func TestGoThatItsSettingsStop(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "nonsense")
	t.Setenv("GOPROXY", "off")
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), Source{Package: acme(t) + "/cmd/acme"})
	if _, ok := errors.AsType[*ToolchainError](err); !ok || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v, want a *ToolchainError with go's own line", err)
	}
}

func TestPathOfTheSource(t *testing.T) {
	fakeGo(t, "exit 1")
	src := Source{Package: acme(t) + "/cmd/acme", Env: map[string]string{"PATH": t.TempDir(), "GOPROXY": "off"}}
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Build(t.Context(), src)
	if err == nil || !strings.Contains(err.Error(), "there is no go command on the PATH") {
		t.Errorf("got %v", err)
	}
}

func TestNoHome(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOCACHE", "GOPATH", "GOMODCACHE", "GOENV"} {
		t.Setenv(name, "")
	}
	t.Setenv("GOFLAGS", "-tags=x")
	cache := t.TempDir()
	g, err := newGoCommand(t.Context(), Source{Package: acme(t) + "/cmd/acme"}, toolchain.Cache{Dir: cache})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(cache, "go", "pkg", "mod"); g.GOMODCACHE != want || g.GOFLAGS != "-tags=x -modcacherw" {
		t.Errorf("GOMODCACHE is %s, want %s; GOFLAGS is %s", g.GOMODCACHE, want, g.GOFLAGS)
	}
}

// TestRealRelease fetches a whole release, of some 70 MB, through GOPROXY unless the module cache has it.
func TestRealRelease(t *testing.T) {
	goMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, release, _ := strings.Cut(string(goMod), "\ngo ")
	release, _, _ = strings.Cut(release, "\n")
	src := Source{Package: acme(t) + "/cmd/acme", GoVersion: release}
	with := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)

	proxies, modules := goEnv(t, "GOPROXY"), goEnv(t, "GOMODCACHE")
	zip := "golang.org/toolchain/@v/v0.0.1-go" + release + "." + runtime.GOOS + "-" + runtime.GOARCH + ".zip"
	if _, err := os.Stat(filepath.Join(modules, "cache/download", zip)); err == nil {
		proxies = "file://" + filepath.ToSlash(modules) + "/cache/download," + proxies
	} else if !offered(t, proxies, zip) {
		t.Skipf("no proxy of GOPROXY has %s", zip)
	}
	if home, err := os.UserHomeDir(); err == nil && os.Getenv("NETRC") == "" {
		t.Setenv("NETRC", filepath.Join(home, ".netrc"))
	}
	t.Setenv("GOSUMDB", goEnv(t, "GOSUMDB"))
	t.Setenv("GOPROXY", proxies)
	withoutGo(t)
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOCACHE", "GOPATH", "GOMODCACHE", "GOENV", "GOTOOLCHAIN"} {
		t.Setenv(name, "")
	}
	cache := t.TempDir()
	without, err := NewBuilder(cache, NewRegistry(nil)).Build(t.Context(), src)
	if _, unreachable := errors.AsType[net.Error](err); unreachable {
		t.Skipf("the proxies of GOPROXY cannot be reached: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := without.Matches(with.Inputs, with.Digest); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(cache, "toolchains", "go"+release+"."+runtime.GOOS+"-"+runtime.GOARCH)); err != nil {
		t.Error(err)
	}
}

// offered reports whether one of the proxies says that it has the file.
func offered(t *testing.T, proxies, file string) bool {
	t.Helper()
	for _, proxy := range strings.FieldsFunc(proxies, func(r rune) bool { return r == ',' || r == '|' }) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, strings.TrimSuffix(proxy, "/")+"/"+file, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // such as of "direct"
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// goEnv asks the go command for a setting.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// needing is a module that imports another one, which go.sum has sums of or not.
func needing(t *testing.T, sums string) string {
	t.Helper()
	return module(t, `
-- go.mod --
module example.com/needing
go 1.24
require private.example.com/secret v1.0.0
-- go.sum --
`+sums+`
-- main.go --
package main
import _ "private.example.com/secret"
func main() {}
`)
}

func TestModulesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	sums := "private.example.com/secret v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" +
		"private.example.com/secret v1.0.0/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	status := func(code int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, test := range map[string]struct {
		sums, proxy string
		want        []string
	}{
		"missing go.sum entry":  {"", "off", []string{"missing go.sum entry", "run `go mod tidy` in ", "commit both"}},
		"no login for a proxy":  {sums, status(401), []string{"401 Unauthorized", "is private, and there is no login", "netrc"}},
		"forbidden by a proxy":  {sums, status(403), []string{"403 Forbidden", "is private, and there is no login"}},
		"unknown to a proxy":    {sums, status(404), []string{"404 Not Found", "name it in GOPRIVATE"}},
		"gone from a proxy":     {sums, status(410), []string{"410 Gone", "name it in GOPRIVATE"}},
		"no proxy":              {sums, "off", []string{"disabled by GOPROXY=off", "name a proxy"}},
		"no proxy there":        {sums, "http://127.0.0.1:1", []string{"connection refused", "check the network"}},
		"a login in an address": {sums, "http://user:hunter2@127.0.0.1:1", []string{"refusing to pass credentials"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := Source{Package: needing(t, test.sums), Env: map[string]string{
				"GOPROXY": test.proxy, "GOFLAGS": "-mod=readonly", "GOMODCACHE": t.TempDir(), "GONOSUMDB": "*"}}
			_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), src)
			failed, ok := errors.AsType[*BuildError](err)
			if !ok {
				t.Fatalf("got %v, want a *BuildError", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q: %v", want, err)
				}
			}
			if (failed.Hint == "") != (name == "a login in an address") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("hint is %q: %v", failed.Hint, err)
			}
		})
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	g := &goCommand{root: "/src"}
	for output, want := range map[string]string{
		"fatal: could not read Username for 'https://github.com': terminal prompts disabled":     "give git one",
		"git@github.com: Permission denied (publickey).":                                         "give git one",
		"Host key verification failed.":                                                          "give git one",
		"go: updates to go.mod needed":                                                           "go mod tidy",
		`unrecognized import path "git.acme.example/x": reading https://…: 404 Not Found`:        "GOPRIVATE",
		"dial tcp: lookup proxy.example.com: no such host":                                       "check the network",
		"main.go:4:2: undefined: x":                                                              "",
		"fatal: unable to access 'https://git.acme.example/x/': Could not resolve host":          "check the network",
		"go: golang.org/toolchain@v0.0.1-go1.99.9.linux-amd64: reading https://…: 403 Forbidden": "check its number",
		"go: golang.org/toolchain@v0.0.1-go1.99.9.linux-amd64: reading https://…: 404 Not Found": "check its number",
		"go: parsing $GOFLAGS: unknown flag -nosuch":                                             "mend GOFLAGS",
		"go: inconsistent vendoring in /src:":                                                    "go mod vendor",
		"go.mod:3: invalid go version '1.26.8': must match format 1.23":                          "not older than",
		"flag provided but not defined: -nosuch\nusage: link [options] main.o":                   "linker flags",
	} {
		if got := g.advise(output); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: advice is %q, want %q", output, got, want)
		}
	}
}

func TestOlderGoThanTheModule(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "local")
	dir := module(t, "-- go.mod --\nmodule m\ngo 1.99.1\n-- main.go --\npackage main\nfunc main() {}\n")
	for goVersion, want := range map[string]string{"": "name the Go version", "1.24.0": "cannot be had"} {
		src := Source{Package: dir, GoVersion: goVersion, Env: map[string]string{"GOPROXY": "off"}}
		_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), src)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestLoginsAreCut(t *testing.T) {
	t.Parallel()
	g := &goCommand{root: filepath.FromSlash("/src")}
	got := g.tidy("fatal: Authentication failed for 'https://ci:hunter2@git.example.com/x.git/'\n"+
		"https://hunter2@git.example.com me@example.com", maxOutputLines)
	if want := "'https://git.example.com/x.git/'\nhttps://git.example.com me@example.com"; !strings.HasSuffix(got, want) {
		t.Errorf("output is %s", got)
	}
}
