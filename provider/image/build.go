package image

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Built is an image that is ready to be pushed.
type Built struct {
	// Fingerprint of the source it was built from, see [Builder.Fingerprint].
	Fingerprint string
	// Digest of the manifest, sha256:….
	Digest string
	// Size of all layers in bytes, compressed: what is stored and pulled.
	Size int64
	// Inputs are what the fingerprint is made of, by kind, each short enough to be compared by eye.
	Inputs Inputs
	// Architecture of the image, x86_64 or arm64.
	Architecture string
	// App is what the app lists with `backend handlers -json`; the image's [HandlersLabel] holds the same. It has no name if the app is
	// not on the SDK or was not asked.
	App App
	// Image reads its layers from the builder's cache when they are asked for.
	Image v1.Image
}

// Inputs are what a fingerprint is made of: "go" is the Go release; "files", "modules", "settings" and what else there is are the first
// hexadecimal digits of a hash, or a digest. Equal inputs have equal fingerprints.
type Inputs map[string]string

// Matches returns a *MismatchError unless the image has the fingerprint and the digest that were planned.
func (b *Built) Matches(fingerprint, digest string) error {
	if b.Fingerprint == fingerprint && b.Digest == digest {
		return nil
	}
	return &MismatchError{PlannedFingerprint: fingerprint, PlannedDigest: digest, Fingerprint: b.Fingerprint, Digest: b.Digest}
}

// Builder builds images and keeps them in a directory. It is safe for concurrent use; calls for the same source share one build, and
// other processes may use the same directory.
type Builder struct {
	cache        cache
	registry     *Registry
	certificates func() certificates
	fingerprints flight[string]
	builds       flight[*Built]
	running      *semaphore.Weighted // go build keeps all cores busy by itself
}

// NewBuilder returns a builder that keeps what it built in cacheDir, which it makes when needed, and reads base images through
// registry.
func NewBuilder(cacheDir string, registry *Registry) *Builder {
	return &Builder{
		registry:     registry,
		cache:        cache{dir: cacheDir, registry: registry},
		certificates: sync.OnceValue(newCertificates),
		running:      semaphore.NewWeighted(2),
	}
}

// errSourceChanged means that files changed between fingerprint and build.
var errSourceChanged = errors.New("the source changed while it was built")

// Build returns the image of src: from the cache if its fingerprint is known there, else built. The same fingerprint gives the same
// digest on every machine.
//
// Errors that a user can act on are a *SourceError (not a main package, an invalid value), a *BuildError (go's own lines), a
// *ToolchainError or [ErrNoGo], a *HandlersError (the app does not list its handlers), and a *MismatchError (a damaged cache entry was
// built again and became another image).
func (b *Builder) Build(ctx context.Context, src Source) (*Built, error) {
	const attempts = 3 // someone may be typing
	for attempt := 1; ; attempt++ {
		fingerprint, err := b.Fingerprint(ctx, src)
		if err != nil {
			return nil, err
		}
		built, err := b.builds.do(ctx, fingerprint, func() (*Built, error) { return b.cachedOrNew(ctx, src, fingerprint) })
		if !errors.Is(err, errSourceChanged) || attempt == attempts {
			return built, err
		}
	}
}

func (b *Builder) cachedOrNew(ctx context.Context, src Source, fingerprint string) (*Built, error) {
	built, err := b.cache.load(fingerprint)
	if err == nil {
		return built, nil
	}
	if err := b.running.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("build %s: %w", src.Package, err)
	}
	defer b.running.Release(1)
	rebuilt, buildErr := b.build(ctx, src, fingerprint)
	if damaged, ok := errors.AsType[*damagedError](err); ok && buildErr == nil && damaged.digest != "" {
		return rebuilt, rebuilt.Matches(fingerprint, damaged.digest)
	}
	return rebuilt, buildErr
}

// build compiles, asks the binary for its handlers while it is packed into a layer, and adds the image to the cache.
func (b *Builder) build(ctx context.Context, src Source, fingerprint string) (*Built, error) {
	g, err := newGoCommand(ctx, src)
	if err != nil {
		return nil, err
	}
	stage, err := b.cache.newStage()
	if err != nil {
		return nil, err
	}
	defer stage.remove()
	contents, err := b.resolve(ctx, src)
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(stage.dir, "app")
	if err := g.compile(ctx, g.env, binary); err != nil {
		return nil, stage.explain("build "+src.Package, err)
	}
	var (
		label  []byte
		layers *packed
	)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		label, err = g.handlers(groupCtx, stage.dir, binary, handlersTimeout)
		return err
	})
	group.Go(func() (err error) {
		layers, err = stage.pack(groupCtx, contents, binary)
		return err
	})
	group.Go(func() error {
		now, err := b.fingerprint(groupCtx, g)
		if err == nil && now != fingerprint {
			err = fmt.Errorf("build %s: %w", src.Package, errSourceChanged)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	img, err := layers.image(src, label)
	if err != nil {
		return nil, err
	}
	return b.cache.add(stage, fingerprint, img)
}

// compile builds the package into the file binary.
func (g *goCommand) compile(ctx context.Context, env []string, binary string) error {
	_, err := g.run(ctx, env, "build", "-trimpath", "-buildvcs=false", "-pgo=auto", "-tags="+strings.Join(g.src.buildTags(), ","),
		"-ldflags="+g.src.linkerFlags(), "-o", binary, g.pattern)
	if failed, ok := errors.AsType[*goError](err); ok {
		return &BuildError{Package: g.src.Package, Output: failed.output}
	}
	return err
}

// runsHere reports whether this machine runs the image's binary.
func (g *goCommand) runsHere() bool {
	return runtime.GOOS == "linux" && runtime.GOARCH == g.src.goArch()
}
