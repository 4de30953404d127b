package toolchain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// settings of a process without a home, with these variables.
func settings(variables ...string) Settings {
	return NewSettings(append([]string{"GOENV=off"}, variables...))
}

// left returns the names of what is in a cache but locks and trees of databases.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".lock" && entry.Name() != "sumdb" {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestGet(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	s := settings("GOPROXY="+serve(t, proxy), "GOSUMDB="+proxy.key)
	var logged []string
	cache := &Cache{Dir: filepath.Join(t.TempDir(), "new"), Log: func(_ context.Context, message string, fields map[string]any) {
		logged = append(logged, fmt.Sprint(message, fields))
	}}
	for range 2 {
		root, err := cache.Get(t.Context(), "1.99.1", s)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), Command(root)).Output(); err != nil || string(out) != "go version go1.99.1\n" {
			t.Errorf("the go command prints %q, %v", out, err)
		}
		modes := map[string]os.FileMode{
			"pkg/tool/linux_amd64/compile": 0o555, "lib/wasm/go_js_wasm_exec": 0o555, "lib/time/README": 0o444,
			"src/go.mod": 0o444, "src/cmd/go/testdata/x/go.mod": 0o444, "src/cmd/go/testdata/x/x_exec": 0o444,
		}
		for name, mode := range modes {
			if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode() != mode {
				t.Errorf("%s: %v, %v; want mode %v", name, info, err, mode)
			}
		}
	}
	if n := proxy.requests(".zip"); n != 1 {
		t.Errorf("%d downloads, want 1", n)
	}
	want := []string{"fetching Gomap[module:" + release.mod.String() + "]", "fetched Gomap[module:" + release.mod.String() + "]"}
	if diff := cmp.Diff(want, logged); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestProxyLists(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	good, lacking, gone, broken := serve(t, proxy), serve(t, answer(404)), serve(t, answer(410)), serve(t, answer(500))
	for list, want := range map[string]string{
		lacking + "," + good:                     "",
		gone + "," + good:                        "",
		broken + "," + good:                      "500",
		broken + "|" + good:                      "",
		"http://127.0.0.1:1|" + good:             "",
		lacking + "," + broken + "," + good:      "500",
		"file:///no/such/folder," + good:         "",
		lacking + ",off," + good:                 "404",
		broken + "|off":                          "500",
		" " + lacking + " , " + good + ",direct": "",
	} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir(), Hashes: map[string]string{release.mod.Version: release.sum}}
			_, err := cache.Get(t.Context(), "1.99.1", settings("GOPROXY="+list, "GOSUMDB=off"))
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// transport lets functions answer requests.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDirect(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	for name, s := range map[string]Settings{
		"direct":    settings("GOPROXY=direct"),
		"last":      settings("GOPROXY=https://lacking.example.org,direct"),
		"GOPRIVATE": settings("GOPROXY=https://proxy.example.org", "GOPRIVATE=example.com,golang.org/*"),
		"GONOPROXY": settings("GOPROXY=off", "GONOPROXY=golang.org/toolchain"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir(), Hashes: map[string]string{release.mod.Version: release.sum}}
			cache.Transport = transport(func(r *http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				switch r.URL.Host {
				case "go.dev":
					http.Redirect(recorder, r, "https://dl.google.com/go/"+release.mod.Version+".zip", http.StatusFound)
				case "dl.google.com":
					recorder.Write(release.zip) //nolint:errcheck // in memory
				default:
					recorder.WriteHeader(http.StatusNotFound)
				}
				answer := recorder.Result()
				answer.Request = r
				return answer, nil
			})
			if _, err := cache.Get(t.Context(), "1.99.1", s); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "hunter2" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	home := t.TempDir()
	netrc := filepath.Join(home, ".netrc")
	content := "machine example.org login a password b\nmachine " + host + "\n\tlogin ci\n\tpassword hunter2\n"
	if err := os.WriteFile(netrc, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		variables []string
		ok        bool
	}{
		"home":    {[]string{"HOME=" + home, "GOPROXY=" + server.URL}, true},
		"NETRC":   {[]string{"NETRC=" + netrc, "GOPROXY=" + server.URL}, true},
		"address": {[]string{"GOPROXY=https://ci:hunter2@" + host}, true},
		"none":    {[]string{"GOPROXY=" + server.URL}, false},
		"off":     {[]string{"HOME=" + home, "GOAUTH=off", "GOPROXY=" + server.URL}, false},
		"wrong":   {[]string{"GOPROXY=https://ci:hunter3@" + host}, false},
		"token":   {[]string{"GOPROXY=https://hunter4@" + host}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir(), Transport: server.Client().Transport}
			_, err := cache.Get(t.Context(), "1.99.1", settings(append(test.variables, "GOSUMDB="+proxy.key)...))
			if test.ok && err != nil || !test.ok && (err == nil || !strings.Contains(err.Error(), "403 Forbidden")) {
				t.Errorf("got %v, want ok: %v", err, test.ok)
			}
			if err != nil && strings.Contains(err.Error(), "hunter") {
				t.Errorf("error has a password: %v", err)
			}
		})
	}
}

func TestManyFetchOnce(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	s := settings("GOPROXY="+serve(t, proxy), "GOSUMDB="+proxy.key)
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { // each opens the lock's file by itself, as another process would
			if _, err := (&Cache{Dir: dir}).Get(t.Context(), "1.99.1", s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := proxy.requests(".zip"); n != 1 {
		t.Errorf("%d downloads, want 1", n)
	}
	if names := left(t, dir); len(names) != 1 {
		t.Errorf("the cache holds %v", names)
	}
}

func TestDamagedRelease(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	s := settings("GOPROXY="+serve(t, proxy), "GOSUMDB="+proxy.key)
	for name, damage := range map[string]func(root string) error{
		"truncated": func(root string) error {
			return errors.Join(os.Chmod(filepath.Join(root, "VERSION"), 0o644), os.Truncate(filepath.Join(root, "VERSION"), 0))
		},
		"removed":        func(root string) error { return os.Remove(filepath.Join(root, "src/go.mod")) },
		"not executable": func(root string) error { return os.Chmod(filepath.Join(root, "bin/go"), 0o444) },
		"added":          func(root string) error { return os.WriteFile(filepath.Join(root, "src/fmt/x.go"), nil, 0o644) },
		"replaced": func(root string) error {
			path := filepath.Join(root, "VERSION")
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("go1.99.2\n"), 0o444))
		},
		"emptied":    func(root string) error { return errors.Join(os.RemoveAll(root), os.Mkdir(root, 0o755)) },
		"incomplete": func(root string) error { return os.Remove(filepath.Join(root, stateFile)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir()}
			for range 2 {
				root, err := cache.Get(t.Context(), "1.99.1", s)
				if err != nil {
					t.Fatal(err)
				}
				if err := check(root); err != nil {
					t.Error(err)
				}
				if names := left(t, cache.Dir); !slices.Equal(names, []string{filepath.Base(root)}) {
					t.Errorf("the cache holds %v", names)
				}
				if err := damage(root); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestReleaseOfThisMachine(t *testing.T) {
	t.Parallel()
	release := publish(t, "1.99.1")
	proxy := newProxy(t, release)
	address := serve(t, proxy)
	place := func(zip []byte) string {
		dir := t.TempDir()
		path := filepath.Join(dir, "cache/download", release.zipPath())
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, zip, 0o644)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	whole, damaged := place(release.zip), place(publish(t, "1.99.2").zip)
	nobody := "GOSUMDB=" + proxy.key + " http://127.0.0.1:1"
	known := map[string]string{release.mod.Version: release.sum}
	for name, test := range map[string]struct {
		variables []string
		hashes    map[string]string
		ok        bool
	}{
		"module cache":                   {[]string{"GOPROXY=off", "GOSUMDB=off", "GOMODCACHE=" + whole}, known, true},
		"damaged module cache":           {[]string{"GOPROXY=" + address, "GOSUMDB=off", "GOMODCACHE=" + damaged}, known, true},
		"nothing but a damaged one":      {[]string{"GOPROXY=off", "GOSUMDB=off", "GOMODCACHE=" + damaged}, known, false},
		"directory":                      {[]string{"GOPROXY=file://" + whole + "/cache/download", "GOSUMDB=off"}, nil, true},
		"directory and GONOSUMDB":        {[]string{"GOPROXY=file://" + whole + "/cache/download", "GONOSUMDB=golang.org"}, nil, true},
		"directory and database":         {[]string{"GOPROXY=file://" + whole + "/cache/download", nobody}, nil, false},
		"directory, then another proxy":  {[]string{"GOPROXY=file://" + whole + "/cache/download," + address, "GOSUMDB=off"}, nil, false},
		"module cache of no checked sum": {[]string{"GOPROXY=off", "GOMODCACHE=" + whole, nobody}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir(), Hashes: test.hashes}
			if _, err := cache.Get(t.Context(), "1.99.1", settings(test.variables...)); (err == nil) != test.ok {
				t.Errorf("got %v, want ok: %v", err, test.ok)
			}
		})
	}
}

func TestCancelledFetch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte("part")) //nolint:errcheck // the client goes away
		cancel(stopped)
		<-r.Context().Done()
	}))
	cache := &Cache{Dir: t.TempDir(), Hashes: map[string]string{}}
	_, err := cache.Get(ctx, "1.99.1", settings("GOPROXY="+address))
	if !errors.Is(err, stopped) {
		t.Errorf("got %v, want the cause", err)
	}
	if names := left(t, cache.Dir); names != nil {
		t.Errorf("the cache holds %v", names)
	}
}

func TestOldReleasesGo(t *testing.T) {
	t.Parallel()
	cache := &Cache{Dir: t.TempDir()}
	var releases []published
	for n := range maxReleases + 3 {
		releases = append(releases, publish(t, fmt.Sprintf("1.99.%d", n)))
	}
	proxy := newProxy(t, releases...)
	s := settings("GOPROXY="+serve(t, proxy), "GOSUMDB="+proxy.key)
	for n := range releases {
		root, err := cache.Get(t.Context(), fmt.Sprintf("1.99.%d", n), s)
		if err != nil {
			t.Fatal(err)
		}
		if n < 2 { // two that nobody used for long
			used := time.Now().Add(-time.Duration(10-n) * minAge)
			if err := os.Chtimes(filepath.Join(root, stateFile), used, used); err != nil {
				t.Fatal(err)
			}
		}
	}
	if names := left(t, cache.Dir); len(names) != maxReleases+1 || !strings.Contains(names[0], "1.99.2") {
		t.Errorf("the cache holds %v", names)
	}
}
