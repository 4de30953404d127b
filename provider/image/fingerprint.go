package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// imageFormat is part of every fingerprint. It counts changes of this package, or of the compression in its standard library, that
// give the same binary another image.
const imageFormat = 2

// Fingerprint returns the SHA-256, in hexadecimal, of everything that determines the image of src: the files of every package that is
// linked, the checksums of those from the module cache, modules and their replacements, the Go release, and the settings, flags and
// variables of the build. It depends neither on where the files are nor on when they were written. It builds nothing.
//
// Errors are a *SourceError, *BuildError (of imports that cannot be resolved or files that cannot be parsed), *ToolchainError or
// [ErrNoGo] as for [Builder.Build].
func (b *Builder) Fingerprint(ctx context.Context, src Source) (string, error) {
	key, err := json.Marshal(src)
	if err != nil {
		return "", fmt.Errorf("fingerprint %s: %w", src.Package, err)
	}
	return b.fingerprints.do(ctx, string(key), func() (string, error) {
		g, err := newGoCommand(ctx, src)
		if err != nil {
			return "", err
		}
		return b.fingerprint(ctx, g)
	})
}

func (b *Builder) fingerprint(ctx context.Context, g *goCommand) (string, error) {
	packages, command, err := g.list(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	record(sum, "format", fmt.Sprint(imageFormat), b.certificates().sum)
	variant := map[string]string{"amd64": g.GOAMD64, "arm64": g.GOARM64}
	record(sum, "go", g.GOVERSION, g.GOEXPERIMENT, g.GOFIPS140, g.src.goArch(), variant[g.src.goArch()])
	record(sum, "GOFLAGS", decidingFlags(g.GOFLAGS)...)
	record(sum, "tags", g.src.buildTags()...)
	record(sum, "ldflags", g.src.linkerFlags())
	record(sum, "GODEBUG", command.DefaultGODEBUG)
	for _, name := range slices.Sorted(maps.Keys(g.src.Env)) {
		record(sum, "env", name, g.src.Env[name])
	}
	var files []string
	if profile := filepath.Join(command.Dir, "default.pgo"); isFile(profile) {
		files = append(files, profile)
	}
	for _, p := range packages {
		record(sum, "package", p.ImportPath)
		for m := p.Module; m != nil; m = m.Replace {
			record(sum, "module", m.Path, m.Version, m.Sum, m.GoVersion)
		}
		if !p.inModuleCache(g.GOMODCACHE) {
			for _, name := range slices.Concat(p.GoFiles, p.SFiles, p.HFiles, p.SysoFiles, p.EmbedFiles) {
				record(sum, "file", filepath.ToSlash(name))
				files = append(files, filepath.Join(p.Dir, name))
			}
		}
	}
	contents, err := hashFiles(ctx, files)
	if err != nil {
		return "", fmt.Errorf("fingerprint %s: %w", g.src.Package, err)
	}
	record(sum, "contents", contents...)
	return hex.EncodeToString(sum.Sum(nil)), nil
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

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// harmlessFlags of GOFLAGS do not decide the binary: they say where modules come from (whose contents are hashed anyway) or what
// go prints, or the build's own flags replace them.
var harmlessFlags = []string{
	"buildvcs", "trimpath", "tags", "ldflags", "pgo",
	"mod", "modfile", "modcacherw", "json", "p", "v", "x", "a", "work", "vet", "count", "timeout",
}

// decidingFlags returns the flags of GOFLAGS that may change the binary.
func decidingFlags(goflags string) []string {
	return slices.DeleteFunc(strings.Fields(goflags), func(flag string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		return slices.Contains(harmlessFlags, name)
	})
}
