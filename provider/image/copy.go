package image

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copied is a file or directory of another image, pinned.
type copied struct {
	index int // in Source.Copy
	image *pinned
	path  string
}

// copiedEntry is what was found at, or below, a copied path. Modes are as of added files; owners, times and extended attributes are
// not copied.
type copiedEntry struct {
	Path      string `json:"path"`
	Directory bool   `json:"directory,omitempty"`
	// Link is the target of a symbolic link.
	Link string `json:"link,omitempty"`
}

func (b *Builder) pinCopy(ctx context.Context, index int, wanted Copy, goarch string) (copied, error) {
	if why := checkPath(wanted.Path); why != "" {
		return copied{}, because(SourceError{Field: "Copy.Path", Index: index}, ErrInvalid, "%s", why)
	}
	image, err := b.pin(ctx, SourceError{Field: "Copy.Image", Index: index}, "image "+wanted.Image, wanted.Image, goarch)
	return copied{index: index, image: image, path: wanted.Path}, err
}

// extraction copies a path out of an image. Where the path leads through symbolic links, or hard links lead out of it, more than one
// pass over the layers is needed, and the first ones tell where to look.
type extraction struct {
	from copied
	at   string // where it is put
	root string // where the path leads
	// linked are files outside of root, or hidden there, that hard links in root need, with the links' paths.
	linked map[linkTarget][]string

	// Of one pass:
	w       *layerWriter
	entries []copiedEntry
	written map[linkTarget]string // paths of files in the copy by where they came from
	met     map[linkTarget]bool   // of those in linked
	beside  map[string]bool       // names in the directory near, the last on the way to root
	near    string
	again   bool
}

// linkTarget is a path in one layer, which is what hard links lead to.
type linkTarget struct {
	layer int
	path  string
}

// maxPasses over the layers of an image that is copied from; links of links need more than two.
const maxPasses = 16

// extract writes what is at the path into a layer, at another path, and returns what that is.
func (s *stage) extract(ctx context.Context, from copied, at string, layers []v1.Layer) (*writtenLayer, []copiedEntry, error) {
	x := &extraction{from: from, at: at, root: from.path, linked: map[linkTarget][]string{}}
	for range maxPasses {
		written, err := s.layer("copy "+from.path, func(archive *tar.Writer) error { return x.pass(ctx, archive, layers) })
		if err != nil {
			return nil, nil, err
		}
		if x.again {
			continue
		}
		if len(x.entries) == 0 {
			return nil, nil, x.missing()
		}
		return written, x.entries, nil
	}
	return nil, nil, x.invalid("its links lead in circles; copy where they lead to")
}

func (x *extraction) pass(ctx context.Context, archive *tar.Writer, layers []v1.Layer) error {
	x.w, x.entries, x.written = newLayerWriter(archive), nil, map[linkTarget]string{}
	x.met, x.beside, x.near, x.again = map[linkTarget]bool{}, map[string]bool{}, "", false
	return (&flattening{visit: x.visit}).read(ctx, layers)
}

func (x *extraction) visit(layer int, name string, visible bool, header *tar.Header, content io.Reader) error {
	if links := x.linked[linkTarget{layer, name}]; len(links) > 0 {
		x.met[linkTarget{layer, name}] = true
		// The first link gets the contents; the links that follow find them there.
		return x.place(linkTarget{layer, name}, links[0], header, content)
	}
	switch {
	case !visible:
		return nil
	case within(x.root, name) && (name != x.root || header.Typeflag != tar.TypeSymlink):
		return x.place(linkTarget{layer, name}, x.at+name[len(x.root):], header, content)
	case within(name, x.root) && header.Typeflag == tar.TypeSymlink:
		x.root, x.again = path.Join(resolveLink(name, header.Linkname), x.root[len(name):]), true
		x.linked = map[linkTarget][]string{}
		return errEnough
	}
	x.note(name)
	return nil
}

// place writes an entry of the image at its path in the copy.
func (x *extraction) place(from linkTarget, at string, header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeDir:
		if !x.w.made[at] {
			x.entries = append(x.entries, copiedEntry{Path: at, Directory: true})
		}
		return x.w.directory(at, directoryMode)
	case tar.TypeReg:
		x.entries = append(x.entries, copiedEntry{Path: at})
		x.written[from] = at
		return x.w.file(at, header.Size, content)
	case tar.TypeSymlink:
		x.entries = append(x.entries, copiedEntry{Path: at, Link: header.Linkname})
		x.written[from] = at
		return x.w.link(tar.TypeSymlink, at, header.Linkname)
	case tar.TypeLink:
		target := linkTarget{from.layer, path.Clean("/" + header.Linkname)}
		if first, ok := x.written[target]; ok {
			x.written[from] = at
			if first == at {
				return nil
			}
			x.entries = append(x.entries, copiedEntry{Path: at})
			return x.w.link(tar.TypeLink, at, first)
		}
		if len(x.linked[target]) > 0 && !x.met[target] {
			return x.invalid("%s is a hard link to %s, which is not there; the image is broken", from.path, target.path)
		}
		if !slices.Contains(x.linked[target], at) {
			x.linked[target] = append(x.linked[target], at)
		}
		x.again = true
		return nil
	}
	return x.invalid("%s is neither a file, a directory nor a link; copy the files beside it by themselves", from.path)
}

// maxBeside of names that are remembered to say what is there instead of a missing path, and how many of them are said.
const (
	maxBeside = 1000
	sayBeside = 10
)

// note remembers what is in the last directory on the way to root.
func (x *extraction) note(name string) {
	dir := path.Dir(name)
	for !within(dir, x.root) {
		name, dir = dir, path.Dir(dir)
	}
	if name == "/" {
		return
	}
	if len(dir) > len(x.near) {
		x.near, x.beside = dir, map[string]bool{}
	}
	if dir == x.near && len(x.beside) < maxBeside {
		x.beside[path.Base(name)] = true
	}
}

func (x *extraction) missing() error {
	if len(x.beside) == 0 {
		return x.invalid("it has no %s; the image is empty", x.from.path)
	}
	names := slices.Sorted(maps.Keys(x.beside))
	more := ""
	if len(names) > sayBeside {
		names, more = names[:sayBeside], ", …"
	}
	return x.invalid("it has no %s; %s holds %s%s", x.from.path, x.near, strings.Join(names, ", "), more)
}

func (x *extraction) invalid(format string, args ...any) error {
	return x.from.invalid(format, args...)
}

func (c copied) invalid(format string, args ...any) error {
	return because(SourceError{Field: "Copy.Path", Index: c.index}, ErrInvalid, "copy %s of image %s: %s",
		c.path, c.image.reference, fmt.Sprintf(format, args...))
}

// within reports whether name is dir or below it.
func within(dir, name string) bool {
	return name == dir || dir == "/" || strings.HasPrefix(name, dir+"/")
}

// resolveLink returns the absolute path that the symbolic link at name leads to.
func resolveLink(name, target string) string {
	if path.IsAbs(target) {
		return path.Clean(target)
	}
	return path.Join(path.Dir(name), target)
}
