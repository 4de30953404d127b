package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/lambda-land/terraform-provider-handler/provider/image/toolchain"
)

// Built is an image that is ready to be pushed.
type Built struct {
	// Fingerprint of the inputs it was built from, see [Inputs.Fingerprint].
	Fingerprint string
	// Digest of the manifest, sha256:….
	Digest string
	// Size of all layers in bytes, compressed: what is stored and pulled.
	Size int64
	// Inputs are what the fingerprint is made of, by kind, each short enough to be compared by eye. They are those from which this very
	// image was built first on this machine: sources that compile to the same bytes have the same.
	Inputs Inputs
	// Architecture of the image, x86_64 or arm64.
	Architecture string
	// App is what the app lists with `backend handlers -json`; the image's [HandlersLabel] holds the same. It has no name if the app is
	// not on the SDK or was not asked.
	App App
	// Image reads its layers from the builder's cache when they are asked for.
	Image v1.Image
}

// Matches returns a *MismatchError unless this is the image that was planned. Other inputs than those planned may make the very same
// image, which is fine; they only say why it is another. They may be empty if nobody kept them.
func (b *Built) Matches(planned Inputs, digest string) error {
	if b.Digest == digest {
		return nil
	}
	mismatch := &MismatchError{PlannedDigest: digest, Digest: b.Digest, SameInputs: maps.Equal(planned, b.Inputs)}
	if len(planned) > 0 {
		mismatch.Differences = b.Inputs.Differences(planned)
	}
	return mismatch
}

// Builder builds images and keeps them in a directory. It is safe for concurrent use; calls for the same source share one build, and
// other processes may use the same directory.
type Builder struct {
	// Log, if it is set before the first build, is told when a Go release is fetched because there is no go command.
	Log func(ctx context.Context, message string, fields map[string]any)

	cache        cache
	registry     *Registry
	certificates func() certificates
	surveys      flight[*survey]
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

// releases are the Go releases that are used where there is no go command.
func (b *Builder) releases() toolchain.Cache {
	return toolchain.Cache{Dir: filepath.Join(b.cache.dir, "toolchains"), Log: b.Log}
}

// errSourceChanged means that files changed between fingerprint and build.
var errSourceChanged = errors.New("the source changed while it was built")

// Build returns the image of src: from the cache if its fingerprint is known there, else built. The same inputs give the same digest on
// every machine.
//
// Errors that a user can act on are a *SourceError (not a main package, an invalid value), a *BuildError (go's own lines), a
// *ToolchainError or [ErrNoGo], a *HandlersError (the app does not list its handlers), a *CacheError, and a *MismatchError (a damaged
// cache entry was built again and became another image).
func (b *Builder) Build(ctx context.Context, src Source) (*Built, error) {
	const attempts = 3 // someone may be typing
	for attempt := 1; ; attempt++ {
		found, err := b.survey(ctx, src)
		if err != nil {
			return nil, err
		}
		fingerprint := found.inputs.Fingerprint()
		built, err := b.builds.do(ctx, fingerprint, func() (*Built, error) { return b.cachedOrNew(ctx, found, fingerprint) })
		if again := errors.Is(err, errSourceChanged) || errors.Is(err, errCacheGone); !again || attempt == attempts {
			return built, err
		}
	}
}

// cachedOrNew returns the image from the cache, or builds it while other processes that want the same wait.
func (b *Builder) cachedOrNew(ctx context.Context, found *survey, fingerprint string) (*Built, error) {
	built, err := b.cache.load(fingerprint)
	if err != nil {
		built, err = b.onlyOnce(ctx, found, fingerprint)
	}
	if built != nil {
		built.Inputs = maps.Clone(b.cache.firstInputs(built.Digest, found.inputs))
		built.Fingerprint = built.Inputs.Fingerprint()
		if img, ok := built.Image.(*storedImage); ok && found.contents.base != nil {
			img.readFrom(b.registry, found.contents.base.repository) // it may have been built on the same base of a mirror
		}
	}
	return built, err
}

func (b *Builder) onlyOnce(ctx context.Context, found *survey, fingerprint string) (*Built, error) {
	unlock, err := b.cache.lock(ctx, fingerprint)
	if err != nil {
		return nil, err
	}
	defer unlock()
	built, err := b.cache.load(fingerprint)
	if err == nil {
		return built, nil
	}
	rebuilt, buildErr := b.build(ctx, found, fingerprint)
	if damaged, ok := errors.AsType[*damagedError](err); ok && buildErr == nil && damaged.digest != "" {
		return rebuilt, sameImage(damaged.digest, rebuilt.Digest)
	}
	return rebuilt, buildErr
}

// sameImage returns a *MismatchError if the same inputs made two images.
func sameImage(before, now string) error {
	if before == now {
		return nil
	}
	return &MismatchError{PlannedDigest: before, Digest: now, SameInputs: true}
}

// build compiles, asks the binary for its handlers while it is packed into a layer, and adds the image to the cache.
func (b *Builder) build(ctx context.Context, found *survey, fingerprint string) (*Built, error) {
	g := found.command
	if err := b.running.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("build %s: %w", g.src.Package, err)
	}
	defer b.running.Release(1)
	stage, err := b.cache.newStage()
	if err != nil {
		return nil, err
	}
	defer stage.remove()
	binary := filepath.Join(stage.dir, "app")
	if err := g.compile(ctx, g.env, binary); err != nil {
		return nil, stage.explain("build "+g.src.Package, err)
	}
	var (
		listing []byte
		layers  *packed
	)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		listing, err = found.handlersIfAny(groupCtx, stage.dir, binary)
		return err
	})
	group.Go(func() (err error) {
		layers, err = stage.pack(groupCtx, found.contents, binary)
		return err
	})
	group.Go(func() error {
		holds, err := found.inventory.Evidence.holds(groupCtx)
		if err == nil && !holds {
			err = fmt.Errorf("build %s: %w", g.src.Package, errSourceChanged)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	img, err := layers.image(g.src, listing)
	if err != nil {
		return nil, err
	}
	return b.cache.add(stage, fingerprint, img)
}

// compile builds the package into the file binary. Go stops at ten errors of a package; then it is asked for all of them, which would
// be another binary if there were one.
func (g *goCommand) compile(ctx context.Context, env []string, binary string) error {
	_, err := g.goBuild(ctx, env, binary)
	failed, ok := errors.AsType[*goError](err)
	if !ok {
		return err
	}
	var every []string
	for line := range strings.SplitSeq(failed.output, "\n") {
		if name, ok := strings.CutPrefix(line, "# "); ok && strings.Contains(failed.output, tooManyErrors) {
			every = append(every, "-gcflags="+name+"=-e")
		}
	}
	if every != nil {
		_, err = g.goBuild(ctx, env, binary, every...)
		if all, ok := errors.AsType[*goError](err); ok {
			failed = all
		} else if err != nil {
			return err
		}
	}
	return g.buildError(failed.output)
}

// tooManyErrors is what the compiler prints when it stops.
const tooManyErrors = "too many errors"

func (g *goCommand) goBuild(ctx context.Context, env []string, binary string, flags ...string) ([]byte, error) {
	arguments := []string{"build", "-trimpath", "-buildvcs=false", "-pgo=auto", "-tags=" + strings.Join(g.src.buildTags(), ","),
		"-ldflags=" + g.src.linkerFlags(), "-o", binary}
	return g.run(ctx, env, append(append(arguments, flags...), g.pattern)...)
}
