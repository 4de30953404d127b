package image

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

const (
	// maxEntries of a cache; an entry takes about 5 MB.
	maxEntries = 32
	// minAge of what is pruned: another process may be pushing what was used a moment ago.
	minAge = time.Hour
	// stagePrefix of directories that are being filled, or that are being removed.
	stagePrefix = "stage-"
	// fingerprintAnnotation of an entry's manifest ties the digest to the fingerprint.
	fingerprintAnnotation = "io.github.lambda-land.fingerprint"
)

// cache is a directory of images by fingerprint, each a directory in the OCI image layout. Entries appear and go by renaming, so that
// processes share a cache without locks; what is read is checked against its digest.
type cache struct{ dir string }

// damagedError is an entry that is there but not whole.
type damagedError struct {
	digest string // that it had, empty if even that is lost
	err    error
}

// Error says what is wrong with the entry.
func (e *damagedError) Error() string { return fmt.Sprintf("damaged cache entry: %v", e.err) }

// Unwrap returns the cause.
func (e *damagedError) Unwrap() error { return e.err }

func (c cache) entry(fingerprint string) string { return filepath.Join(c.dir, fingerprint) }

// load returns the image with this fingerprint, fs.ErrNotExist if there is none, or a *damagedError.
func (c cache) load(fingerprint string) (*Built, error) {
	path := c.entry(fingerprint)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	digest, err := entryDigest(path, fingerprint)
	if err != nil {
		return nil, &damagedError{err: err}
	}
	built, err := open(path, fingerprint, digest)
	if err != nil {
		return nil, &damagedError{digest: digest.String(), err: err}
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // only pruning looks at it
	return built, nil
}

// entryDigest returns the digest of the one image in an entry.
func entryDigest(path, fingerprint string) (v1.Hash, error) {
	index, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return v1.Hash{}, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations[fingerprintAnnotation] != fingerprint {
		return v1.Hash{}, errors.New("not one image with the entry's fingerprint")
	}
	return manifest.Manifests[0].Digest, nil
}

// open returns the image in an entry after checking every byte of it.
func open(path, fingerprint string, digest v1.Hash) (*Built, error) {
	if err := checkBlob(path, digest); err != nil {
		return nil, err
	}
	img, err := layout.Path(path).Image(digest)
	if err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	built := &Built{Fingerprint: fingerprint, Digest: digest.String(), Image: img}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if err := checkBlob(path, blob.Digest); err != nil {
			return nil, err
		}
	}
	for _, layer := range manifest.Layers {
		built.Size += layer.Size
	}
	if built.App, err = appOf(img); err != nil {
		return nil, err
	}
	return built, nil
}

func checkBlob(path string, want v1.Hash) error {
	sum, err := hashFile(filepath.Join(path, "blobs", want.Algorithm, want.Hex))
	if err == nil && sum != want.Hex {
		err = fmt.Errorf("blob %s has the digest sha256:%s", want, sum)
	}
	return err
}

// stage is a directory in which an entry is made.
type stage struct{ dir string }

func (s *stage) layout() string { return filepath.Join(s.dir, "layout") }

func (s *stage) blobs() string { return filepath.Join(s.layout(), "blobs", "sha256") }

// remove removes the stage; what cannot be removed now, prune removes later.
func (s *stage) remove() { _ = os.RemoveAll(s.dir) }

func (c cache) newStage() (*stage, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the image cache: %w", err)
	}
	dir, err := os.MkdirTemp(c.dir, stagePrefix)
	if err != nil {
		return nil, fmt.Errorf("make room in the image cache: %w", err)
	}
	s := &stage{dir: dir}
	return s, os.MkdirAll(s.blobs(), 0o755)
}

// add makes the image, whose layers are in the stage, an entry. If another process was faster, its entry stays, and has to be the same.
func (c cache) add(s *stage, fingerprint string, img v1.Image) (*Built, error) {
	path, err := layout.Write(s.layout(), empty.Index)
	if err != nil {
		return nil, fmt.Errorf("add to the image cache: %w", err)
	}
	annotation := layout.WithAnnotations(map[string]string{fingerprintAnnotation: fingerprint})
	if err := path.AppendImage(img, annotation); err != nil {
		return nil, fmt.Errorf("add to the image cache: %w", err)
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, err
	}
	renameErr := os.Rename(s.layout(), c.entry(fingerprint))
	if renameErr != nil {
		if built, err := c.load(fingerprint); err == nil {
			return built, (&Built{Fingerprint: fingerprint, Digest: digest.String()}).Matches(fingerprint, built.Digest)
		}
		c.discard(fingerprint)
		if renameErr = os.Rename(s.layout(), c.entry(fingerprint)); renameErr != nil {
			return nil, fmt.Errorf("add to the image cache: %w", renameErr)
		}
	}
	c.prune()
	return open(c.entry(fingerprint), fingerprint, digest)
}

// discard takes an entry out of the cache at once and removes its files afterwards.
func (c cache) discard(name string) {
	grave, err := os.MkdirTemp(c.dir, stagePrefix)
	if err != nil {
		return
	}
	_ = os.Rename(c.entry(name), filepath.Join(grave, name))
	_ = os.RemoveAll(grave)
}

// prune removes the entries used longest ago beyond maxEntries, and stages that a killed process left. It does what it can: a cache
// that is too large is no reason to fail.
func (c cache) prune() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var infos []fs.FileInfo
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil || !info.IsDir():
		case !strings.HasPrefix(info.Name(), stagePrefix):
			infos = append(infos, info)
		case time.Since(info.ModTime()) > minAge:
			_ = os.RemoveAll(filepath.Join(c.dir, info.Name()))
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) })
	for _, info := range infos[min(len(infos), maxEntries):] {
		if time.Since(info.ModTime()) > minAge {
			c.discard(info.Name())
		}
	}
}
