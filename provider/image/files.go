package image

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// addedFile is a file or directory of this machine that goes into an image.
type addedFile struct {
	path      string // in the image
	key       string // of Source.Files that it comes with
	local     string
	directory bool
	size      int64
	sum       string // SHA-256 of a file's contents, in hexadecimal
}

// findFiles returns the files and directories of Source.Files, with all that is in them, sorted by their paths in the image. Symbolic
// links are followed: what they lead to is in the image. In a directory they may not lead out of it, so that a stray link does not
// publish what nobody meant to.
func findFiles(ctx context.Context, wanted map[string]string) ([]addedFile, error) {
	var found []addedFile
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		finder := &fileFinder{key: name}
		if why := checkPath(name); why != "" {
			return nil, finder.invalid("%s", why)
		}
		if wanted[name] == "" {
			return nil, finder.invalid("no local file is given for %s: give a path", name)
		}
		root, err := filepath.Abs(wanted[name])
		if err != nil {
			return nil, finder.blame(err)
		}
		if finder.root, err = followed(root); err != nil {
			return nil, finder.blame(err)
		}
		if err := finder.find(finder.root, name, nil); err != nil {
			return nil, err
		}
		found = append(found, finder.found...)
	}
	slices.SortStableFunc(found, func(a, b addedFile) int { return strings.Compare(a.path, b.path) })
	var regular []int
	var paths []string
	for i, f := range found {
		if !f.directory {
			regular, paths = append(regular, i), append(paths, f.local)
		}
	}
	sums, err := hashFiles(ctx, paths)
	if err != nil {
		return nil, (&fileFinder{}).blame(err)
	}
	for n, i := range regular {
		found[i].sum = sums[n]
	}
	return found, nil
}

// fileFinder walks what one element of Source.Files names.
type fileFinder struct {
	key   string
	root  string // local, without symbolic links
	found []addedFile
}

// find adds what is at a real path of this machine; above are the directories that it was reached through.
func (f *fileFinder) find(local, name string, above []string) error {
	info, err := os.Stat(local)
	switch {
	case err != nil:
		return f.blame(err)
	case info.Mode().IsRegular():
		f.found = append(f.found, addedFile{path: name, key: f.key, local: local, size: info.Size()})
		return nil
	case !info.IsDir():
		return f.invalid("%s is neither a file nor a directory (%s), it cannot be in an image: leave it out", local, info.Mode().Type())
	case slices.Contains(above, local):
		return f.invalid("%s is reached again by a symbolic link in itself: remove the link", local)
	}
	f.found = append(f.found, addedFile{path: name, key: f.key, local: local, directory: true})
	entries, err := os.ReadDir(local)
	if err != nil {
		return f.blame(err)
	}
	for _, entry := range entries {
		inner := filepath.Join(local, entry.Name())
		if strings.HasPrefix(entry.Name(), whiteoutPrefix) {
			return f.invalid("%s", takesAway(inner))
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := followed(inner)
			if err != nil {
				return f.blame(err)
			}
			if target != f.root && !strings.HasPrefix(target, f.root+string(filepath.Separator)) {
				return f.invalid("%s is a symbolic link out of %s, to %s: put the file there, or name it by itself", inner, f.root, target)
			}
			inner = target
		}
		if err := f.find(inner, path.Join(name, entry.Name()), append(slices.Clip(above), local)); err != nil {
			return err
		}
	}
	return nil
}

// followed returns where a path leads through symbolic links. Its errors name the path as it was given.
func followed(local string) (string, error) {
	if _, err := os.Stat(local); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(local)
}

func (f *fileFinder) invalid(format string, args ...any) error {
	return because(SourceError{Field: "Files", Key: f.key}, ErrInvalid, "%s", fmt.Sprintf(format, args...))
}

// blame explains why a local file cannot be read.
func (f *fileFinder) blame(err error) error {
	failed, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return err
	}
	hint := "check the file"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "check the path, which is relative to where Terraform runs, and links in it"
	case errors.Is(err, fs.ErrPermission):
		hint = "let this user read it"
	}
	return because(SourceError{Field: "Files", Key: f.key}, err, "%s cannot be read: %v; %s", failed.Path, failed.Err, hint)
}

// writeFiles packs the files, which must still be those that were hashed.
func writeFiles(ctx context.Context, archive *tar.Writer, files []addedFile) error {
	w := newLayerWriter(archive)
	for _, f := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.directory {
			if err := w.directory(f.path, directoryMode); err != nil {
				return err
			}
			continue
		}
		if err := w.local(f); err != nil {
			return err
		}
	}
	return nil
}

// local writes a file of this machine.
func (w *layerWriter) local(f addedFile) error {
	file, err := os.Open(f.local)
	if err != nil {
		return fmt.Errorf("add %s: %w: %w", f.local, errSourceChanged, err)
	}
	defer file.Close()
	sum := sha256.New()
	err = w.file(f.path, f.size, io.TeeReader(io.LimitReader(file, f.size+1), sum))
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && hex.EncodeToString(sum.Sum(nil)) != f.sum {
		return fmt.Errorf("add %s: %w", f.local, errSourceChanged)
	}
	return err
}
