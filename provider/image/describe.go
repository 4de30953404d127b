package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Label marks the images that this package builds; its value is the format of the image.
const Label = "io.github.lambda-land.image"

// Description is what an image in a registry says about itself.
type Description struct {
	// App is what the image's [HandlersLabel] says; it has no name if there is no valid label.
	App App
	// Architecture is x86_64, arm64, or what the image says if it is neither.
	Architecture string
	// Ours is whether this package built the image: it has the [Label].
	Ours bool
}

// Describe reads the manifest and the configuration of an image (host/name@sha256:… or host/name:tag). Errors are an
// *UnsupportedError when Lambda would refuse the image, or a *RegistryError.
func (r *Registry) Describe(ctx context.Context, imageURI string) (*Description, error) {
	ref, err := name.ParseReference(imageURI, name.StrictValidation)
	if err != nil {
		return nil, fmt.Errorf("image %q is not of the form host/name@sha256:…: %w", imageURI, err)
	}
	puller, err := r.puller()
	if err != nil {
		return nil, explain("read image", ref, err)
	}
	found, err := puller.Get(ctx, ref)
	if err != nil {
		return nil, explain("read image", ref, err)
	}
	if !found.MediaType.IsImage() {
		return nil, unsupportedManifest(imageURI, found.MediaType)
	}
	img, err := found.Image()
	if err != nil {
		return nil, explain("read image", ref, err)
	}
	if err := checkSupported(imageURI, img); err != nil {
		return nil, err
	}
	description, err := describe(img)
	if err != nil {
		return nil, explain("read image", ref, err)
	}
	return description, nil
}

func describe(img v1.Image) (*Description, error) {
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	app, err := appOf(img)
	if err != nil && !errors.Is(err, ErrNoHandlers) {
		return nil, err
	}
	architecture := config.Architecture
	if architecture == "amd64" {
		architecture = "x86_64"
	}
	_, ours := config.Config.Labels[Label]
	return &Description{App: app, Architecture: architecture, Ours: ours}, nil
}
