package toolchain

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
	modzip "golang.org/x/mod/zip"
)

const databaseName = "sum.example.org"

// published is a release that a fake proxy has.
type published struct {
	mod module.Version
	zip []byte
	sum string
}

// publish makes a release of a few files, whose go command prints its version.
func publish(t *testing.T, release string) published {
	t.Helper()
	p := published{mod: module.Version{Path: modulePath, Version: "v0.0.1-go" + release + "." + runtime.GOOS + "-" + runtime.GOARCH}}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"VERSION":                        "go" + release + "\n",
		"bin/go":                         "#!/bin/sh\necho go version go" + release + "\n",
		"pkg/tool/linux_amd64/compile":   "#!/bin/sh\n",
		"lib/time/README":                "text\n",
		"lib/wasm/go_js_wasm_exec":       "#!/bin/sh\n",
		"src/_go.mod":                    "module std\n",
		"src/fmt/print.go":               "package fmt\n",
		"src/cmd/go/testdata/x/_go.mod":  "module x\n",
		"src/cmd/go/testdata/x/x_exec":   "text\n",
		"test/a very long name/file.txt": "text\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var zip bytes.Buffer
	if err := modzip.CreateFromDir(&zip, p.mod, dir); err != nil {
		t.Fatal(err)
	}
	p.zip = zip.Bytes()
	path := filepath.Join(t.TempDir(), "zip")
	if err := os.WriteFile(path, p.zip, 0o644); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.sum, err = dirhash.HashZip(path, dirhash.Hash1); err != nil {
		t.Fatal(err)
	}
	return p
}

// zipPath is where a proxy has the release.
func (p published) zipPath() string { return "/" + modulePath + "/@v/" + p.mod.Version + ".zip" }

// fakeProxy is a proxy that has releases and passes on requests to a checksum database.
type fakeProxy struct {
	key string // of the database

	mux  *http.ServeMux
	mu   sync.Mutex
	seen []string // paths that were asked for
}

// newProxy returns a proxy whose database has the sums of the releases.
func newProxy(t *testing.T, releases ...published) *fakeProxy {
	t.Helper()
	signer, key, err := note.GenerateKey(rand.Reader, databaseName)
	if err != nil {
		t.Fatal(err)
	}
	p := &fakeProxy{key: key, mux: http.NewServeMux()}
	sums := map[module.Version]string{}
	for _, release := range releases {
		sums[release.mod] = release.sum
		p.mux.HandleFunc(release.zipPath(), func(w http.ResponseWriter, _ *http.Request) {
			w.Write(release.zip) //nolint:errcheck // the client notices
		})
	}
	database := sumdb.NewServer(sumdb.NewTestServer(signer, func(path, version string) ([]byte, error) {
		sum, ok := sums[module.Version{Path: path, Version: version}]
		if !ok {
			return nil, os.ErrNotExist
		}
		return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", path, version, sum, path, version, sum), nil
	}))
	prefix := "/sumdb/" + databaseName
	p.mux.HandleFunc(prefix+"/supported", func(http.ResponseWriter, *http.Request) {})
	for _, path := range sumdb.ServerPaths {
		p.mux.Handle(prefix+path, http.StripPrefix(prefix, database))
	}
	return p
}

// ServeHTTP answers and notes the path.
func (p *fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r.URL.Path)
	p.mu.Unlock()
	p.mux.ServeHTTP(w, r)
}

// requests returns how often a path with this ending was asked for.
func (p *fakeProxy) requests(ending string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, path := range p.seen {
		if strings.HasSuffix(path, ending) {
			n++
		}
	}
	return n
}

// serve returns the address of a server of the handler.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// answer is a handler that answers everything with this status.
func answer(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}
