package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// packed are the layers of an image that lacks its labels yet.
type packed struct {
	*contents
	cache cache
	added []addedLayer
}

// image adds the listing of handlers as a label, unless it is empty, and completes the image.
func (p *packed) image(src Source, listing []byte) (*storedImage, error) {
	img, err := p.assemble(p.cache, src.goArch(), p.added, listing)
	if err != nil {
		return nil, fmt.Errorf("assemble the image of %s: %w", src.Package, err)
	}
	return img, nil
}

// pack writes the layers that the image has on top of its base: what is copied, what is added, and the binary, which changes most,
// above all. Files that are no longer those that were resolved give errSourceChanged.
func (s *stage) pack(ctx context.Context, c *contents, binary string) (*packed, error) {
	var own []addedLayer
	var app *writtenLayer
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		own, err = s.packContents(ctx, c)
		return err
	})
	group.Go(func() (err error) {
		app, err = s.packBinary(binary)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return &packed{contents: c, cache: s.cache, added: append(own, addedLayer{app, "app"})}, nil
}

func (s *stage) packBinary(binary string) (*writtenLayer, error) {
	return s.layer("pack the app", func(archive *tar.Writer) error {
		file, err := os.Open(binary)
		if err != nil {
			return s.explain("pack the app", err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		return newLayerWriter(archive).file(binaryPath, info.Size(), file)
	})
}

// packContents writes all layers but the binary's.
func (s *stage) packContents(ctx context.Context, c *contents) ([]addedLayer, error) {
	var added []addedLayer
	if c.base == nil {
		written, err := s.layer("pack certificates", c.certificates.pack)
		if err != nil {
			return nil, err
		}
		added = append(added, addedLayer{written, "certificates and /tmp"})
	}
	if len(c.copies) == 0 && len(c.files) == 0 {
		return added, nil
	}
	links, err := s.baseLinks(ctx, c.base)
	if err != nil {
		return nil, err
	}
	taken, copies := newPlaces(c.base == nil), make([][]copiedEntry, len(c.copies))
	for i, from := range c.copies {
		layer, err := s.packCopy(ctx, from, path.Join(links.follow(path.Dir(from.path)), path.Base(from.path)))
		if err != nil {
			return nil, err
		}
		if err := taken.takeCopied(from, layer.Files); err != nil {
			return nil, err
		}
		copies[i] = layer.Files
		added = append(added, addedLayer{layer.Layer, fmt.Sprintf("%s of %s", from.path, from.image.digest)})
	}
	if len(c.files) > 0 {
		files := links.redirect(c.files)
		if err := taken.takeFiles(files); err != nil {
			return nil, err
		}
		layer, err := s.packFiles(ctx, files)
		if err != nil {
			return nil, err
		}
		added = append(added, addedLayer{layer.Layer, "files"})
	}
	return added, c.checkLinks(copies, taken)
}

// pack writes the certificates and an empty /tmp.
func (c certificates) pack(archive *tar.Writer) error {
	w := newLayerWriter(archive)
	if err := w.file(certificatesPath, int64(len(c.pem)), bytes.NewReader(c.pem)); err != nil {
		return err
	}
	return w.directory("/tmp", temporaryMode)
}

// packFiles returns the layer of added files, from the cache if it was made before.
func (s *stage) packFiles(ctx context.Context, files []addedFile) (*entry, error) {
	key := "files-" + hashed(func(sum hash.Hash) {
		for _, f := range files {
			record(sum, "file", f.path, fmt.Sprint(f.directory), f.sum)
		}
	})
	return s.once(ctx, key, func() (*writtenLayer, []copiedEntry, error) {
		written, err := s.layer("pack files", func(archive *tar.Writer) error { return writeFiles(ctx, archive, files) })
		return written, nil, err
	})
}

// packCopy returns the layer of a copy, from the cache if it was made before: then nothing is downloaded.
func (s *stage) packCopy(ctx context.Context, from copied, at string) (*entry, error) {
	key := "copy-" + hashed(func(sum hash.Hash) { record(sum, "copy", from.image.digest.String(), from.path, at) })
	return s.once(ctx, key, func() (*writtenLayer, []copiedEntry, error) {
		written, found, err := s.extract(ctx, from, at, s.layersOf(ctx, from.image))
		return written, found, from.image.explain(ctx, SourceError{Field: "Copy.Image", Index: from.index}, "image", err)
	})
}

// once returns the entry of a layer, which is written unless it is in the cache. It depends on imageFormat as all layers do.
func (s *stage) once(ctx context.Context, key string, write func() (*writtenLayer, []copiedEntry, error)) (*entry, error) {
	key = fmt.Sprintf("%s-%d", key, imageFormat)
	if known, err := s.cache.find(key); err == nil && known.Layer != nil {
		return known, nil
	}
	unlock, err := s.cache.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if known, err := s.cache.find(key); err == nil && known.Layer != nil {
		return known, nil
	}
	written, found, err := write()
	if err != nil {
		return nil, err
	}
	e := &entry{Name: key, Blobs: []v1.Hash{written.Digest}, Layer: written, Files: found}
	return e, s.cache.put(s, e)
}

// layersOf an image, read from its registry as they are asked for.
func (s *stage) layersOf(ctx context.Context, image *pinned) []v1.Layer {
	var layers []v1.Layer
	for i, descriptor := range image.manifest.Layers {
		var diffID v1.Hash
		if i < len(image.config.RootFS.DiffIDs) {
			diffID = image.config.RootFS.DiffIDs[i]
		}
		layers = append(layers, s.cache.registry.layerOf(ctx, image.repository, descriptor, diffID))
	}
	return layers
}

// symlinks of a base image, by their absolute paths. What is added below one goes where it leads, as with COPY: a directory in its
// place would take away what the base image has there.
type symlinks map[string]string

// baseLinks reads the links of a base image, which takes a download the first time.
func (s *stage) baseLinks(ctx context.Context, base *pinned) (symlinks, error) {
	if base == nil {
		return nil, nil
	}
	key := "links-" + base.digest.Hex
	if known, err := s.cache.find(key); err == nil {
		return known.Links, nil
	}
	links := symlinks{}
	f := &flattening{
		visit: func(_ int, name string, visible bool, header *tar.Header, _ io.Reader) error {
			if visible && header.Typeflag == tar.TypeSymlink {
				links[name] = header.Linkname
			}
			return nil
		},
	}
	if err := f.read(ctx, s.layersOf(ctx, base)); err != nil {
		return nil, base.explain(ctx, SourceError{Field: "BaseImage"}, "base image", err)
	}
	return links, s.cache.put(s, &entry{Name: key, Links: links})
}

// follow returns where a directory's path leads.
func (l symlinks) follow(dir string) string {
	const most = 40 // as Linux allows
	resolved := "/"
	rest := strings.Split(strings.Trim(dir, "/"), "/")
	for n := 0; len(rest) > 0; {
		next := path.Join(resolved, rest[0])
		rest = rest[1:]
		target, ok := l[next]
		if !ok || n == most {
			resolved = next
			continue
		}
		n++
		rest = slices.Concat(strings.Split(strings.Trim(resolveLink(next, target), "/"), "/"), rest)
		resolved = "/"
	}
	return resolved
}

// redirect returns the files with the paths where theirs lead.
func (l symlinks) redirect(files []addedFile) []addedFile {
	files = slices.Clone(files)
	for i, f := range files {
		if f.directory {
			files[i].path = l.follow(f.path)
		} else {
			files[i].path = path.Join(l.follow(path.Dir(f.path)), path.Base(f.path))
		}
	}
	return files
}

// explain returns why layers of the image could not be read, if that is what the error is about.
func (p *pinned) explain(ctx context.Context, at SourceError, what string, err error) error {
	_, answered := errors.AsType[*transport.Error](err)
	if ctx.Err() != nil || !answered && !isNetwork(err) {
		return err
	}
	return because(at, err, "%s", pullReason(what+" "+p.reference, p.repository.Digest(p.digest.String()), err))
}
