package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// userAgent of all requests to registries.
const userAgent = "terraform-provider-handler"

// retries of one request that failed for now (connection lost, 408, 429, 5xx): after 0.5 and 1.5 s, give or take a tenth. An upload
// as a whole is tried again just as often, so that a registry that is down fails a push within 10 s.
var retries = remote.Backoff{Duration: 500 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: 3}

// Registry pushes images to container registries and looks into those that are there. It is safe for concurrent use. Registries on
// 127.0.0.1 and localhost are spoken to in plain HTTP.
type Registry struct {
	options []remote.Option
	puller  func() (*remote.Puller, error)
	pushes  flight[struct{}]
}

// NewRegistry returns a client that authenticates with keychain; nil means anonymously.
func NewRegistry(keychain authn.Keychain) *Registry {
	options := []remote.Option{remote.WithUserAgent(userAgent), remote.WithRetryBackoff(retries)}
	if keychain != nil {
		options = append(options, remote.WithAuthFromKeychain(keychain))
	}
	return &Registry{
		options: options,
		puller:  sync.OnceValues(func() (*remote.Puller, error) { return remote.NewPuller(options...) }),
	}
}

// Push uploads img to the repository (host/name) by digest, without a tag, unless it is there: then one request is all. Calls for the
// same image share one upload. It refuses what Lambda would refuse with an *UnsupportedError; other errors are a *RegistryError.
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
	exists, err := r.head(ctx, ref)
	if exists {
		return nil
	}
	if failed, ok := errors.AsType[*transport.Error](err); err != nil && (!ok || failed.StatusCode != http.StatusForbidden) {
		return explain("push image", ref, err) // who may not look (403) may still be allowed to push
	}
	// A pusher of its own: one that is kept remembers what it pushed, and would not notice that a repository was made anew.
	if err := remote.Push(ref, img, append(slices.Clip(r.options), remote.WithContext(ctx))...); err != nil {
		return explain("push image", ref, err)
	}
	return nil
}

// Exists reports whether the repository (host/name) has the image of this digest (sha256:…). A repository that does not exist has none.
func (r *Registry) Exists(ctx context.Context, repository, digest string) (bool, error) {
	ref, err := digestReference(repository, digest)
	if err != nil {
		return false, err
	}
	exists, err := r.head(ctx, ref)
	if err != nil {
		return false, explain("look for image", ref, err)
	}
	return exists, nil
}

func (r *Registry) head(ctx context.Context, ref name.Digest) (bool, error) {
	puller, err := r.puller()
	if err != nil {
		return false, err
	}
	_, err = puller.Head(ctx, ref)
	if failed, ok := errors.AsType[*transport.Error](err); ok && failed.StatusCode == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

func digestReference(repository, digest string) (name.Digest, error) {
	ref, err := name.NewDigest(repository+"@"+digest, name.StrictValidation)
	if err != nil {
		return name.Digest{}, fmt.Errorf("image %q of repository %q is not of the form host/name and sha256:…: %w", digest, repository, err)
	}
	return ref, nil
}

// explain adds what was being done and the next step to an error of a registry.
func explain(act string, ref name.Reference, err error) error {
	e := &RegistryError{Act: act, Reference: ref.Name(), Err: err}
	host := ref.Context().RegistryStr()
	failed, answered := errors.AsType[*transport.Error](err)
	switch {
	case answered && failed.StatusCode == http.StatusUnauthorized:
		e.Hint = fmt.Sprintf("%s does not know the credentials: "+
			"log in again (those of ECR last 12 hours) or check the profile and region they come from", host)
	case answered && failed.StatusCode == http.StatusForbidden:
		e.Hint = fmt.Sprintf("%s knows the credentials but does not allow this: "+
			"check the role's ecr: permissions and the repository's policy", host)
	case answered && failed.StatusCode == http.StatusNotFound:
		e.Hint = fmt.Sprintf("check that %s exists in the account and region of %s, and has not lost the image",
			ref.Context().RepositoryStr(), host)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = fmt.Sprintf("nothing listens on %s: check the repository's host and port, and that the registry runs", host)
	case isUnknownHost(err):
		e.Hint = fmt.Sprintf("the name %s cannot be resolved: check the repository's host and the network", host)
	}
	return e
}

func isUnknownHost(err error) bool {
	failed, ok := errors.AsType[*net.DNSError](err)
	return ok && failed.IsNotFound
}
