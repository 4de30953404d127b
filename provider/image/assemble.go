package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	binaryPath       = "/app"
	certificatesPath = "/etc/ssl/certs/ca-certificates.crt"
	// user and group that the app runs as if nobody says otherwise: those that distroless images call nonroot. Lambda has its own.
	user = "65532:65532"
)

// family are the media types of one kind of image, which an image may not mix.
type family struct{ manifest, config, layer types.MediaType }

var (
	ociFamily    = family{types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer}
	dockerFamily = family{types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer}
)

// addedLayer is a layer that goes on top of the base image's.
type addedLayer struct {
	*writtenLayer
	comment string // for its history
}

// assemble puts layers on the base image, if there is one. Nothing in the image says when, where or by whom it was made.
func (c *contents) assemble(cache cache, goarch string, added []addedLayer, listing []byte) (*storedImage, error) {
	epoch := v1.Time{Time: time.Unix(0, 0).UTC()}
	img := &storedImage{config: &v1.ConfigFile{OS: "linux", Architecture: goarch, RootFS: v1.RootFS{Type: "layers"}}}
	kinds := ociFamily
	manifest := &v1.Manifest{SchemaVersion: 2}
	if c.base != nil {
		img.config = c.base.config.DeepCopy()
		img.kept = c.base.blobs
		if c.base.kind == types.DockerManifestSchema2 {
			kinds = dockerFamily
		}
		manifest.Layers = slices.Clone(c.base.manifest.Layers)
		img.layers = make([]v1.Layer, len(manifest.Layers))
	}
	img.config.Created, img.config.Container = epoch, ""
	for _, l := range added {
		descriptor := v1.Descriptor{MediaType: kinds.layer, Size: l.Size, Digest: l.Digest}
		manifest.Layers = append(manifest.Layers, descriptor)
		img.layers = append(img.layers, cache.layer(descriptor, l.DiffID))
		img.config.RootFS.DiffIDs = append(img.config.RootFS.DiffIDs, l.DiffID)
		img.config.History = append(img.config.History,
			v1.History{Created: epoch, CreatedBy: "terraform-provider-handler", Comment: l.comment})
	}
	c.configure(&img.config.Config, listing)
	if err := img.seal(kinds, manifest); err != nil {
		return nil, err
	}
	if c.base != nil {
		img.readFrom(cache.registry, c.base.repository)
	}
	return img, nil
}

// configure sets what decides how the app runs; all else is the base image's.
func (c *contents) configure(config *v1.Config, listing []byte) {
	config.Entrypoint, config.Cmd, config.User = []string{binaryPath}, nil, user
	if config.WorkingDir == "" {
		config.WorkingDir = "/"
	}
	labels := map[string]string{}
	maps.Copy(labels, config.Labels)
	delete(labels, HandlersLabel) // of an app that is in the base image
	maps.Copy(labels, c.labels)
	labels[Label] = fmt.Sprint(imageFormat)
	if len(listing) > 0 {
		labels[HandlersLabel] = string(listing)
	}
	config.Labels = labels
}

// storedImage is an image whose layers are in the cache, or in the repository of its base image.
type storedImage struct {
	rawManifest, rawConfig []byte
	manifest               *v1.Manifest
	config                 *v1.ConfigFile
	layers                 []v1.Layer
	repository             string    // of the base image, if there is one
	kept                   []v1.Hash // other blobs of the cache that it was made with
}

var _ v1.Image = (*storedImage)(nil)

// readFrom makes the layers that are not in the cache be read from a repository when they are needed.
func (i *storedImage) readFrom(registry *Registry, base name.Repository) {
	i.repository = base.Name()
	for n, l := range i.layers {
		if _, own := l.(*layer); !own {
			i.layers[n] = registry.layerOf(context.Background(), base, i.manifest.Layers[n], i.config.RootFS.DiffIDs[n])
		}
	}
}

// seal writes manifest and configuration.
func (i *storedImage) seal(kinds family, manifest *v1.Manifest) (err error) {
	if i.rawConfig, err = json.Marshal(i.config); err != nil {
		return err
	}
	manifest.MediaType = kinds.manifest
	manifest.Config = v1.Descriptor{MediaType: kinds.config, Size: int64(len(i.rawConfig)), Digest: digestOfBytes(i.rawConfig)}
	i.manifest = manifest
	i.rawManifest, err = json.Marshal(manifest)
	return err
}

func digestOfBytes(data []byte) v1.Hash {
	sum := sha256.Sum256(data)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// built describes the image.
func (i *storedImage) built(fingerprint string) (*Built, error) {
	digest, err := i.Digest()
	if err != nil {
		return nil, err
	}
	b := &Built{Fingerprint: fingerprint, Digest: digest.String(), Image: i, Architecture: "x86_64"}
	if i.config.Architecture == "arm64" {
		b.Architecture = "arm64"
	}
	for _, l := range i.manifest.Layers {
		b.Size += l.Size
	}
	if _, listed := i.config.Config.Labels[HandlersLabel]; !listed {
		return b, nil
	}
	b.App, err = appOf(i)
	return b, err
}

// Layers from the lowest to the uppermost.
func (i *storedImage) Layers() ([]v1.Layer, error) { return i.layers, nil }

// MediaType of the manifest.
func (i *storedImage) MediaType() (types.MediaType, error) { return i.manifest.MediaType, nil }

// Size of the manifest.
func (i *storedImage) Size() (int64, error) { return int64(len(i.rawManifest)), nil }

// ConfigName is the digest of the configuration.
func (i *storedImage) ConfigName() (v1.Hash, error) { return i.manifest.Config.Digest, nil }

// ConfigFile is the configuration.
func (i *storedImage) ConfigFile() (*v1.ConfigFile, error) { return i.config.DeepCopy(), nil }

// RawConfigFile is the configuration's JSON.
func (i *storedImage) RawConfigFile() ([]byte, error) { return i.rawConfig, nil }

// Digest of the manifest.
func (i *storedImage) Digest() (v1.Hash, error) { return digestOfBytes(i.rawManifest), nil }

// Manifest of the image.
func (i *storedImage) Manifest() (*v1.Manifest, error) { return i.manifest.DeepCopy(), nil }

// RawManifest is the manifest's JSON.
func (i *storedImage) RawManifest() ([]byte, error) { return i.rawManifest, nil }

// LayerByDigest returns a layer, or the configuration, by the digest of its compressed bytes.
func (i *storedImage) LayerByDigest(digest v1.Hash) (v1.Layer, error) {
	if digest == i.manifest.Config.Digest {
		return partial.ConfigLayer(i)
	}
	for n, descriptor := range i.manifest.Layers {
		if descriptor.Digest == digest {
			return i.layers[n], nil
		}
	}
	return nil, fmt.Errorf("no layer %s", digest)
}

// LayerByDiffID returns a layer by the digest of its uncompressed bytes.
func (i *storedImage) LayerByDiffID(diffID v1.Hash) (v1.Layer, error) {
	for n, d := range i.config.RootFS.DiffIDs {
		if d == diffID {
			return i.layers[n], nil
		}
	}
	return nil, fmt.Errorf("no layer with the contents %s", diffID)
}
