package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
	"github.com/lambda-land/terraform-provider-handler/provider/once"
)

// builds are the images of one run of the provider: a source is listed once and built once, however many functions it serves, and what
// it holds does not change from one resource to the next.
type builds struct {
	builder *image.Builder
	walks   walks
	saved   savedPlan

	inputs once.Answers[image.Inputs] // by source, as JSON
	images once.Answers[*image.Built] // by source, as JSON
	facts  once.Answers[imageFacts]   // by image URI
	pushes once.Answers[struct{}]     // by image URI
	exists once.Answers[bool]         // by image URI
	told   sync.Map                   // texts of errors
}

// toldBefore reports whether a resource of this run has told of an error, and takes it that one does now.
func (b *builds) toldBefore(err error) bool {
	_, told := b.told.LoadOrStore(err.Error(), true)
	return told
}

// imageFacts are what functions have to agree with.
type imageFacts struct {
	architecture string
	handlers     []string // sorted
	listed       bool     // whether the handlers are known
}

// inputsOf returns what the image is made of.
func (b *builds) inputsOf(ctx context.Context, source image.Source) (image.Inputs, error) {
	key, err := json.Marshal(source)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", source.Package, err)
	}
	return b.inputs.Get(ctx, string(key), func(ctx context.Context) (image.Inputs, error) { return b.builder.Inputs(ctx, source) })
}

// build returns the image.
func (b *builds) build(ctx context.Context, source image.Source) (*image.Built, error) {
	key, err := json.Marshal(source)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", source.Package, err)
	}
	return b.images.Get(ctx, string(key), func(ctx context.Context) (*image.Built, error) { return b.builder.Build(ctx, source) })
}

// unlessKnown returns the image for a plan unless it has this fingerprint: then nothing is built, and it returns nil. The error is a
// *changedError if this run of Terraform has planned another one.
func (b *builds) unlessKnown(ctx context.Context, source image.Source, fingerprint string) (*image.Built, error) {
	if fingerprint != "" {
		inputs, err := b.inputsOf(ctx, source)
		if err != nil {
			return nil, err
		}
		if inputs.Fingerprint() == fingerprint {
			return nil, b.walks.compare(source, inputs)
		}
	}
	built, err := b.build(ctx, source)
	if err != nil {
		return nil, err
	}
	return built, b.walks.compare(source, built.Inputs)
}

// planned returns the image if it is the one with the digest that was planned, or an error that says what differs, as far as the inputs
// that were planned are known.
func (b *builds) planned(ctx context.Context, source image.Source, inputs image.Inputs, digest string) (*image.Built, error) {
	built, err := b.build(ctx, source)
	if err != nil {
		return nil, err
	}
	return built, built.Matches(inputs, digest)
}

// repositoryOf returns the repository of an image URI that ends in a digest.
func repositoryOf(imageURI string) string {
	repository, _, _ := strings.Cut(imageURI, "@")
	return repository
}
