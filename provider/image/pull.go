package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// maxSmallBlob of what is read into memory, in bytes; the configuration of a large image has some 20 KB.
const maxSmallBlob = 8 << 20

// digestOf asks for the digest that a reference stands for, in one request that registries do not count as a download.
func (r *Registry) digestOf(ctx context.Context, ref name.Reference) (v1.Hash, error) {
	puller, err := r.puller()
	if err != nil {
		return v1.Hash{}, err
	}
	found, err := puller.Head(ctx, ref)
	if err == nil {
		return found.Digest, nil
	}
	_, answered := errors.AsType[*transport.Error](err)
	if answered || isNetwork(err) || ctx.Err() != nil {
		return v1.Hash{}, err
	}
	got, err := puller.Get(ctx, ref) // some registries leave the digest out of their answer to HEAD
	if err != nil {
		return v1.Hash{}, err
	}
	return got.Digest, nil
}

// manifest returns the manifest or index with this digest.
func (r *Registry) manifest(ctx context.Context, ref name.Digest) ([]byte, error) {
	puller, err := r.puller()
	if err != nil {
		return nil, err
	}
	found, err := puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return found.Manifest, nil
}

// smallBlob returns a blob that is small, such as a configuration.
func (r *Registry) smallBlob(ctx context.Context, ref name.Digest) ([]byte, error) {
	blob, err := r.blob(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	data, err := io.ReadAll(io.LimitReader(blob, maxSmallBlob+1))
	if err == nil && len(data) > maxSmallBlob {
		err = fmt.Errorf("%s has more than %d bytes", ref, maxSmallBlob)
	}
	return data, err
}

// blob opens a blob. What is read is checked against the digest.
func (r *Registry) blob(ctx context.Context, ref name.Digest) (io.ReadCloser, error) {
	puller, err := r.puller()
	if err != nil {
		return nil, err
	}
	layer, err := puller.Layer(ctx, ref)
	if err != nil {
		return nil, err
	}
	return layer.Compressed()
}

// pullReason says why an image cannot be read, and what to do.
func pullReason(what string, ref name.Reference, err error) string {
	host := ref.Context().RegistryStr()
	failed, answered := errors.AsType[*transport.Error](err)
	switch {
	case !answered:
		return fmt.Sprintf("%s cannot be read, registry %s does not answer: %v; check the name, the network and the proxy settings",
			what, host, err)
	case failed.StatusCode == http.StatusNotFound:
		return fmt.Sprintf("%s does not exist: %s has no %s; check repository and tag", what, host, ref.Name())
	case failed.StatusCode == http.StatusUnauthorized || failed.StatusCode == http.StatusForbidden:
		return fmt.Sprintf("%s needs other credentials, or does not exist: %s answers %d for %s; check the name, or log in as with "+
			"docker login %s (those of the provider are used for its own ECR registries)", what, host, failed.StatusCode, ref.Name(), host)
	case failed.StatusCode == http.StatusTooManyRequests:
		return fmt.Sprintf("%s cannot be read: %s allows no more downloads for now; log in as with docker login %s, or use a mirror "+
			"such as public.ecr.aws", what, host, host)
	default:
		return fmt.Sprintf("%s cannot be read from %s: %v; try again later", what, host, err)
	}
}

// isNetwork reports whether a registry could not be asked at all.
func isNetwork(err error) bool {
	_, unreachable := errors.AsType[*url.Error](err)
	_, broken := errors.AsType[net.Error](err)
	return unreachable || broken || errors.Is(err, io.ErrUnexpectedEOF)
}
