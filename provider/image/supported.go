package image

import (
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ErrNoHandlers is an image without a valid [HandlersLabel]: not an app on the SDK, or not built by this package.
var ErrNoHandlers = errors.New("no list of handlers in the label " + HandlersLabel)

// UnsupportedError is an image that Lambda refuses for its form.
type UnsupportedError struct {
	// Reference is the image, host/name@digest.
	Reference string
	// Reason says what Lambda refuses and how to make an image that it takes.
	Reason string
}

// Error returns the image and the reason.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("Lambda refuses image %s: %s", e.Reference, e.Reason)
}

// checkSupported returns an *UnsupportedError unless Lambda takes the form of the image: an OCI or Docker manifest with gzipped layers.
func checkSupported(reference string, img v1.Image) error {
	manifest, err := img.Manifest()
	if err != nil {
		return fmt.Errorf("read the manifest of image %s: %w", reference, err)
	}
	kind, err := img.MediaType()
	if err != nil {
		return fmt.Errorf("read the type of image %s: %w", reference, err)
	}
	return checkForm(reference, kind, manifest)
}

func checkForm(reference string, kind types.MediaType, manifest *v1.Manifest) error {
	if !kind.IsImage() {
		return unsupportedManifest(reference, kind)
	}
	for i, layer := range manifest.Layers {
		if layer.MediaType != types.OCILayer && layer.MediaType != types.DockerLayer {
			return &UnsupportedError{Reference: reference, Reason: fmt.Sprintf(
				"layer %d is of type %s, not gzip; build with docker buildx build --output type=image,compression=gzip,force-compression=true",
				i, layer.MediaType)}
		}
	}
	return nil
}

func unsupportedManifest(reference string, kind types.MediaType) error {
	if kind.IsIndex() {
		return &UnsupportedError{Reference: reference, Reason: fmt.Sprintf("it is an index of several images (%s); push one platform "+
			"without attestations, as in docker buildx build --platform linux/amd64 --provenance=false", kind)}
	}
	return &UnsupportedError{Reference: reference, Reason: fmt.Sprintf("its manifest is of type %s; push an OCI image manifest", kind)}
}

// appOf returns what the image's label says about the app in it.
func appOf(img v1.Image) (App, error) {
	config, err := img.ConfigFile()
	if err != nil {
		return App{}, err
	}
	label, ok := config.Config.Labels[HandlersLabel]
	if !ok {
		return App{}, fmt.Errorf("%w; build the image with handler_image, or from an app made with sdk.New", ErrNoHandlers)
	}
	app, err := parseApp([]byte(label))
	if err != nil {
		return App{}, fmt.Errorf("%w: %w", ErrNoHandlers, err)
	}
	return app, nil
}
