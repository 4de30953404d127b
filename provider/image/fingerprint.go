package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// survey is what is known of a source before anything is built.
type survey struct {
	command   *goCommand
	inventory *inventory
	contents  *contents
	inputs    Inputs
}

// Inputs returns everything that determines the image of src: the files of every package that is linked, modules with their checksums
// and replacements, the Go release, the settings, flags and variables of the build, and what is in the image beside the binary. It
// builds nothing.
//
// Of go.mod, go.sum, go.work and vendor/modules.txt counts what they decide (versions, checksums and replacements of the modules whose
// packages are linked, the version of the language, default GODEBUG settings), not their text: a comment or a requirement of another
// command changes no image.
//
// Errors are a *SourceError, *BuildError (of imports that cannot be resolved or files that cannot be parsed), *ToolchainError or
// [ErrNoGo] as for [Builder.Build].
func (b *Builder) Inputs(ctx context.Context, src Source) (Inputs, error) {
	found, err := b.survey(ctx, src)
	if err != nil {
		return nil, err
	}
	return maps.Clone(found.inputs), nil
}

// survey does what Inputs says. Calls for the same source at the same time share one.
func (b *Builder) survey(ctx context.Context, src Source) (*survey, error) {
	key, err := json.Marshal(src)
	if err != nil {
		return nil, fmt.Errorf("fingerprint %s: %w", src.Package, err)
	}
	return b.surveys.do(ctx, string(key), func() (*survey, error) {
		g, err := newGoCommand(ctx, src, b.releases())
		if err != nil {
			return nil, err
		}
		found := &survey{command: g}
		if found.contents, err = b.resolve(ctx, src); err != nil {
			return nil, err
		}
		if found.inventory, err = b.listed(ctx, g); err != nil {
			return nil, err
		}
		found.inputs = g.inputs(found.inventory)
		maps.Copy(found.inputs, found.contents.inputs())
		return found, nil
	})
}

// inputs are the binary's part of a fingerprint.
func (g *goCommand) inputs(l *inventory) Inputs {
	contents := l.Evidence.contents()
	return Inputs{
		"format": fmt.Sprint(imageFormat),
		"go":     g.GOVERSION,
		"files": hashed(func(sum hash.Hash) {
			for _, p := range l.Packages {
				record(sum, "package", p.ImportPath)
				if p.inModuleCache(g.GOMODCACHE) {
					continue
				}
				for _, name := range slices.Concat(p.GoFiles, p.SFiles, p.HFiles, p.SysoFiles, p.EmbedFiles) {
					record(sum, "file", filepath.ToSlash(name), contents[filepath.Join(p.Dir, name)])
				}
				if p.Name == "main" {
					record(sum, "profile", contents[filepath.Join(p.Dir, "default.pgo")])
				}
			}
		}),
		"modules": hashed(func(sum hash.Hash) {
			for _, p := range l.Packages {
				for m := p.Module; m != nil; m = m.Replace {
					record(sum, "module", p.ImportPath, m.Path, m.Version, m.Sum, m.GoVersion)
				}
			}
		}),
		"settings": hashed(func(sum hash.Hash) { g.recordSettings(sum, l.GODEBUG) }),
	}
}

// recordSettings adds what decides the binary beside its source.
func (g *goCommand) recordSettings(sum io.Writer, godebug string) {
	variant := map[string]string{"amd64": g.GOAMD64, "arm64": g.GOARM64}
	record(sum, "go", g.GOEXPERIMENT, g.GOFIPS140, g.src.goArch(), variant[g.src.goArch()])
	record(sum, "GOFLAGS", decidingFlags(g.GOFLAGS)...)
	record(sum, "tags", g.src.buildTags()...)
	record(sum, "ldflags", g.src.linkerFlags())
	record(sum, "GODEBUG", godebug)
	record(sum, "handlers", fmt.Sprint(!g.src.SkipHandlers))
	for _, name := range slices.Sorted(maps.Keys(g.src.Env)) {
		if !isHarmless(name) {
			record(sum, "env", name, g.src.Env[name])
		}
	}
}

// record adds one unambiguous line to the hash.
func record(sum io.Writer, kind string, values ...string) {
	fmt.Fprintf(sum, "%s %q\n", kind, values)
}

// hashFiles returns the SHA-256 of each file's contents, in the order of paths.
func hashFiles(ctx context.Context, paths []string) ([]string, error) {
	sums := make([]string, len(paths))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, path := range paths {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			sums[i], err = hashFile(path)
			return err
		})
	}
	return sums, group.Wait()
}

// hashFile returns the SHA-256 of the file's contents, in hexadecimal.
func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), err
}
