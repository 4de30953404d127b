package image

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestPushUploadsOnce(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	repository, digest := fake.host+"/acme", digestOf(t, img)
	client := NewRegistry(authn.DefaultKeychain)
	if exists, err := client.Exists(t.Context(), repository, digest); exists || err != nil {
		t.Errorf("before the push the image exists: %v, %v", exists, err)
	}
	if err := client.Push(t.Context(), repository, img); err != nil {
		t.Fatal(err)
	}
	if exists, err := client.Exists(t.Context(), repository, digest); !exists || err != nil {
		t.Errorf("after the push the image exists: %v, %v", exists, err)
	}
	fake.take()
	if err := client.Push(t.Context(), repository, img); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"HEAD /v2/acme/manifests/" + digest}, fake.take()); diff != "" {
		t.Errorf("requests of the second push (-want +got):\n%s", diff)
	}
	if err := NewRegistry(nil).Push(t.Context(), repository, img); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /v2/", "HEAD /v2/acme/manifests/" + digest}, fake.take()); diff != "" {
		t.Errorf("requests of another process (-want +got):\n%s", diff)
	}
}

func TestPushNoticesThatTheImageIsGone(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	client := NewRegistry(nil)
	for range 2 {
		if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
			t.Fatal(err)
		}
		if exists, err := client.Exists(t.Context(), fake.host+"/acme", digestOf(t, img)); !exists || err != nil {
			t.Errorf("the image exists: %v, %v", exists, err)
		}
		fake.empty()
	}
}

func TestConcurrentPushesUploadOnce(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	client := NewRegistry(nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	uploads := map[string]int{}
	for _, request := range fake.take() {
		if method, path, _ := strings.Cut(request, " "); method != http.MethodHead && method != http.MethodGet {
			uploads[method+" "+path]++
		}
	}
	for request, n := range uploads {
		if n > 1 && !strings.HasPrefix(request, "POST") { // the path of POST is that of every layer
			t.Errorf("%s is sent %d times", request, n)
		}
	}
	if posts := uploads["POST /v2/acme/blobs/uploads/"]; posts != 3 { // two layers and the configuration
		t.Errorf("%d blobs are uploaded, want 3: %v", posts, uploads)
	}
}

func TestPushedImageIsTheBuiltOne(t *testing.T) {
	t.Parallel()
	fake, built := newFakeRegistry(t), build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: acme(t) + "/cmd/acme"})
	client := NewRegistry(nil)
	if err := client.Push(t.Context(), fake.host+"/acme", built.Image); err != nil {
		t.Fatal(err)
	}
	uri := fake.host + "/acme@" + built.Digest
	ref, err := name.ParseReference(uri)
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Image(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(pulled); err != nil {
		t.Error(err)
	}
	described, err := client.Describe(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(built.App, described.App); diff != "" {
		t.Errorf("app (-built +read):\n%s", diff)
	}
}

func TestRegistryErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, test := range map[string]struct {
		status     int
		body, says string
	}{
		"credentials": {http.StatusUnauthorized, `{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}`, "log in again"},
		"permission":  {http.StatusForbidden, `{"errors":[{"code":"DENIED","message":"no"}]}`, "check the role's ecr: permissions"},
		"repository":  {http.StatusNotFound, `{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}`, "check that acme exists"},
		"not running": {0, "", "nothing listens on " + strings.TrimPrefix(closed.URL, "http://")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := strings.TrimPrefix(closed.URL, "http://")
			if test.status != 0 {
				fake := newFakeRegistry(t)
				host = fake.host
				fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == "/v2/" {
						return false
					}
					w.WriteHeader(test.status)
					_, _ = io.WriteString(w, test.body)
					return true
				}
			}
			client, img := NewRegistry(nil), appImage(t, "{}")
			_, describeErr := client.Describe(t.Context(), host+"/acme@"+digestOf(t, img))
			for act, err := range map[string]error{"push image": client.Push(t.Context(), host+"/acme", img), "read image": describeErr} {
				got, ok := errors.AsType[*RegistryError](err)
				if !ok || got.Act != act || !strings.Contains(got.Hint, test.says) {
					t.Errorf("%s: got %v, want a *RegistryError …%s…", act, err, test.says)
				}
			}
		})
	}
}

func TestPushOutlivesAHiccup(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	var once sync.Once
	fake.answer = func(w http.ResponseWriter, r *http.Request) (answered bool) {
		if r.Method == http.MethodPut {
			once.Do(func() {
				w.WriteHeader(http.StatusServiceUnavailable)
				answered = true
			})
		}
		return answered
	}
	if err := NewRegistry(nil).Push(t.Context(), fake.host+"/acme", img); err != nil {
		t.Error(err)
	}
}

func TestCancelledFellowDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	reached := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	fake.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		once.Do(func() {
			close(reached)
			<-r.Context().Done()
		})
		return false
	}
	client := NewRegistry(nil)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := client.Push(ctx, fake.host+"/acme", img); !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled push: got %v, want context.Canceled", err)
		}
	})
	<-reached
	wg.Go(func() {
		if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
			t.Errorf("the other push: %v", err)
		}
	})
	cancel()
	wg.Wait()
}

func TestReferencesThatAreNone(t *testing.T) {
	t.Parallel()
	client, img := NewRegistry(nil), appImage(t, "{}")
	for _, repository := range []string{"", "acme", "127.0.0.1:1/Acme", "http://127.0.0.1:1/acme", "127.0.0.1:1/acme:tag@x"} {
		if err := client.Push(t.Context(), repository, img); err == nil || !strings.Contains(err.Error(), "is not of the form host/name") {
			t.Errorf("push to %q: %v", repository, err)
		}
	}
	for _, uri := range []string{"", "acme", "127.0.0.1:1/acme@sha256:1"} {
		if _, err := client.Describe(t.Context(), uri); err == nil || !strings.Contains(err.Error(), "is not of the form host/name") {
			t.Errorf("description of %q: %v", uri, err)
		}
	}
	if _, err := client.Exists(t.Context(), "127.0.0.1:1/acme", "latest"); err == nil {
		t.Error("a tag is taken as digest")
	}
}
