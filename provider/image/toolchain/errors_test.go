package toolchain

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestFetchesThatFail(t *testing.T) {
	t.Parallel()
	release, forged := publish(t, "1.99.1"), publish(t, "1.99.1")
	forged.zip, forged.sum = publish(t, "1.99.2").zip, "h1:AAAA="
	honest := newProxy(t, release)
	good, key := serve(t, honest), honest.key
	forger := newProxy(t, forged)
	cut := newProxy(t)
	cut.mux.HandleFunc(release.zipPath(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(release.zip)))
		w.Write(release.zip[:len(release.zip)/2]) //nolint:errcheck // the client notices
	})
	text := newProxy(t)
	text.mux.HandleFunc(release.zipPath(), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Sign in</html>") })
	secret := serve(t, answer(http.StatusUnauthorized))
	goproxy := func(address string) string { return "GOPROXY=" + address }
	gosumdb := "GOSUMDB=" + key
	const wanted = "1.99.1"
	for name, test := range map[string]struct {
		variables []string
		release   string
		want      []string
	}{
		"wrong checksum": {
			[]string{goproxy(serve(t, forger)), gosumdb + " " + good + "/sumdb/" + databaseName}, wanted,
			[]string{"checksum is h1:", databaseName + " has " + release.sum, "replaces downloads"},
		},
		"another's database": {
			[]string{goproxy(serve(t, forger)), gosumdb}, wanted, []string{"ask checksum database " + databaseName},
		},
		"database off for the module": {
			[]string{goproxy(serve(t, forger)), gosumdb, "GONOSUMDB=golang.org"}, wanted, []string{"ask checksum database " + databaseName},
		},
		"unknown release": {
			[]string{goproxy(good), gosumdb}, "1.99.7", []string{"no such release", "404 Not Found", "https://go.dev/dl"},
		},
		"release as a path":    {[]string{goproxy(good), gosumdb}, "../../1", []string{"no such release"}},
		"no login":             {[]string{goproxy(secret), gosumdb}, wanted, []string{"401 Unauthorized", "netrc"}},
		"no login, other auth": {[]string{goproxy(secret), gosumdb, "GOAUTH=git /home"}, wanted, []string{"only netrc"}},
		"login over http":      {[]string{goproxy("http://user:hunter2@127.0.0.1"), gosumdb}, wanted, []string{"GET http://127.0.0.1/", "use https"}},
		"proxy off":            {[]string{goproxy("off"), gosumdb}, wanted, []string{"GOPROXY=off", "name a proxy"}},
		"no proxy":             {[]string{goproxy(", ,"), gosumdb}, wanted, []string{"names no proxy"}},
		"proxy of no scheme":   {[]string{goproxy("proxy"), gosumdb}, wanted, []string{"neither an address"}},
		"host in a file's":     {[]string{goproxy("file://host/path"), gosumdb}, wanted, []string{"file:///path"}},
		"nobody listens":       {[]string{goproxy("http://127.0.0.1:1"), gosumdb}, wanted, []string{"connection refused"}},
		"database off":         {[]string{goproxy(good), "GOSUMDB=off"}, wanted, []string{"GOSUMDB=off", Default}},
		"unknown database":     {[]string{goproxy(good), "GOSUMDB=sum.example.net"}, wanted, []string{"GOSUMDB is not a name"}},
		"truncated":            {[]string{goproxy(serve(t, cut)), gosumdb}, wanted, []string{"unexpected EOF"}},
		"a page to sign in":    {[]string{goproxy(serve(t, text)), gosumdb}, wanted, []string{"not a valid zip"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := &Cache{Dir: t.TempDir()}
			_, err := cache.Get(t.Context(), test.release, settings(test.variables...))
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Release != test.release {
				t.Fatalf("got %v, want an *Error", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q: %v", want, err)
				}
			}
			if isUnknown := errors.Is(err, ErrUnknown); isUnknown != (name == "unknown release" || name == "release as a path") {
				t.Errorf("is unknown: %v; %v", isUnknown, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error has the password: %v", err)
			}
			if names := left(t, cache.Dir); names != nil {
				t.Errorf("the cache holds %v", names)
			}
		})
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	_, err := (&Cache{Dir: filepath.Join(file, "cache")}).Get(t.Context(), "1.99.1", settings("GOPROXY=off"))
	if err == nil || !strings.Contains(err.Error(), "has to be writable") {
		t.Errorf("got %v", err)
	}
}
