package image

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// fault is how a registry fails a request.
type fault func(http.ResponseWriter, *http.Request)

// status answers with a status and, if there is one, a code of the distribution API.
func status(status int, code string) fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if code != "" {
			_, _ = io.WriteString(w, `{"errors":[{"code":"`+code+`","message":"so it is"}]}`)
		}
	}
}

// breakOff ends the connection in the middle of the body.
func breakOff(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, 512)
	panic(http.ErrAbortHandler)
}

// is reports whether a request is "PUT manifest", "HEAD blob", "POST blob" and so on.
func is(r *http.Request, what string) bool {
	kind := "blob"
	if strings.Contains(r.URL.Path, "/manifests/") {
		kind = "manifest"
	}
	return r.URL.Path != "/v2/" && r.Method+" "+kind == what
}

func pulled(t *testing.T, repository, digest string) v1.Image {
	t.Helper()
	ref, err := name.NewDigest(repository + "@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestPushOutlives(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request string
		fault   fault
	}{
		"500 for a manifest that is looked for": {"HEAD manifest", status(500, "")},
		"503 for a layer that is looked for":    {"HEAD blob", status(503, "")},
		"500 for the start of an upload":        {"POST blob", status(500, "UNKNOWN")},
		"500 for a layer's bytes":               {"PATCH blob", status(500, "")},
		"429 for a layer's bytes":               {"PATCH blob", status(429, "TOOMANYREQUESTS")},
		"a connection cut in a layer's bytes":   {"PATCH blob", breakOff},
		"an upload that was forgotten":          {"PATCH blob", status(404, "BLOB_UPLOAD_UNKNOWN")},
		"502 for the end of an upload":          {"PUT blob", status(502, "")},
		"a connection cut at an upload's end":   {"PUT blob", breakOff},
		"500 for the manifest":                  {"PUT manifest", status(500, "")},
		"a connection cut in the manifest":      {"PUT manifest", breakOff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, img := newFakeRegistry(t), appImage(t, "{}")
			var failed atomic.Bool
			fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if !is(r, test.request) || failed.Swap(true) {
					return false
				}
				test.fault(w, r)
				return true
			}
			if err := NewRegistry(nil).Push(t.Context(), fake.host+"/acme", img); err != nil {
				t.Fatal(err)
			}
			if !failed.Load() {
				t.Errorf("there was no %s", test.request)
			}
			if err := validate.Image(pulled(t, fake.host+"/acme", digestOf(t, img))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPushEndsAtOnceWhenItIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request string
		fault   fault
		says    string
	}{
		"unknown credentials":  {"POST blob", status(401, "UNAUTHORIZED"), "log in again"},
		"no permission":        {"POST blob", status(403, "DENIED"), "check the role's ecr: permissions"},
		"a mirror":             {"POST blob", status(405, "UNSUPPORTED"), "takes no images"},
		"no repository":        {"POST blob", status(404, "NAME_UNKNOWN"), "check that acme exists"},
		"a quota":              {"PUT blob", status(400, "SIZE_INVALID"), "so it is"},
		"an immutable image":   {"PUT manifest", status(400, "TAG_INVALID"), "so it is"},
		"a full repository":    {"PUT manifest", status(403, ""), "does not allow this"},
		"an unheard-of answer": {"PATCH blob", status(418, ""), "418"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, img := newFakeRegistry(t), appImage(t, "{}")
			var refusals atomic.Int32
			fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if !is(r, test.request) {
					return false
				}
				refusals.Add(1)
				test.fault(w, r)
				return true
			}
			err := NewRegistry(nil).Push(t.Context(), fake.host+"/acme", img)
			if _, ok := errors.AsType[*RegistryError](err); !ok || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want a *RegistryError …%s…", err, test.says)
			}
			if n := refusals.Load(); n == 0 || n > 3 { // two layers and the configuration
				t.Errorf("%s was sent %d times", test.request, n)
			}
		})
	}
}

func TestPushGivesUpOnARegistryThatStaysBroken(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if is(r, "PUT manifest") {
			status(503, "UNAVAILABLE")(w, r)
			return true
		}
		return false
	}
	err := NewRegistry(nil).Push(t.Context(), fake.host+"/acme", img)
	if err == nil || !strings.Contains(err.Error(), "UNAVAILABLE: so it is") || !strings.Contains(err.Error(), "apply again later") {
		t.Errorf("got %v", err)
	}
	puts := slices.DeleteFunc(fake.take(), func(r string) bool { return !strings.HasPrefix(r, "PUT /v2/acme/manifests/") })
	if len(puts) != retries.Steps {
		t.Errorf("the manifest was sent %d times, want %d", len(puts), retries.Steps)
	}
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	ctx, cancel := context.WithCancel(t.Context())
	fake.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if !is(r, "PATCH blob") {
			return false
		}
		cancel()
		_, _ = io.Copy(io.Discard, r.Body) // the server notices the end of a connection when it has read all that came
		<-r.Context().Done()
		return true
	}
	if err := NewRegistry(nil).Push(ctx, fake.host+"/acme", img); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if slices.ContainsFunc(fake.take(), func(r string) bool { return strings.HasPrefix(r, "PUT") }) {
		t.Error("something was committed")
	}
}

func TestPushUploadsLayersAtOnce(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	var both sync.WaitGroup
	both.Add(2)
	var uploads atomic.Int32
	fake.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if is(r, "PATCH blob") && uploads.Add(1) <= 2 {
			both.Done()
			both.Wait() // for ever, should they come one after the other
		}
		return false
	}
	if err := NewRegistry(nil).Push(t.Context(), fake.host+"/acme", img); err != nil {
		t.Error(err)
	}
}

// recorded returns a registry that keeps what a push reports.
func recorded() (*Registry, func() []PushEvent) {
	var mu sync.Mutex
	var events []PushEvent
	client := NewRegistry(nil)
	client.Progress = func(_ context.Context, event PushEvent) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, event)
	}
	return client, func() []PushEvent {
		mu.Lock()
		defer mu.Unlock()
		taken := events
		events = nil
		slices.SortFunc(taken, func(a, b PushEvent) int { return strings.Compare(a.Kind+a.Layer, b.Kind+b.Layer) })
		return taken
	}
}

func TestPushSendsOnlyWhatTheRegistryLacks(t *testing.T) {
	t.Parallel()
	fake := newFakeRegistry(t)
	base, err := random.Image(2048, 1)
	if err != nil {
		t.Fatal(err)
	}
	client, events := recorded()
	if err := client.Push(t.Context(), fake.host+"/base", base); err != nil {
		t.Fatal(err)
	}
	events()
	layers, err := base.Layers()
	if err != nil {
		t.Fatal(err)
	}
	from, err := name.ParseReference(fake.host + "/base@" + digestOf(t, base))
	if err != nil {
		t.Fatal(err)
	}
	own, err := random.Layer(1024, types.DockerLayer)
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(appImage(t, "{}"), &remote.MountableLayer{Layer: layers[0], Reference: from}, own)
	if err != nil {
		t.Fatal(err)
	}
	// The in-memory registry shares layers among its repositories, but asks for every byte.
	fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/acme/blobs/"+digestOf(t, layers[0])) && r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		if query := r.URL.Query(); is(r, "POST blob") && query.Get("from") == "base" && query.Get("mount") == digestOf(t, layers[0]) {
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	}
	if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{PushMounted: 1, PushUploaded: 4, PushDone: 1} // three layers and the configuration are uploaded
	if diff := cmp.Diff(want, kinds(events())); diff != "" {
		t.Errorf("events of the first push (-want +got):\n%s", diff)
	}

	changed, err := mutate.Config(img, v1.Config{WorkingDir: "/changed"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Push(t.Context(), fake.host+"/acme", changed); err != nil {
		t.Fatal(err)
	}
	got := events()
	want = map[string]int{PushMounted: 1, PushSkipped: 3, PushUploaded: 1, PushDone: 1}
	if diff := cmp.Diff(want, kinds(got)); diff != "" {
		t.Errorf("events of the second push (-want +got):\n%s", diff)
	}
	size, err := own.Size()
	if err != nil {
		t.Fatal(err)
	}
	image := fake.host + "/acme@" + digestOf(t, changed)
	if skipped := (PushEvent{Kind: PushSkipped, Image: image, Layer: digestOf(t, own), Bytes: size}); !slices.Contains(got, skipped) {
		t.Errorf("got %+v, want %+v among them", got, skipped)
	}
	if err := client.Push(t.Context(), fake.host+"/acme", changed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]PushEvent{{Kind: PushExists, Image: image}}, events()); diff != "" {
		t.Errorf("events of the third push (-want +got):\n%s", diff)
	}
}

func kinds(events []PushEvent) map[string]int {
	counts := map[string]int{}
	for _, event := range events {
		counts[event.Kind]++
	}
	return counts
}

func TestPushReportsWhatFails(t *testing.T) {
	t.Parallel()
	fake, img := newFakeRegistry(t), appImage(t, "{}")
	var failed atomic.Bool
	fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !is(r, "PUT manifest") || failed.Swap(true) {
			return false
		}
		status(503, "")(w, r)
		return true
	}
	client, events := recorded()
	if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
		t.Fatal(err)
	}
	want := "PUT /v2/acme/manifests/" + digestOf(t, img) + ": 503 Service Unavailable"
	got := slices.DeleteFunc(events(), func(e PushEvent) bool { return e.Kind != PushRetried })
	if len(got) != 1 || got[0].Reason != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}
