package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// builds are the images of one run of the provider: a source is listed once and built once, however many functions it serves, and what
// it holds does not change from one resource to the next.
type builds struct {
	builder *image.Builder
	walks   walks
	saved   savedPlan

	inputs answers[image.Inputs] // by source, as JSON
	images answers[*image.Built] // by source, as JSON
	facts  answers[imageFacts]   // by image URI
	pushes answers[struct{}]     // by image URI
	exists answers[bool]         // by image URI
	told   sync.Map              // texts of errors
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
	return b.inputs.get(ctx, string(key), func(ctx context.Context) (image.Inputs, error) { return b.builder.Inputs(ctx, source) })
}

// build returns the image.
func (b *builds) build(ctx context.Context, source image.Source) (*image.Built, error) {
	key, err := json.Marshal(source)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", source.Package, err)
	}
	return b.images.get(ctx, string(key), func(ctx context.Context) (*image.Built, error) { return b.builder.Build(ctx, source) })
}

// unlessKnown returns the image for a plan unless it has this fingerprint: then nothing is built, and it returns nil. The error is a
// *changedError if this run of Terraform has planned another one, or applies a plan with another one.
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
	return built, errors.Join(b.saved.compare(built), b.walks.compare(source, built.Inputs))
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

// answers are what was asked for once by key.
type answers[T any] struct {
	mu    sync.Mutex
	byKey map[string]*answer[T]
}

func (a *answers[T]) get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	return a.of(key).get(ctx, ask)
}

// set puts an answer in the place of one that was, or would be, asked for.
func (a *answers[T]) set(key string, value T) {
	known := a.of(key)
	known.mu.Lock()
	defer known.mu.Unlock()
	known.known, known.value, known.err = true, value, nil
}

func (a *answers[T]) of(key string) *answer[T] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey == nil {
		a.byKey = map[string]*answer[T]{}
	}
	if a.byKey[key] == nil {
		a.byKey[key] = &answer[T]{}
	}
	return a.byKey[key]
}

// answer is asked for when it is first needed. A refusal is an answer, too; that the one who asked went away is none.
type answer[T any] struct {
	mu    sync.Mutex
	known bool
	value T
	err   error
}

func (a *answer[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.known {
		a.value, a.err = ask(ctx)
		a.known = ctx.Err() == nil
	}
	return a.value, a.err
}

// repositoryOf returns the repository of an image URI that ends in a digest.
func repositoryOf(imageURI string) string {
	repository, _, _ := strings.Cut(imageURI, "@")
	return repository
}
