package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What a [PushEvent] is about.
const (
	// PushSkipped is a layer that the repository has.
	PushSkipped = "skipped layer"
	// PushMounted is a layer that the registry took from another of its repositories.
	PushMounted = "mounted layer"
	// PushUploaded is a layer that was sent.
	PushUploaded = "uploaded layer"
	// PushRetried is a request that failed, and may be sent again.
	PushRetried = "request failed"
	// PushExists is an image that the repository has; nothing else happens.
	PushExists = "image exists"
	// PushDone is an image that was pushed.
	PushDone = "pushed image"
)

// PushEvent is a step of a push.
type PushEvent struct {
	// Kind is one of the constants above.
	Kind string
	// Image is host/name@digest.
	Image string
	// Layer is the digest of a layer, or of the configuration, which registries treat alike; empty if it is not about one.
	Layer string
	// Bytes is the layer's size as it is sent, compressed.
	Bytes int64
	// Reason says why a request failed.
	Reason string
}

// Push uploads img to the repository (host/name) by digest, without a tag, unless it is there: then one request is all. Layers that the
// repository has are skipped, those of a base image in the same registry are mounted, and the others are sent from disk, four at a
// time. Calls for the same image share one upload. It refuses what Lambda would refuse with an *UnsupportedError; other errors are a
// *RegistryError.
func (r *Registry) Push(ctx context.Context, repository string, img v1.Image) error {
	digest, err := img.Digest()
	if err != nil {
		return fmt.Errorf("push image to %s: %w", repository, err)
	}
	ref, err := digestReference(repository, digest.String())
	if err != nil {
		return err
	}
	if err := checkSupported(ref.String(), img); err != nil {
		return err
	}
	_, err = r.pushes.do(ctx, ref.String(), func() (struct{}, error) { return struct{}{}, r.push(ctx, ref, img) })
	return err
}

func (r *Registry) push(ctx context.Context, ref name.Digest, img v1.Image) error {
	report := func(event PushEvent) {
		if r.Progress != nil {
			event.Image = ref.String()
			r.Progress(ctx, event)
		}
	}
	exists, err := r.head(ctx, ref)
	if exists {
		report(PushEvent{Kind: PushExists})
		return nil
	}
	if failed, ok := errors.AsType[*transport.Error](err); err != nil && (!ok || failed.StatusCode != http.StatusForbidden) {
		return explain("push image", ref, err) // who may not look (403) may still be allowed to push
	}
	manifest, err := img.Manifest()
	if err != nil {
		return fmt.Errorf("push image %s: %w", ref, err)
	}
	watched := &watchedTransport{next: r.transport, report: report, sizes: map[string]int64{}}
	for _, blob := range append(slices.Clone(manifest.Layers), manifest.Config) {
		watched.sizes[blob.Digest.String()] = blob.Size
	}
	// A pusher of its own: one that is kept remembers what it pushed, and would not notice that a repository was made anew.
	options := append(slices.Clip(r.options), remote.WithContext(ctx), remote.WithTransport(watched),
		remote.WithRetryPredicate(func(err error) bool { return ctx.Err() == nil && passes(err) }))
	if err := remote.Push(ref, img, options...); err != nil {
		return explain("push image", ref, err)
	}
	report(PushEvent{Kind: PushDone})
	return nil
}

// watchedTransport reports what a push does to blobs. It sees every attempt of every request.
type watchedTransport struct {
	next   http.RoundTripper
	report func(PushEvent)
	sizes  map[string]int64 // of blobs, by digest
}

// RoundTrip sends the request and looks at the answer's status.
func (t *watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		if r.Context().Err() == nil && passes(err) {
			t.report(PushEvent{Kind: PushRetried, Reason: fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err)})
		}
		return answer, err
	}
	switch query := r.URL.Query(); {
	case slices.Contains(passingStatuses, answer.StatusCode):
		t.report(PushEvent{Kind: PushRetried, Reason: fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, answer.Status)})
	case r.Method == http.MethodHead && answer.StatusCode == http.StatusOK && strings.Contains(r.URL.Path, "/blobs/"):
		t.reportLayer(PushSkipped, path.Base(r.URL.Path))
	case r.Method == http.MethodPost && answer.StatusCode == http.StatusCreated && query.Has("mount"):
		t.reportLayer(PushMounted, query.Get("mount"))
	case r.Method == http.MethodPut && answer.StatusCode == http.StatusCreated && query.Has("digest"):
		t.reportLayer(PushUploaded, query.Get("digest"))
	}
	return answer, err
}

func (t *watchedTransport) reportLayer(kind, digest string) {
	t.report(PushEvent{Kind: kind, Layer: digest, Bytes: t.sizes[digest]})
}
