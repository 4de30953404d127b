package image

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Limits of a cache. Beyond either of them the entries used longest ago go, except those younger than minAge: another process may be
// pushing them.
const (
	maxEntries = 64
	maxBytes   = 2 << 30
	minAge     = time.Hour
)

// entry of the cache is a small file that says what some blobs are: an image by its fingerprint, or a layer that need not be made again.
type entry struct {
	Name string `json:"name"`
	// Blobs are all that go when the entry goes, unless another one has them.
	Blobs []v1.Hash `json:"blobs"`
	// Digest of an image's manifest, and Repository of the layers that are not blobs, if there are any.
	Digest     v1.Hash `json:"digest,omitzero"`
	Repository string  `json:"repository,omitempty"`
	// Layer and what is in it, for copied and added files.
	Layer *writtenLayer `json:"layer,omitempty"`
	Files []copiedEntry `json:"files,omitempty"`
	// Links are the symbolic links of a base image.
	Links map[string]string `json:"links,omitempty"`
}

// damagedError is an entry that is there but not whole.
type damagedError struct {
	digest string // that it had, empty if even that is lost
	err    error
}

// Error says what is wrong with the entry.
func (e *damagedError) Error() string { return fmt.Sprintf("damaged cache entry: %v", e.err) }

// Unwrap returns the cause.
func (e *damagedError) Unwrap() error { return e.err }

// find returns the entry of this name, fs.ErrNotExist if there is none, or a *damagedError.
func (c cache) find(name string) (*entry, error) {
	data, err := os.ReadFile(c.entry(name))
	if err != nil {
		return nil, err
	}
	e := new(entry)
	if err := json.Unmarshal(data, e); err != nil {
		return nil, &damagedError{err: err}
	}
	if e.Name != name {
		return nil, &damagedError{err: fmt.Errorf("the entry says that it is %q", e.Name)}
	}
	for _, blob := range e.Blobs {
		if err := c.check(blob); err != nil {
			return nil, &damagedError{digest: e.Digest.String(), err: err}
		}
	}
	c.touch(c.entry(name))
	return e, nil
}

// load returns the image with this fingerprint, fs.ErrNotExist if there is none, or a *damagedError. Every byte is checked but those of
// a base image's layers, which are checked when they are read.
func (c cache) load(fingerprint string) (*Built, error) {
	e, err := c.find(fingerprint)
	if err != nil {
		return nil, err
	}
	built, err := c.open(e)
	if err != nil {
		return nil, &damagedError{digest: e.Digest.String(), err: err}
	}
	return built, nil
}

// open returns the image of an entry.
func (c cache) open(e *entry) (*Built, error) {
	img := new(storedImage)
	var err error
	if img.rawManifest, err = os.ReadFile(c.blob(e.Digest)); err != nil {
		return nil, err
	}
	if img.manifest, err = v1.ParseManifest(bytes.NewReader(img.rawManifest)); err != nil {
		return nil, err
	}
	if img.rawConfig, err = os.ReadFile(c.blob(img.manifest.Config.Digest)); err != nil {
		return nil, err
	}
	if img.config, err = v1.ParseConfigFile(bytes.NewReader(img.rawConfig)); err != nil {
		return nil, err
	}
	if len(img.config.RootFS.DiffIDs) != len(img.manifest.Layers) {
		return nil, errors.New("manifest and configuration have different numbers of layers")
	}
	img.layers = make([]v1.Layer, len(img.manifest.Layers))
	for i, descriptor := range img.manifest.Layers {
		if slices.Contains(e.Blobs, descriptor.Digest) {
			img.layers[i] = c.layer(descriptor, img.config.RootFS.DiffIDs[i])
		} else if e.Repository == "" {
			return nil, fmt.Errorf("layer %s is missing", descriptor.Digest)
		}
	}
	if e.Repository != "" {
		base, err := name.NewRepository(e.Repository)
		if err != nil {
			return nil, err
		}
		img.readFrom(c.registry, base)
	}
	return img.built(e.Name)
}

// add makes the image, whose layers are in the cache, an entry. If another process was faster, its entry stays, and has to be the same.
func (c cache) add(s *stage, fingerprint string, img *storedImage) (*Built, error) {
	built, err := img.built(fingerprint)
	if err != nil {
		return nil, err
	}
	if there, err := c.load(fingerprint); err == nil {
		return there, sameImage(there.Digest, built.Digest)
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, err
	}
	e := &entry{Name: fingerprint, Digest: digest, Repository: img.repository, Blobs: []v1.Hash{digest, img.manifest.Config.Digest}}
	for _, l := range img.layers {
		if l, ok := l.(*layer); ok { // the base's are another type
			e.Blobs = append(e.Blobs, l.descriptor.Digest)
		}
	}
	if err := s.write(s.blob(digest), img.rawManifest); err != nil {
		return nil, err
	}
	if err := s.write(s.blob(img.manifest.Config.Digest), img.rawConfig); err != nil {
		return nil, err
	}
	e.Blobs = append(e.Blobs, img.kept...)
	return built, c.put(s, e)
}

// put writes an entry, whose blobs are in the stage or in the cache, and makes room for it.
func (c cache) put(s *stage, e *entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	for _, blob := range e.Blobs {
		if err := s.keep(blob); err != nil {
			return err
		}
	}
	if err := s.write(c.entry(e.Name), data); err != nil {
		return err
	}
	c.prune()
	return nil
}

// prune removes entries beyond the limits, blobs that no entry has, and what a killed process left. It does what it can: a cache that
// is too large is no reason to fail.
func (c cache) prune() {
	var total int64
	used := map[string]bool{}
	for n, info := range newestFirst(filepath.Join(c.dir, "entries")) {
		e := new(entry)
		if data, err := os.ReadFile(c.entry(info.Name())); err == nil {
			_ = json.Unmarshal(data, e) // a damaged entry has no blobs
		}
		size := int64(0)
		for _, blob := range e.Blobs {
			if blobInfo, err := os.Stat(c.blob(blob)); err == nil && !used[blob.Hex] {
				size += blobInfo.Size()
			}
		}
		if (n >= maxEntries || total+size > maxBytes) && old(info) {
			_ = os.Remove(c.entry(info.Name()))
			continue
		}
		total += size
		for _, blob := range e.Blobs {
			used[blob.Hex] = true
		}
	}
	for _, info := range newestFirst(filepath.Join(c.dir, "blobs")) {
		if !used[info.Name()] && old(info) {
			_ = os.Remove(filepath.Join(c.dir, "blobs", info.Name()))
		}
	}
	for n, info := range newestFirst(filepath.Join(c.dir, "firsts")) {
		if n >= maxFirsts {
			_ = os.Remove(filepath.Join(c.dir, "firsts", info.Name()))
		}
	}
	for _, info := range newestFirst(filepath.Join(c.dir, "locks")) {
		if old(info) {
			_ = os.Remove(filepath.Join(c.dir, "locks", info.Name()))
		}
	}
	for _, info := range newestFirst(c.dir) {
		if strings.HasPrefix(info.Name(), stagePrefix) && old(info) {
			_ = os.RemoveAll(filepath.Join(c.dir, info.Name()))
		}
	}
}

func old(info fs.FileInfo) bool { return time.Since(info.ModTime()) > minAge }

// newestFirst returns what is in a directory, as far as it can be read.
func newestFirst(dir string) []fs.FileInfo {
	entries, _ := os.ReadDir(dir)
	var infos []fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	slices.SortStableFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) })
	return infos
}
