package image

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// fakeRegistry is an in-memory registry that records the requests and may answer some itself.
type fakeRegistry struct {
	host string

	mu       sync.Mutex
	requests []string // METHOD PATH
	next     http.Handler
	answer   func(http.ResponseWriter, *http.Request) bool // reports whether it answered
}

func newFakeRegistry(t *testing.T) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{}
	f.empty()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.host = strings.TrimPrefix(server.URL, "http://")
	return f
}

// empty makes the registry forget all images.
func (f *fakeRegistry) empty() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
}

// ServeHTTP records and answers.
func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	next, answer := f.next, f.answer
	f.mu.Unlock()
	if answer == nil || !answer(w, r) {
		next.ServeHTTP(w, r)
	}
}

// take returns the requests since the last call.
func (f *fakeRegistry) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.requests
	f.requests = nil
	return taken
}

// appImage is a small image with this label.
func appImage(t *testing.T, label string) v1.Image {
	t.Helper()
	img, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.Config(img, v1.Config{Labels: map[string]string{HandlersLabel: label}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func digestOf(t *testing.T, img interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}
