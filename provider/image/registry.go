package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// userAgent of all requests to registries.
const userAgent = "terraform-provider-handler"

// Of connections to registries. A registry that takes a request and does not begin to answer within answerTime has lost it: an upload
// that ends is checked in seconds, even if it is of gigabytes.
const (
	connectTime    = 30 * time.Second
	handshakeTime  = 10 * time.Second
	answerTime     = 2 * time.Minute
	idleTime       = 90 * time.Second
	maxConnections = 16 // kept for each registry
)

// Registry pushes images to container registries and looks into those that are there. It is safe for concurrent use. Registries on
// 127.0.0.1 and localhost are spoken to in plain HTTP.
type Registry struct {
	// Progress, if it is set before the first push, is told of what a push did, by several goroutines at once. The context is that of
	// one of the calls that share the push.
	Progress func(context.Context, PushEvent)

	transport http.RoundTripper
	options   []remote.Option
	puller    func() (*remote.Puller, error)
	pushes    flight[struct{}]
}

// NewRegistry returns a client that authenticates with keychain; nil means anonymously.
func NewRegistry(keychain authn.Keychain) *Registry {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTime}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   maxConnections,
		IdleConnTimeout:       idleTime,
		TLSHandshakeTimeout:   handshakeTime,
		ResponseHeaderTimeout: answerTime,
	}
	options := []remote.Option{
		remote.WithTransport(transport),
		remote.WithUserAgent(userAgent),
		remote.WithRetryBackoff(retries),
		remote.WithRetryPredicate(passes),
		remote.WithRetryStatusCodes(passingStatuses...),
	}
	if keychain != nil {
		options = append(options, remote.WithAuthFromKeychain(keychain))
	}
	return &Registry{
		transport: transport,
		options:   options,
		puller:    sync.OnceValues(func() (*remote.Puller, error) { return remote.NewPuller(options...) }),
	}
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
