package ecr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// image is a manifest that was pushed: of an image or of an index.
type image struct {
	digest       string
	mediaType    types.MediaType
	manifest     []byte
	artifactType string // media type of the configuration
	size         int64  // bytes of layers and configuration; for an index, of its largest image
	pushedAt     wire.Epoch
	children     []string // digests, for an index
}

// Image opens an image that was pushed. The uri is "host/name:tag" or "host/name@sha256:…"; hosts tell regions apart only. The error is
// a [wire.Error] of ECR: RepositoryNotFoundException, ImageNotFoundException, or UnsupportedImageTypeException for an index.
func (s *Service) Image(ctx context.Context, uri string) (v1.Image, error) {
	reference, err := name.ParseReference(uri)
	if err != nil {
		return nil, fmt.Errorf("read image URI: %w", err)
	}
	repositoryName := reference.Context().RepositoryStr()
	ctx = wire.WithRegion(ctx, s.hosts.region(reference.Context().RegistryStr()))
	s.mu.Lock()
	defer s.mu.Unlock()
	repository, ok := s.repositories[repositoryARN(ctx, repositoryName)]
	if !ok {
		return nil, notFound(repositoryName)
	}
	found, ok := repository.image(reference.Identifier())
	if !ok {
		return nil, imageNotFound(repositoryName, identify(reference.Identifier()))
	}
	if !found.mediaType.IsImage() {
		return nil, wire.Errorf("UnsupportedImageTypeException", "The image %s has media type %s.", uri, found.mediaType)
	}
	return partial.CompressedToImage(storedImage{image: found, layers: repository.layers})
}

// storedImage is a pushed image as go-containerregistry reads it.
type storedImage struct {
	*image

	layers layers
}

func (i storedImage) MediaType() (types.MediaType, error) { return i.mediaType, nil }

func (i storedImage) RawManifest() ([]byte, error) { return i.manifest, nil }

func (i storedImage) RawConfigFile() ([]byte, error) {
	manifest, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	config, err := i.layers.open(manifest.Config.Digest)
	if err != nil {
		return nil, fmt.Errorf("open image configuration: %w", err)
	}
	defer config.Close() // only read
	return io.ReadAll(config)
}

func (i storedImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	manifest, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	for _, layer := range append(manifest.Layers, manifest.Config) {
		if layer.Digest == digest {
			return storedLayer{Descriptor: layer, layers: i.layers}, nil
		}
	}
	return nil, fmt.Errorf("the image %s has no layer %s", i.digest, digest)
}

// storedLayer is a layer on disk.
type storedLayer struct {
	v1.Descriptor

	layers layers
}

func (l storedLayer) Digest() (v1.Hash, error)            { return l.Descriptor.Digest, nil }
func (l storedLayer) Size() (int64, error)                { return l.Descriptor.Size, nil }
func (l storedLayer) MediaType() (types.MediaType, error) { return l.Descriptor.MediaType, nil }
func (l storedLayer) Compressed() (io.ReadCloser, error)  { return l.layers.open(l.Descriptor.Digest) }

// image finds an image by tag or digest; the caller holds the lock.
func (r *repository) image(tagOrDigest string) (*image, bool) {
	found, ok := r.images[cmp.Or(r.imageTags[tagOrDigest], tagOrDigest)]
	return found, ok
}

// tagsOf lists the tags of an image; the caller holds the lock.
func (r *repository) tagsOf(digest string) []string {
	var tags []string
	for tag, tagged := range r.imageTags {
		if tagged == digest {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags
}

// newImage reads a manifest. Every layer and image that it names must have been pushed to the repository before.
func (r *repository) newImage(mediaType types.MediaType, manifest []byte) (*image, error) {
	digest, _, err := v1.SHA256(strings.NewReader(string(manifest)))
	if err != nil {
		return nil, err
	}
	parsed := &image{digest: digest.String(), mediaType: mediaType, manifest: manifest}
	if mediaType.IsIndex() {
		return parsed, r.readIndex(parsed)
	}
	if !mediaType.IsImage() {
		return nil, wire.Errorf("MANIFEST_INVALID", "manifests of media type %q are not supported", mediaType)
	}
	return parsed, r.readManifest(parsed)
}

func (r *repository) readManifest(into *image) error {
	var manifest v1.Manifest
	if err := json.Unmarshal(into.manifest, &manifest); err != nil {
		return wire.Errorf("MANIFEST_INVALID", "Invalid JSON syntax: %s", err)
	}
	into.artifactType = string(manifest.Config.MediaType)
	for _, layer := range append(manifest.Layers, manifest.Config) {
		if layer.MediaType.IsDistributable() && !r.layers.has(layer.Digest) {
			return wire.Errorf("BLOB_UNKNOWN", "Layers with digests '%s' required for pushing image into repository "+
				"with name '%s' in the registry with id '%s' do not exist", layer.Digest, r.RepositoryName, wire.AccountID)
		}
		into.size += layer.Size
	}
	return nil
}

func (r *repository) readIndex(into *image) error {
	var index v1.IndexManifest
	if err := json.Unmarshal(into.manifest, &index); err != nil {
		return wire.Errorf("MANIFEST_INVALID", "Invalid JSON syntax: %s", err)
	}
	for _, child := range index.Manifests {
		found, ok := r.images[child.Digest.String()]
		if !ok {
			return wire.Errorf("MANIFEST_UNKNOWN", "Images with digests '%s' required for pushing image into repository "+
				"with name '%s' in the registry with id '%s' do not exist", child.Digest, r.RepositoryName, wire.AccountID)
		}
		into.children = append(into.children, found.digest)
		into.size = max(into.size, found.size)
	}
	return nil
}
