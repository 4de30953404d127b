package image

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"math"
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

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// koVariable names the ko to measure beside; without it that is what `make bin/ko` builds.
const koVariable = "KO"

// BenchmarkBesideKo measures from source to pushed image, ours and ko's in turn, on the same base image and registry. Each is a process
// of its own that starts for every image, although a provider's already runs when it builds one. ko is measured with and without a cache
// of its own (KOCACHE), and what is better counts; it keeps the binary's build ID, without which that cache does nothing.
func BenchmarkBesideKo(b *testing.B) {
	ko, err := filepath.Abs(cmp.Or(os.Getenv(koVariable), filepath.Join("..", "..", "bin", "ko")))
	if err == nil {
		_, err = os.Stat(ko)
	}
	if err != nil {
		b.Skipf("no ko to measure beside: make bin/ko builds it, %s names it (%v)", koVariable, err)
	}
	for app, prepare := range map[string]func(testing.TB) contest{"acme": smallApp, "handlers": referenceApp} {
		b.Run("app="+app, func(b *testing.B) {
			c := prepare(b)
			c.ko, c.home, c.counter = ko, b.TempDir(), newByteCounter(b)
			c.base = c.counter.pushBase(b)
			b.Run("cold", c.cold)
			b.Run("changed", c.changed)
			b.Run("unchanged", c.unchanged)
		})
	}
}

// contest between ways to make an image.
type contest struct {
	root, pkg string // of the module, and of the command in it
	edited    string // file with one line that changes
	ko        string // executable
	home      string // for what the contestants keep
	base      string // image
	counter   *byteCounter
}

// smallApp is the app of testdata, of the standard library alone.
func smallApp(t testing.TB) contest {
	root := acme(t)
	return contest{root: root, pkg: "./cmd/acme", edited: filepath.Join(root, "greeting", "edited.go")}
}

// referenceApp is a copy of the reference app and of what it is made of.
func referenceApp(t testing.TB) contest {
	root, from := t.TempDir(), filepath.Join("..", "..")
	for _, dir := range []string{"handlers", "sdk"} {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(filepath.Join(from, dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, string(content), root, file)
	}
	return contest{root: root, pkg: "./handlers", edited: filepath.Join(root, "handlers", "jobs", "edited.go")}
}

// The contestants.
const ours, plainKo, cachingKo = "ours", "ko", "ko-with-cache"

// edit changes one line of a package that the command imports, to what it never was before.
func (c contest) edit(b *testing.B, to string) {
	b.Helper()
	pkg := filepath.Base(filepath.Dir(c.edited))
	write(b, fmt.Sprintf("package %s\n\nvar edited = %q\n\nfunc init() {\n\tif edited == \"\" {\n\t\tpanic(0)\n\t}\n}\n", pkg, to), c.edited)
}

// ship makes an image of what is there and pushes it.
func (c contest) ship(b *testing.B, contestant string, variables ...string) measured {
	b.Helper()
	own, repository := filepath.Join(c.home, contestant), c.counter.host+"/"+contestant
	cmd := exec.CommandContext(b.Context(), c.ko, "build", c.pkg, "--bare", "--sbom=none", "--platform=linux/amd64", "--ldflags=-s -w")
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+c.home, "KO_DEFAULTBASEIMAGE="+c.base, "KO_DOCKER_REPO="+repository,
		"GOFLAGS=-buildvcs=false -tags=lambda,lambda.norpc")
	switch contestant {
	case ours:
		cmd = exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestShip$")
		cmd.Env = append(os.Environ(), shipping(c.pkg, c.base, own, repository)...)
	case cachingKo:
		cmd.Env = append(cmd.Env, "KOCACHE="+own)
	}
	cmd.Dir, cmd.Env = c.root, append(cmd.Env, variables...)
	sent, start := c.counter.sentTo(contestant), time.Now()
	out, err := cmd.CombinedOutput()
	m := measured{time.Since(start).Seconds(), float64(c.counter.sentTo(contestant) - sent)}
	if err != nil || !strings.Contains(string(out), contestant+"@sha256:") {
		b.Fatalf("%s: %v, %s", contestant, err, out)
	}
	return m
}

// cold is a first image on a machine where nothing was ever compiled, not even the standard library.
func (c contest) cold(b *testing.B) {
	all := results{}
	for n := 0; b.Loop(); n++ {
		c.edit(b, fmt.Sprint(b.Name(), n))
		for _, contestant := range []string{ours, plainKo} {
			all.add(contestant, c.ship(b, contestant, "GOCACHE="+b.TempDir(), "SHIP_CACHE="+b.TempDir()))
		}
	}
	all.report(b)
}

// rounds of a scenario, in which the contestants take turns at being first.
const rounds = 11

// changed is an image after one line changed.
func (c contest) changed(b *testing.B) {
	c.warmUp(b)
	c.compete(b, func(round string) { c.edit(b, round) })
}

// unchanged is an image that is there already.
func (c contest) unchanged(b *testing.B) {
	c.warmUp(b)
	c.compete(b, func(string) {})
}

func (c contest) warmUp(b *testing.B) {
	b.Helper()
	c.edit(b, b.Name())
	for _, contestant := range []string{ours, plainKo, cachingKo} {
		c.ship(b, contestant)
	}
}

func (c contest) compete(b *testing.B, prepare func(round string)) {
	b.Helper()
	all, contestants := results{}, []string{ours, plainKo, cachingKo}
	for n := 0; b.Loop(); n++ {
		for round := range rounds {
			for _, contestant := range contestants {
				prepare(fmt.Sprint(b.Name(), n, round, contestant))
				all.add(contestant, c.ship(b, contestant))
			}
			contestants = append(contestants[1:], contestants[0])
		}
	}
	all.report(b)
}

// measured is one image.
type measured struct{ seconds, bytes float64 }

// results by contestant.
type results map[string][]measured

func (r results) add(contestant string, m measured) { r[contestant] = append(r[contestant], m) }

// report reports medians, and ours divided by the better of ko's.
func (r results) report(b *testing.B) {
	b.Helper()
	median := func(contestant string, of func(measured) float64) float64 {
		var values []float64
		for _, m := range r[contestant] {
			values = append(values, of(m))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	seconds, bytes := func(m measured) float64 { return m.seconds }, func(m measured) float64 { return m.bytes }
	bestSeconds, bestBytes := math.Inf(1), math.Inf(1)
	for contestant := range r {
		b.ReportMetric(median(contestant, seconds), contestant+"-s")
		b.ReportMetric(median(contestant, bytes), contestant+"-B")
		if contestant != ours {
			bestSeconds, bestBytes = min(bestSeconds, median(contestant, seconds)), min(bestBytes, median(contestant, bytes))
		}
	}
	b.ReportMetric(median(ours, seconds)/bestSeconds, "s-ours/ko")
	b.ReportMetric(median(ours, bytes)/max(1, bestBytes), "B-ours/ko")
	b.ReportMetric(0, "ns/op") // the sum of all contestants says nothing
}

// byteCounter is a registry in memory that counts what it is sent.
type byteCounter struct {
	host string
	next http.Handler

	mu   sync.Mutex
	sent map[string]int64 // by repository
}

func newByteCounter(b *testing.B) *byteCounter {
	b.Helper()
	c := &byteCounter{next: registry.New(registry.Logger(log.New(io.Discard, "", 0))), sent: map[string]int64{}}
	server := httptest.NewServer(c)
	b.Cleanup(server.Close)
	c.host = strings.TrimPrefix(server.URL, "http://")
	return c
}

// ServeHTTP counts the bodies of requests.
func (c *byteCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := &countedBody{ReadCloser: r.Body}
	r.Body = body
	c.next.ServeHTTP(w, r)
	repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[repository] += body.size
}

type countedBody struct {
	io.ReadCloser
	size int64
}

// Read reads and counts.
func (c *countedBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.size += int64(n)
	return n, err
}

func (c *byteCounter) sentTo(repository string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[repository]
}

// pushBase makes an image of certificates and returns it by digest, which both take as their base without asking what a tag means.
func (c *byteCounter) pushBase(b *testing.B) string {
	b.Helper()
	pem := string(newCertificates().pem)
	base := imageOf(b, ociFamily, "linux/amd64", layerOfFiles(b, file{name: certificatesPath[1:], content: pem}))
	repository, err := name.NewRepository(c.host + "/base")
	if err != nil {
		b.Fatal(err)
	}
	digest, err := base.Digest()
	if err != nil {
		b.Fatal(err)
	}
	reference := repository.Digest(digest.String())
	if err := remote.Push(reference, base); err != nil {
		b.Fatal(err)
	}
	return reference.String()
}
