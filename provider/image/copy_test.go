package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/klauspost/compress/zstd"
)

const (
	directory = tar.TypeDir
	symlink   = tar.TypeSymlink
	hardlink  = tar.TypeLink
)

// tree is what is at paths of an image, see [filesOf].
type tree = map[string]string

// copies returns what copying the path out of an image with these layers puts into an image.
func copies(t *testing.T, path string, layers ...v1.Layer) (map[string]string, error) {
	t.Helper()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	reference := pushed(t, fake, "extension:21", imageOf(t, ociFamily, "linux/amd64", layers...))
	built, err := pack(t, b, Source{Copy: []Copy{{Image: reference, Path: path}}})
	if err != nil {
		if left, _ := filepath.Glob(filepath.Join(b.cache.dir, stagePrefix+"*")); len(left) > 0 {
			t.Errorf("left are %v", left)
		}
		return nil, err
	}
	if err := validate.Image(built.Image); err != nil {
		t.Error(err)
	}
	return filesOf(t, layerAt(t, built.Image, -2)), nil
}

func TestCopy(t *testing.T) {
	t.Parallel()
	lower := []file{
		{name: "opt", kind: directory}, {name: "opt/extensions", kind: directory}, {name: "opt/extensions/agent", content: "old"},
		{name: "opt/extensions/gone", content: "x"}, {name: "opt/extensions/lib/a", content: "a"}, {name: "opt/extensions/lib/b", content: "b"},
		{name: "etc/passwd", content: "root"}, {name: "bin/busybox", content: "busybox"}, {name: "bin/sh", kind: hardlink, link: "bin/busybox"},
		{name: "bin/ash", kind: hardlink, link: "/bin/sh"}, {name: "usr/lib/libc.so", content: "libc"},
		{name: "lib", kind: symlink, link: "usr/lib"},
	}
	for name, c := range map[string]struct {
		path   string
		layers [][]file
		want   tree
	}{
		"directory": {"/opt/extensions", [][]file{lower}, tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/agent": "old",
			"/opt/extensions/gone": "x", "/opt/extensions/lib": "/", "/opt/extensions/lib/a": "a", "/opt/extensions/lib/b": "b"}},
		"file": {"/opt/extensions/agent", [][]file{lower}, tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/agent": "old"}},
		"upper layers": {"/opt/extensions", [][]file{lower, {
			{name: "./opt/extensions/agent", content: "new"}, {name: "opt/extensions/.wh.gone"}, {name: "opt/extensions/lib/.wh..wh..opq"},
			{name: "opt/extensions/lib/c", content: "c"}, {name: "opt/extensions/none", kind: directory}, {name: "opt2/x", content: "x"},
		}}, tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/agent": "new", "/opt/extensions/lib": "/",
			"/opt/extensions/lib/c": "c", "/opt/extensions/none": "/"}},
		"removed and made again": {"/opt/extensions",
			[][]file{lower, {{name: "opt/.wh.extensions"}}, {{name: "opt/extensions/n", content: "n"}}},
			tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/n": "n"}},
		"directory in the place of a file": {"/opt/extensions/agent", [][]file{lower, {
			{name: "opt/extensions/agent", kind: directory}, {name: "opt/extensions/agent/x", content: "x"}}},
			tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/agent": "/", "/opt/extensions/agent/x": "x"}},
		"file in the place of a directory": {"/opt/extensions/lib", [][]file{lower, {{name: "opt/extensions/lib", content: "file"}}},
			tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/lib": "file"}},
		"hard link":           {"/bin/sh", [][]file{lower}, tree{"/bin": "/", "/bin/sh": "busybox"}},
		"hard link to a link": {"/bin/ash", [][]file{lower}, tree{"/bin": "/", "/bin/ash": "busybox"}},
		"hard links": {"/bin", [][]file{lower},
			tree{"/bin": "/", "/bin/busybox": "busybox", "/bin/sh": "busybox", "/bin/ash": "busybox"}},
		"hard link to old file": {"/bin", [][]file{lower, {{name: "bin/busybox", content: "new"}}},
			tree{"/bin": "/", "/bin/busybox": "new", "/bin/sh": "busybox", "/bin/ash": "busybox"}},
		"through a link": {"/lib/libc.so", [][]file{lower}, tree{"/lib": "/", "/lib/libc.so": "libc"}},
		"a link":         {"/lib", [][]file{lower}, tree{"/lib": "/", "/lib/libc.so": "libc"}},
		"links inside": {"/opt", [][]file{{{name: "opt/v1/bin", content: "1"}, {name: "opt/current", kind: symlink, link: "v1"},
			{name: "opt/bin", kind: symlink, link: "/opt/v1/bin"}, {name: "opt/log", kind: symlink, link: "/tmp/log"}}},
			tree{"/opt": "/", "/opt/v1": "/", "/opt/v1/bin": "1", "/opt/current": "-> v1",
				"/opt/bin": "-> /opt/v1/bin", "/opt/log": "-> /tmp/log"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			layers := make([]v1.Layer, len(c.layers))
			for i, files := range c.layers {
				layers[i] = layerOfFiles(t, files...)
			}
			got, err := copies(t, c.path, layers...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPathsThatCannotBeCopied(t *testing.T) {
	t.Parallel()
	var many []file
	for i := range 30 {
		many = append(many, file{name: fmt.Sprintf("many/f%02d", i), content: "x"})
	}
	layer := layerOfFiles(t, append(many, file{name: "opt/extensions/agent", content: "x"}, file{name: "opt/layers/x", content: "x"},
		file{name: "out/link", kind: symlink, link: "../etc/passwd"}, file{name: "dev/x", kind: tar.TypeChar},
		file{name: "loop/a", kind: symlink, link: "b"}, file{name: "loop/b", kind: symlink, link: "a"},
		file{name: "broken/a", kind: hardlink, link: "none"}, file{name: "fifo/x", kind: tar.TypeFifo}, file{name: "app", content: "x"})...)
	for path, says := range map[string][]string{
		"/opt/extension":         {"has no /opt/extension", "/opt holds extensions, layers"},
		"/many/x":                {"/many holds f00, f01, ", "f09, …"},
		"/opt/extensions/a/b":    {"/opt/extensions holds agent"},
		"/none/x":                {"/ holds app, broken, "},
		"/out":                   {"/out/link is a symbolic link to /etc/passwd", "copy that too"},
		"/fifo":                  {"neither a file, a directory nor a link"},
		"/loop/a":                {"in circles"},
		"/broken":                {"broken"},
		"/":                      {"whole image"},
		"opt":                    {"not absolute"},
		"/opt/../opt/extensions": {"write /opt/extensions"},
		"/dev/x":                 {"Lambda puts its own"},
		"/app":                   {"/app", "the image itself"},
	} {
		t.Run(strings.ReplaceAll(path, "/", "_"), func(t *testing.T) {
			t.Parallel()
			_, err := copies(t, path, layer)
			refused(t, err, SourceError{Field: "Copy.Path"}, says...)
		})
	}
	_, err := copies(t, "/opt")
	if err == nil {
		t.Error("something was copied out of an empty image")
	}
	refused(t, err, SourceError{Field: "Copy.Path"}, "is empty")
}

func TestCopiesAreFetchedOnce(t *testing.T) {
	t.Parallel()
	fake, dir, client := newFakeRegistry(t), t.TempDir(), NewRegistry(nil)
	amd := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "opt/extensions/agent", content: "amd64"}))
	arm := imageOf(t, ociFamily, "linux/arm64", layerOfFiles(t, file{name: "opt/extensions/agent", content: "arm64"}))
	images := map[string]v1.Image{"linux/amd64": amd, "linux/arm64": arm}
	reference := pushed(t, fake, "extension:21", indexOf(t, types.OCIImageIndex, images))
	src := Source{Copy: []Copy{{Image: reference, Path: "/opt/extensions"}}, Architecture: "arm64"}
	first := mustPack(t, NewBuilder(dir, client), src)
	if got := filesOf(t, layerAt(t, first.Image, -2)); got["/opt/extensions/agent"] != "arm64" {
		t.Errorf("copied are %v, want those of the platform", got)
	}
	fake.take()
	src.Labels = map[string]string{"another": "image"}
	second := mustPack(t, NewBuilder(dir, client), src)
	if got := fake.take(); len(got) != 1 || got[0] != "HEAD /v2/extension/manifests/21" {
		t.Errorf("the second time takes %v, want one HEAD", got)
	}
	src.Labels = nil
	if third := mustPack(t, NewBuilder(t.TempDir(), client), src); third.Digest != first.Digest || second.Digest == first.Digest {
		t.Error("the same copy makes another image")
	}
	pinned := src
	pinned.Copy = []Copy{{Image: fake.host + "/extension@" + digestOf(t, arm), Path: "/opt/extensions"}}
	if byDigest := mustPack(t, NewBuilder(t.TempDir(), client), pinned); byDigest.Digest != first.Digest {
		t.Error("the same copy by digest makes another image")
	}
	inputs := func(src Source) string {
		t.Helper()
		c, err := NewBuilder(dir, client).resolve(t.Context(), src)
		if err != nil {
			t.Fatal(err)
		}
		return c.inputs()["copied_files"]
	}
	before := inputs(src)
	moved := layerOfFiles(t, file{name: "opt/extensions/agent", content: "new"})
	pushed(t, fake, "extension:21", imageOf(t, ociFamily, "linux/arm64", moved))
	if inputs(src) == before {
		t.Error("a moved tag changes nothing")
	}
}

func TestCopiesAndFilesInOnePlace(t *testing.T) {
	t.Parallel()
	fake, local := newFakeRegistry(t), filepath.Join(t.TempDir(), "local")
	write(t, "local", local)
	one := pushed(t, fake, "one:1", imageOf(t, ociFamily, "linux/amd64",
		layerOfFiles(t, file{name: "opt/extensions/one", content: "1"}, file{name: "opt/x", content: "1"})))
	two := pushed(t, fake, "two:1", imageOf(t, ociFamily, "linux/amd64",
		layerOfFiles(t, file{name: "opt/extensions/two", content: "2"}, file{name: "opt/x/y", content: "2"})))
	b := NewBuilder(t.TempDir(), NewRegistry(nil))
	built := mustPack(t, b, Source{Copy: []Copy{{one, "/opt/extensions"}, {two, "/opt/extensions"}},
		Files: map[string]string{"/opt/extensions/three": local}})
	got := filesOf(t, layerAt(t, built.Image, 1), layerAt(t, built.Image, 2), layerAt(t, built.Image, 3))
	want := tree{"/opt": "/", "/opt/extensions": "/", "/opt/extensions/one": "1", "/opt/extensions/two": "2",
		"/opt/extensions/three": "local"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	_, err := pack(t, b, Source{Copy: []Copy{{one, "/opt"}, {two, "/opt"}}})
	refused(t, err, SourceError{Field: "Copy.Path", Index: 1}, "copy[1] wants a ", "copy[0] has a ")
	_, err = pack(t, b, Source{Copy: []Copy{{one, "/opt"}}, Files: map[string]string{"/opt/extensions/one": local}})
	refused(t, err, SourceError{Field: "Files", Key: "/opt/extensions/one"}, "copy[0] has a file")
	_, err = b.resolve(t.Context(), Source{Copy: []Copy{{one, "/opt/x"}}, Files: map[string]string{"/opt/x": local}})
	refused(t, err, SourceError{Field: "Copy.Path"}, `files["/opt/x"] has a file`)
}

// TestAddingBelowLinksOfTheBase is about base images such as Debian's, whose /lib is a link: a directory in its place would take all
// libraries away.
func TestAddingBelowLinksOfTheBase(t *testing.T) {
	t.Parallel()
	fake, dir, client, local := newFakeRegistry(t), t.TempDir(), NewRegistry(nil), filepath.Join(t.TempDir(), "local")
	write(t, "local", local)
	base := pushed(t, fake, "base:1", imageOf(t, ociFamily, "linux/amd64",
		layerOfFiles(t, file{name: "lib", kind: symlink, link: "usr/lib"}, file{name: "var/run", kind: symlink, link: "../run"},
			file{name: "srv", kind: symlink, link: "/lib"}, file{name: "old", kind: symlink, link: "lib"}), layerOfFiles(t, file{name: ".wh.old"})))
	extension := pushed(t, fake, "extension:1", imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "lib/ext/so", content: "so"},
		file{name: "lib/ext/link", kind: symlink, link: "/etc/of-the-base"})))
	src := Source{BaseImage: base, Copy: []Copy{{extension, "/lib/ext"}},
		Files: map[string]string{"/lib/a": local, "/var/run/a": local, "/srv/b": local, "/old/a": local}}
	built := mustPack(t, NewBuilder(dir, client), src)
	want := tree{"/usr": "/", "/usr/lib": "/", "/usr/lib/a": "local", "/usr/lib/b": "local", "/run": "/", "/run/a": "local",
		"/old": "/", "/old/a": "local", "/usr/lib/ext": "/", "/usr/lib/ext/so": "so", "/usr/lib/ext/link": "-> /etc/of-the-base"}
	if diff := cmp.Diff(want, filesOf(t, layerAt(t, built.Image, -3), layerAt(t, built.Image, -2))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	fake.take()
	src.Labels = map[string]string{"another": "image"}
	mustPack(t, NewBuilder(dir, client), src)
	for _, request := range fake.take() {
		if strings.HasPrefix(request, "GET ") {
			t.Errorf("the second time takes %s", request)
		}
	}
}

func TestCopyOfZstdLayers(t *testing.T) {
	t.Parallel()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	content, err := layerOfFiles(t, file{name: "opt/x", content: "x"}).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zipped, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(zipped, content); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	layer := static.NewLayer(out.Bytes(), types.OCILayerZStd)
	img, err := mutate.Append(imageOf(t, ociFamily, "linux/amd64"), mutate.Addendum{Layer: layer, MediaType: types.OCILayerZStd})
	if err != nil {
		t.Fatal(err)
	}
	built := mustPack(t, b, Source{Copy: []Copy{{pushed(t, fake, "zstd:1", img), "/opt/x"}}})
	if err := validate.Image(built.Image); err != nil {
		t.Error(err)
	}
	if got := filesOf(t, layerAt(t, built.Image, -2)); got["/opt/x"] != "x" {
		t.Errorf("copied are %v", got)
	}
}

func TestDamagedCopiesAreMadeAgain(t *testing.T) {
	t.Parallel()
	fake, dir := newFakeRegistry(t), t.TempDir()
	reference := pushed(t, fake, "extension:1", imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "opt/x", content: "x"})))
	src := Source{Copy: []Copy{{reference, "/opt/x"}}}
	first := mustPack(t, NewBuilder(dir, NewRegistry(nil)), src)
	flip(t, blob(t, dir, first, 1))
	src.Labels = map[string]string{"another": "image"}
	second := mustPack(t, NewBuilder(dir, NewRegistry(nil)), src)
	if err := validate.Image(second.Image); err != nil {
		t.Error(err)
	}
	if got := filesOf(t, layerAt(t, second.Image, 1)); got["/opt/x"] != "x" {
		t.Errorf("copied are %v", got)
	}
}
