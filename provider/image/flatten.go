package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Whiteouts, see https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts.
const (
	whiteoutPrefix = ".wh."
	opaqueWhiteout = ".wh..wh..opq"
)

// flattening reads the file system of an image as a container sees it, from the uppermost layer down.
type flattening struct {
	// hidden are the paths that an upper layer removed or replaced, with all below; emptied are directories of which only what is below
	// is hidden; merged are directories, which hide all but directories. They grow when a layer ends.
	hidden, emptied, merged map[string]bool
	// visit is called with what is at an absolute path. Entries that an upper layer hides are visited too, as hard links of the same
	// layer may need their contents.
	visit func(layer int, name string, visible bool, header *tar.Header, content io.Reader) error
}

// errEnough ends a flattening early.
var errEnough = errors.New("enough")

func (f *flattening) read(ctx context.Context, layers []v1.Layer) error {
	f.hidden, f.emptied, f.merged = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, layer := range slices.Backward(layers) {
		err := f.readLayer(ctx, i, layer)
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return nil
}

func (f *flattening) readLayer(ctx context.Context, i int, layer v1.Layer) error {
	content, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer content.Close()
	var hides, empties, merges []string
	archive := tar.NewReader(content)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name := path.Clean("/" + header.Name)
		dir, last := path.Split(name)
		if last == opaqueWhiteout {
			empties = append(empties, path.Clean(dir))
			continue
		}
		if removed, ok := strings.CutPrefix(last, whiteoutPrefix); ok {
			hides = append(hides, path.Join(dir, removed))
			continue
		}
		directory := header.Typeflag == tar.TypeDir
		if err := f.visit(i, name, !f.hides(name, directory), header, archive); err != nil {
			return err
		}
		if directory {
			merges = append(merges, name)
		} else {
			hides = append(hides, name)
		}
	}
	for set, names := range map[*map[string]bool][]string{&f.hidden: hides, &f.emptied: empties, &f.merged: merges} {
		for _, name := range names {
			(*set)[name] = true
		}
	}
	_, err = io.Copy(io.Discard, content) // the digest is checked at the end
	return err
}

// hides reports whether a layer above the current one hides the path.
func (f *flattening) hides(name string, directory bool) bool {
	if f.hidden[name] || f.merged[name] && !directory {
		return true
	}
	for name != "/" {
		name = path.Dir(name)
		if f.hidden[name] || f.emptied[name] {
			return true
		}
	}
	return false
}
