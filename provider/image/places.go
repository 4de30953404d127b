package image

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// place says what is at a path of an image, and who put it there.
type place struct {
	directory bool
	at        SourceError // what is to blame; none for what the image has of its own
}

// places are the paths of an image that were taken, to refuse two things in one place.
type places map[string]place

// newPlaces has what is in every image, or in every image on scratch.
func newPlaces(scratch bool) places {
	p := places{"/": {directory: true}}
	own := []string{binaryPath}
	if scratch {
		own = append(own, certificatesPath)
	}
	for _, name := range own {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			p[dir] = place{directory: true}
		}
		p[name] = place{}
	}
	return p
}

// mounted are directories that Lambda mounts over what an image has there.
var mounted = []string{"/dev", "/proc", "/sys", "/tmp"}

// checkPath returns why nothing can be put at a path of the image.
func checkPath(name string) string {
	switch {
	case !strings.HasPrefix(name, "/"):
		return fmt.Sprintf("%q is not absolute: begin it with /, the image's root", name)
	case name == "/":
		return "/ is the whole image: name a file or directory in it"
	case path.Clean(name) != name:
		return fmt.Sprintf("%s is not a clean path: write %s", name, path.Clean(name))
	case strings.ContainsRune(name, 0):
		return fmt.Sprintf("%q holds a zero byte", name)
	}
	if isMounted(name) {
		return fmt.Sprintf("%s cannot be in an image: Lambda puts its own directory there", name)
	}
	if strings.Contains(name, "/"+whiteoutPrefix) {
		return takesAway(name)
	}
	return ""
}

// takesAway is why a whiteout, in the image or on this machine, cannot be added: it would remove what is beside it.
func takesAway(name string) string {
	return fmt.Sprintf("%s cannot be in an image: names that begin with %s take files away, leave it out", name, whiteoutPrefix)
}

func isMounted(name string) bool {
	return slices.ContainsFunc(mounted, func(dir string) bool { return within(dir, name) })
}

// take notes an entry, or returns a *SourceError if its place or that of a directory above it is taken by something else.
func (p places) take(name string, taker place) error {
	if there, taken := p[name]; taken && there != taker && (!there.directory || !taker.directory) {
		return taker.collides(name, there)
	}
	p[name] = taker
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		if there, taken := p[dir]; !taken {
			p[dir] = place{directory: true, at: taker.at}
		} else if !there.directory {
			return taker.collides(dir, there)
		}
	}
	return nil
}

func (p place) collides(name string, there place) error {
	kinds := map[bool]string{true: "directory", false: "file"}
	return because(p.at, ErrInvalid, "%s wants a %s at %s, where %s has a %s: choose another path",
		p.owner(), kinds[p.directory], name, there.owner(), kinds[there.directory])
}

func (p place) owner() string {
	switch p.at.Field {
	case "":
		return "the image itself"
	case "Files":
		return fmt.Sprintf("files[%q]", p.at.Key)
	}
	return fmt.Sprintf("copy[%d]", p.at.Index)
}

// checkLinks refuses copied symbolic links that lead to nothing in the image. On a base image they may lead to what is in that.
func (c *contents) checkLinks(copies [][]copiedEntry, taken places) error {
	for i, found := range copies {
		for _, f := range found {
			target := resolveLink(f.Path, f.Link)
			if _, there := taken[target]; f.Link == "" || there || c.base != nil || within(c.copies[i].path, target) || isMounted(target) {
				continue
			}
			return c.copies[i].invalid("%s is a symbolic link to %s, which is not in the image: copy that too", f.Path, target)
		}
	}
	return nil
}

// checkPlaces refuses files in the same place, before anything is downloaded or built.
func (c *contents) checkPlaces() error {
	taken := newPlaces(c.base == nil)
	if err := taken.takeFiles(c.files); err != nil {
		return err
	}
	for _, from := range c.copies {
		if there, ok := taken[from.path]; ok && !there.directory {
			return place{at: SourceError{Field: "Copy.Path", Index: from.index}}.collides(from.path, there)
		}
	}
	return nil
}

func (p places) takeFiles(files []addedFile) error {
	for _, f := range files {
		if err := p.take(f.path, place{directory: f.directory, at: SourceError{Field: "Files", Key: f.key}}); err != nil {
			return err
		}
	}
	return nil
}

func (p places) takeCopied(from copied, found []copiedEntry) error {
	for _, f := range found {
		if err := p.take(f.Path, place{directory: f.Directory, at: SourceError{Field: "Copy.Path", Index: from.index}}); err != nil {
			return err
		}
	}
	return nil
}
