package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// builds are the images of one run of the provider: a source is listed once and built once, however many functions it serves, and what
// it holds does not change from one resource to the next.
type builds struct {
	builder  *image.Builder
	walks    walks
	bySource sync.Map // JSON of an image.Source -> *build
	facts    sync.Map // image URI -> imageFacts
	pushed   sync.Map // image URI -> *remembered[struct{}]
	found    sync.Map // image URI -> *remembered[bool]
}

type build struct {
	inputs remembered[image.Inputs]
	built  remembered[*image.Built]
}

// imageFacts are what functions have to agree with.
type imageFacts struct {
	architecture string
	handlers     []string // sorted
	listed       bool     // whether the handlers are known
}

func (b *builds) of(source image.Source) (*build, error) {
	key, err := json.Marshal(source)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", source.Package, err)
	}
	found, _ := b.bySource.LoadOrStore(string(key), &build{})
	known, _ := found.(*build)
	return known, nil
}

// inputs returns what the image is made of.
func (b *builds) inputs(ctx context.Context, source image.Source) (image.Inputs, error) {
	known, err := b.of(source)
	if err != nil {
		return nil, err
	}
	return known.inputs.get(ctx, func(ctx context.Context) (image.Inputs, error) { return b.builder.Inputs(ctx, source) })
}

// built returns the image.
func (b *builds) built(ctx context.Context, source image.Source) (*image.Built, error) {
	known, err := b.of(source)
	if err != nil {
		return nil, err
	}
	return known.built.get(ctx, func(ctx context.Context) (*image.Built, error) { return b.builder.Build(ctx, source) })
}

// unlessKnown returns the image for a plan unless it has this fingerprint: then nothing is built, and it returns nil. The error is a
// *changedError if the same run of Terraform has planned it with other inputs.
func (b *builds) unlessKnown(ctx context.Context, source image.Source, fingerprint string) (*image.Built, error) {
	if fingerprint != "" {
		inputs, err := b.inputs(ctx, source)
		if err != nil {
			return nil, err
		}
		if inputs.Fingerprint() == fingerprint {
			return nil, b.walks.compare(source, inputs)
		}
	}
	built, err := b.built(ctx, source)
	if err != nil {
		return nil, err
	}
	return built, b.walks.compare(source, built.Inputs)
}

// planned returns the image if it is the one with the digest that was planned, or an error that says what differs, as far as the inputs
// that were planned are known.
func (b *builds) planned(ctx context.Context, source image.Source, inputs image.Inputs, digest string) (*image.Built, error) {
	built, err := b.built(ctx, source)
	if err != nil {
		return nil, err
	}
	return built, built.Matches(inputs, digest)
}

// push does what brings an image to where its URI says, unless this run has done it.
func (b *builds) push(ctx context.Context, imageURI string, push func(context.Context) error) error {
	found, _ := b.pushed.LoadOrStore(imageURI, &remembered[struct{}]{})
	known, _ := found.(*remembered[struct{}])
	_, err := known.get(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, push(ctx) })
	return err
}

// exists reports whether an image is where its URI says, and asks once in a run.
func (b *builds) exists(ctx context.Context, imageURI string, ask func(context.Context) (bool, error)) (bool, error) {
	found, _ := b.found.LoadOrStore(imageURI, &remembered[bool]{})
	known, _ := found.(*remembered[bool])
	return known.get(ctx, ask)
}

// remembered is an answer that is asked for once, when it is first needed. A refusal is an answer, too; that the one who asked went
// away is none.
type remembered[T any] struct {
	mu    sync.Mutex
	known bool
	value T
	err   error
}

func (r *remembered[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.value, r.err = ask(ctx)
		r.known = ctx.Err() == nil
	}
	return r.value, r.err
}

// repositoryOf returns the repository of an image URI that ends in a digest.
func repositoryOf(imageURI string) string {
	repository, _, _ := strings.Cut(imageURI, "@")
	return repository
}
