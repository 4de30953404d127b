package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pinned is an image of another's, for one platform, by digest.
type pinned struct {
	reference  string // as the source names it
	repository name.Repository
	digest     v1.Hash
	kind       types.MediaType
	manifest   *v1.Manifest
	config     *v1.ConfigFile
	// blobs are the index, manifest and configuration, which the cache holds so that the next plan needs one request at most.
	blobs []v1.Hash
}

// pinning is the search for the image of a platform that a reference stands for.
type pinning struct {
	*Builder
	at     SourceError // what is to blame
	what   string      // such as "base image alpine:3"
	goarch string
	ref    name.Reference
	found  *pinned
}

// pin resolves a reference by tag or digest to the image for linux and the architecture. Errors are a *SourceError that blames at.
func (b *Builder) pin(ctx context.Context, at SourceError, what, reference, goarch string) (*pinned, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, because(at, ErrInvalid, "%s is not an image's name: give [host/]name:tag or [host/]name@sha256:…: %v", what, err)
	}
	p := &pinning{Builder: b, at: at, what: what, goarch: goarch, ref: ref,
		found: &pinned{reference: reference, repository: ref.Context()}}
	if err := p.resolve(ctx); err != nil {
		return nil, err
	}
	return p.found, nil
}

func (p *pinning) resolve(ctx context.Context) error {
	digest, err := p.digest(ctx)
	if err != nil {
		return p.unreadable(ctx, err)
	}
	manifest, kind, err := p.get(ctx, digest)
	if err == nil && kind.IsIndex() {
		if digest, err = p.pick(manifest); err == nil {
			manifest, kind, err = p.get(ctx, digest)
		}
	}
	if err != nil {
		return p.unreadable(ctx, err)
	}
	if !kind.IsImage() {
		return p.refuse(ErrInvalid, "is of type %s, not an image of schema 2 or OCI; choose one that was pushed by a current tool", kind)
	}
	p.found.digest, p.found.kind = digest, kind
	if p.found.manifest, err = v1.ParseManifest(bytes.NewReader(manifest)); err != nil {
		return p.unreadable(ctx, err)
	}
	if p.found.manifest.Config.MediaType != types.OCIConfigJSON && p.found.manifest.Config.MediaType != types.DockerConfigJSON {
		return p.refuse(ErrInvalid, "is an artifact of type %s, not an image", p.found.manifest.Config.MediaType)
	}
	config, err := p.kept(p.found.manifest.Config.Digest, func() ([]byte, error) {
		return p.registry.smallBlob(ctx, p.ref.Context().Digest(p.found.manifest.Config.Digest.String()))
	})
	if err != nil {
		return p.unreadable(ctx, err)
	}
	if p.found.config, err = v1.ParseConfigFile(bytes.NewReader(config)); err != nil {
		return p.unreadable(ctx, err)
	}
	return p.checkPlatform()
}

// digest returns what the reference says, or asks what its tag stands for now.
func (p *pinning) digest(ctx context.Context) (v1.Hash, error) {
	if ref, ok := p.ref.(name.Digest); ok {
		return v1.NewHash(ref.DigestStr())
	}
	return p.registry.digestOf(ctx, p.ref)
}

// get returns a manifest and its type, which old manifests say and newer ones need not.
func (p *pinning) get(ctx context.Context, digest v1.Hash) ([]byte, types.MediaType, error) {
	manifest, err := p.kept(digest, func() ([]byte, error) {
		return p.registry.manifest(ctx, p.ref.Context().Digest(digest.String()))
	})
	if err != nil {
		return nil, "", err
	}
	var form struct {
		SchemaVersion int
		MediaType     types.MediaType
		Manifests     []any
	}
	if err := json.Unmarshal(manifest, &form); err != nil {
		return nil, "", fmt.Errorf("manifest %s: %w", digest, err)
	}
	switch {
	case form.SchemaVersion == 1:
		return manifest, types.DockerManifestSchema1, nil
	case form.MediaType != "":
		return manifest, form.MediaType, nil
	case form.Manifests != nil:
		return manifest, types.OCIImageIndex, nil
	}
	return manifest, types.OCIManifestSchema1, nil
}

// kept returns a small blob from the cache, or fetches it and keeps it there if that is possible.
func (p *pinning) kept(digest v1.Hash, fetch func() ([]byte, error)) ([]byte, error) {
	p.found.blobs = append(p.found.blobs, digest)
	if data, err := p.cache.read(digest); err == nil {
		return data, nil
	}
	data, err := fetch()
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); digest.Algorithm != "sha256" || hex.EncodeToString(sum[:]) != digest.Hex {
		return nil, fmt.Errorf("what the registry sends is not %s", digest)
	}
	if stage, err := p.cache.newStage(); err == nil {
		_ = stage.write(p.cache.blob(digest), data)
		stage.remove()
	}
	return data, nil
}

// pick returns the digest of the index's image for the platform, the plainest if there are several.
func (p *pinning) pick(manifest []byte) (v1.Hash, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(manifest))
	if err != nil {
		return v1.Hash{}, err
	}
	variants := map[string][]string{"amd64": {"", "v1"}, "arm64": {"", "v8"}}[p.goarch]
	var there []string
	for _, wanted := range variants {
		for _, m := range index.Manifests {
			if m.Platform == nil || m.Platform.OS == "unknown" { // attestations
				continue
			}
			if m.Platform.OS == "linux" && m.Platform.Architecture == p.goarch && m.Platform.Variant == wanted {
				return m.Digest, nil
			}
			there = append(there, m.Platform.String())
		}
	}
	slices.Sort(there)
	return v1.Hash{}, p.noPlatform(strings.Join(slices.Compact(there), ", "))
}

// checkPlatform refuses an image for another platform, as an image without an index may be.
func (p *pinning) checkPlatform() error {
	config := p.found.config
	if config.OS != "linux" || config.Architecture != p.goarch {
		return p.noPlatform(v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}.String())
	}
	return nil
}

// errNoPlatform is an image that is not there for the platform.
var errNoPlatform = errors.New("no image for the platform")

func (p *pinning) noPlatform(there string) error {
	return p.refuse(errNoPlatform, "is not there for linux/%s, only for %s; choose another image or architecture", p.goarch, there)
}

func (p *pinning) refuse(cause error, format string, args ...any) error {
	return because(p.at, cause, "%s %s", p.what, fmt.Sprintf(format, args...))
}

// unreadable explains an error of the registry's.
func (p *pinning) unreadable(ctx context.Context, err error) error {
	if _, explained := errors.AsType[*SourceError](err); explained {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("read %s: %w", p.what, context.Cause(ctx))
	}
	if _, answered := errors.AsType[*transport.Error](err); !answered && !isNetwork(err) {
		return p.refuse(err, "cannot be used: %v", err)
	}
	return because(p.at, err, "%s", pullReason(p.what, p.ref, err))
}
