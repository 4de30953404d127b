package lambda

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/singleflight"
)

// maxImageSize is what an image's files may take, in bytes: Lambda's own limit.
const maxImageSize = 10 << 30

// imageStore keeps unpacked images under dir, each once, in a folder named after the image's digest.
type imageStore struct {
	dir   string
	group singleflight.Group
}

// unpack returns the folder that holds the image's files. An image that is there already, even from an earlier process, is not unpacked again.
func (s *imageStore) unpack(ctx context.Context, image v1.Image) (string, error) {
	digest, err := image.Digest()
	if err != nil {
		return "", fmt.Errorf("read digest: %w", err)
	}
	root := filepath.Join(s.dir, digest.Hex)
	_, err, _ = s.group.Do(digest.Hex, func() (any, error) {
		if _, err := os.Stat(root); err == nil {
			return nil, nil
		}
		return nil, s.unpackTo(ctx, image, root)
	})
	return root, err
}

// unpackTo makes root appear complete or not at all.
func (s *imageStore) unpackTo(ctx context.Context, image v1.Image, root string) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("make folder for images: %w", err)
	}
	partial, err := os.MkdirTemp(s.dir, "unpacking-")
	if err != nil {
		return fmt.Errorf("make folder for image: %w", err)
	}
	defer func() { _ = os.RemoveAll(partial) }() // gone if all went well
	if err := os.Chmod(partial, 0o755); err != nil {
		return fmt.Errorf("make folder for image: %w", err)
	}
	if err := unpackLayers(ctx, image, partial); err != nil {
		return err
	}
	if err := os.Rename(partial, root); err != nil {
		return fmt.Errorf("keep unpacked image: %w", err)
	}
	return nil
}

func unpackLayers(ctx context.Context, image v1.Image, dir string) error {
	layers, err := image.Layers()
	if err != nil {
		return fmt.Errorf("read layers: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	contents := config.RootFS.DiffIDs
	if len(contents) != len(layers) {
		return fmt.Errorf("there are %d layers, but the image says %d", len(layers), len(contents))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open folder for image: %w", err)
	}
	defer func() { _ = root.Close() }()
	left := int64(maxImageSize)
	for i, layer := range layers {
		if err := unpackLayer(ctx, layer, contents[i], root, &left); err != nil {
			return fmt.Errorf("unpack layer %d: %w", i, err)
		}
	}
	return nil
}

// unpackLayer unpacks one layer, whose uncompressed content must have the digest.
func unpackLayer(ctx context.Context, layer v1.Layer, digest v1.Hash, root *os.Root, left *int64) error {
	content, err := layer.Uncompressed()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = content.Close() }()

	sum := sha256.New()
	tee := io.TeeReader(content, sum)
	u := unpacker{root: root, left: left, written: map[string]bool{}}
	for archive := tar.NewReader(tee); ctx.Err() == nil; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if err := u.entry(header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, tee); err != nil { // what follows the archive's end counts for the digest
		return fmt.Errorf("read: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest.Hex {
		return fmt.Errorf("content is sha256:%s, but the image says %s", got, digest)
	}
	return nil
}

// unpacker writes the entries of one layer. All goes through an os.Root, so that no entry reaches outside of it.
type unpacker struct {
	root    *os.Root
	left    *int64          // bytes that the image may still take
	written map[string]bool // paths of this layer, which its own whiteouts do not touch
}

const whiteout, opaque = ".wh.", ".wh..wh..opq"

func (u *unpacker) entry(header *tar.Header, content io.Reader) error {
	name := inside(header.Name)
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	switch {
	case name == ".":
		return nil
	case base == opaque:
		return u.hideLower(dir)
	case strings.HasPrefix(base, whiteout):
		return u.root.RemoveAll(path.Join(dir, strings.TrimPrefix(base, whiteout)))
	}
	if err := u.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for parent := name; parent != "."; parent = path.Dir(parent) {
		u.written[parent] = true
	}
	mode := header.FileInfo().Mode().Perm()
	if header.Typeflag == tar.TypeDir {
		return u.directory(name, mode|0o700) // what follows must get in
	}
	if err := u.root.RemoveAll(name); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeReg:
		return u.file(name, mode, header.Size, content)
	case tar.TypeSymlink:
		return u.root.Symlink(symlinkTarget(dir, header.Linkname), name)
	case tar.TypeLink:
		return u.root.Link(inside(header.Linkname), name)
	}
	return nil // devices and pipes: a function has no use for them
}

func (u *unpacker) directory(name string, mode fs.FileMode) error {
	if info, err := u.root.Lstat(name); err == nil && !info.IsDir() {
		if err := u.root.Remove(name); err != nil {
			return err
		}
	}
	if err := u.root.MkdirAll(name, mode); err != nil {
		return err
	}
	return u.root.Chmod(name, mode)
}

func (u *unpacker) file(name string, mode fs.FileMode, size int64, content io.Reader) error {
	if *u.left -= size; *u.left < 0 {
		return fmt.Errorf("the image's files take more than %d bytes", int64(maxImageSize))
	}
	file, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return u.root.Chmod(name, mode) // whatever the umask
}

// hideLower removes from dir what lower layers put there.
func (u *unpacker) hideLower(dir string) error {
	entries, err := fs.ReadDir(u.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case !u.written[name]:
			err = u.root.RemoveAll(name)
		case entry.IsDir():
			err = u.hideLower(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inside makes a path of an archive relative to the root, above which it cannot climb.
func inside(name string) string {
	return path.Clean("./" + strings.TrimPrefix(path.Clean("/"+name), "/"))
}

// symlinkTarget rewrites the target of a link in dir to one that means the same below the unpacked root: absolute targets become
// relative, and ".." ends at the root as it does in a container.
func symlinkTarget(dir, target string) string {
	if !path.IsAbs(target) {
		target = path.Join("/", dir, target)
	}
	relative, err := filepath.Rel(filepath.Join("/", dir), path.Clean(target))
	if err != nil { // cannot be: both are absolute
		return "."
	}
	return filepath.ToSlash(relative)
}
