package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// appListing is what the binaries that pack packs would print.
const appListing = `{"app":"acme","handlers":{}}`

// pack makes the image of src with some bytes for a binary.
func pack(t testing.TB, b *Builder, src Source) (*Built, error) {
	t.Helper()
	contents, err := b.resolve(t.Context(), src)
	if err != nil {
		return nil, err
	}
	stage, err := b.cache.newStage()
	if err != nil {
		return nil, err
	}
	defer stage.remove()
	binary := filepath.Join(stage.dir, "app")
	write(t, "binary", binary)
	packed, err := stage.pack(t.Context(), contents, binary)
	if err != nil {
		return nil, err
	}
	img, err := packed.image(src, []byte(appListing))
	if err != nil {
		return nil, err
	}
	return b.cache.add(stage, hashed(func(sum hash.Hash) { record(sum, "inputs", fmt.Sprint(contents.inputs())) }), img)
}

func mustPack(t testing.TB, b *Builder, src Source) *Built {
	t.Helper()
	built, err := pack(t, b, src)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// refused fails unless err is a *SourceError that blames at, and says these things.
func refused(t testing.TB, err error, at SourceError, says ...string) {
	t.Helper()
	failed, ok := errors.AsType[*SourceError](err)
	if !ok {
		t.Fatalf("got %v, want a *SourceError of %s", err, at.Field)
	}
	if failed.Field != at.Field || failed.Key != at.Key || failed.Index != at.Index || failed.Err == nil {
		t.Errorf("the error blames %+v, want %+v", failed, at)
	}
	for _, part := range says {
		if !strings.Contains(failed.Reason, part) {
			t.Errorf("the error says %q, want …%s…", failed.Reason, part)
		}
	}
}

// file in the layers of test images; kinds other than files and directories have a link.
type file struct {
	name    string
	kind    byte
	link    string
	content string
}

func layerOfFiles(t testing.TB, files ...file) v1.Layer {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, f := range files {
		kind := f.kind
		if kind == 0 {
			kind = tar.TypeReg
		}
		h := &tar.Header{Name: f.name, Typeflag: kind, Linkname: f.link, Size: int64(len(f.content)), Mode: 0o640, Uid: 7, Uname: "who"}
		if err := archive.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// imageOf layers for a platform, such as linux/amd64, of a family.
func imageOf(t testing.TB, kinds family, platform string, layers ...v1.Layer) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, kinds.manifest), kinds.config)
	for _, l := range layers {
		var err error
		addition := mutate.Addendum{Layer: l, MediaType: kinds.layer, History: v1.History{CreatedBy: "the base"}}
		if img, err = mutate.Append(img, addition); err != nil {
			t.Fatal(err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.OS, p.Architecture, p.Variant
	config.Config = v1.Config{Env: []string{"PATH=/usr/bin"}, Cmd: []string{"sh"}, User: "root",
		Labels: map[string]string{"from": "base", HandlersLabel: `{"app":"other","handlers":{}}`}}
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// pushed puts an image or index into a registry and returns its reference by tag.
func pushed(t testing.TB, f *fakeRegistry, repository string, image remote.Taggable) string {
	t.Helper()
	reference := f.host + "/" + repository
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(tag, image); err != nil {
		t.Fatal(err)
	}
	f.take()
	return reference
}

// filesOf returns what the files of an image hold by path, the targets of links after an arrow, and a slash for directories. It also
// checks that nothing says where it comes from.
func filesOf(t testing.TB, layers ...v1.Layer) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for archive := tar.NewReader(content); ; {
			h, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Unix() != 0 {
				t.Errorf("entry says where it comes from: %+v", h)
			}
			switch {
			case h.Typeflag == tar.TypeDir && h.Mode == 0o755 || h.Name == "tmp/" && h.Mode == 0o1777:
				found["/"+strings.TrimSuffix(h.Name, "/")] = "/"
			case h.Typeflag == tar.TypeReg && h.Mode == 0o555:
				found["/"+h.Name] = string(data)
			case h.Typeflag == tar.TypeSymlink:
				found["/"+h.Name] = "-> " + h.Linkname
			case h.Typeflag == tar.TypeLink && found["/"+h.Linkname] != "":
				found["/"+h.Name] = found["/"+h.Linkname]
			default:
				t.Errorf("entry %+v", h)
			}
		}
		if err := content.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// layerAt returns a layer of an image, counted from the lowest or, if negative, from the uppermost.
func layerAt(t testing.TB, img v1.Image, n int) v1.Layer {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return layers[(n+len(layers))%len(layers)]
}

func TestLabels(t *testing.T) {
	t.Parallel()
	b := NewBuilder(t.TempDir(), NewRegistry(nil))
	plain, labelled := mustPack(t, b, Source{}), mustPack(t, b, Source{Labels: map[string]string{"team": "acme"}})
	config, err := labelled.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Labels; len(got) != 3 || got["team"] != "acme" || got[HandlersLabel] != appListing || got[Label] == "" {
		t.Errorf("labels are %v", got)
	}
	if plain.Digest == labelled.Digest || plain.Fingerprint == labelled.Fingerprint {
		t.Error("a label changes nothing")
	}
	for label, says := range map[string]string{HandlersLabel: "choose another name", Label: "choose another name", "": "without a name"} {
		_, err := pack(t, b, Source{Labels: map[string]string{label: "x"}})
		refused(t, err, SourceError{Field: "Labels", Key: label}, says)
	}
}

func TestLimitsOfImages(t *testing.T) {
	t.Parallel()
	layersOf := func(n int) *pinned { return &pinned{manifest: &v1.Manifest{Layers: make([]v1.Descriptor, n)}} }
	many, large := layersOf(maxLayers), layersOf(2)
	large.manifest.Layers[1].Size = maxImageSize + 1
	refused(t, (&contents{base: many}).checkLimits(), SourceError{Field: "BaseImage"}, "128 layers", "127")
	refused(t, (&contents{base: large}).checkLimits(), SourceError{Field: "BaseImage"}, "10 GB")
	refused(t, (&contents{files: []addedFile{{size: maxImageSize}, {size: 1}}}).checkLimits(), SourceError{Field: "Files"}, "10 GB")
	if err := (&contents{base: layersOf(maxLayers - 1)}).checkLimits(); err != nil {
		t.Error(err)
	}
}

// TestBuildWithContents is all of it together, with a real app.
func TestBuildWithContents(t *testing.T) {
	t.Parallel()
	fake, local, cache := newFakeRegistry(t), filepath.Join(t.TempDir(), "acme.yaml"), t.TempDir()
	write(t, "a: 1", local)
	base := imageOf(t, dockerFamily, "linux/amd64", layerOfFiles(t, file{name: "etc/os-release", content: "base"}))
	extension := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "opt/extensions/agent", content: "agent"}))
	src := Source{
		Package: filepath.Join(acme(t), "cmd", "acme"), BaseImage: pushed(t, fake, "base:1", base),
		Files: map[string]string{"/etc/acme.yaml": local}, Labels: map[string]string{"team": "acme"},
		Copy: []Copy{{pushed(t, fake, "extension:1", extension), "/opt/extensions"}},
	}
	first := build(t, NewBuilder(cache, NewRegistry(nil)), src)
	fake.take()
	second := build(t, NewBuilder(cache, NewRegistry(nil)), src)
	for _, request := range fake.take() {
		if strings.HasPrefix(request, "GET ") && request != "GET /v2/" {
			t.Errorf("the second time takes %s", request)
		}
	}
	elsewhere := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	for _, built := range []*Built{second, elsewhere} {
		if err := built.Matches(first.Inputs, first.Digest); err != nil {
			t.Error(err)
		}
	}
	checkPushed(t, NewRegistry(nil), newFakeRegistry(t).host+"/acme", second)
	mirrored, mirror := src, newFakeRegistry(t)
	mirrored.BaseImage = pushed(t, mirror, "mirror/base:1", base)
	third := build(t, NewBuilder(cache, NewRegistry(nil)), mirrored)
	if err := third.Matches(first.Inputs, first.Digest); err != nil {
		t.Error(err)
	}
	fake.take()
	checkPushed(t, NewRegistry(nil), newFakeRegistry(t).host+"/acme", third)
	if got := fake.take(); len(got) > 0 {
		t.Errorf("a base image of a mirror takes %v of the other registry", got)
	}
	for _, kind := range []string{"base_image", "added_files", "copied_files", "labels"} {
		if first.Inputs[kind] == "" {
			t.Errorf("the inputs %v lack %s", first.Inputs, kind)
		}
	}
	if _, there := first.Inputs["certificates"]; there {
		t.Error("certificates are an input of an image on a base")
	}
	write(t, "a: 2", local)
	changed := build(t, NewBuilder(cache, NewRegistry(nil)), src)
	if changed.Digest == first.Digest || changed.Inputs["added_files"] == first.Inputs["added_files"] {
		t.Error("a changed file changes nothing")
	}
	if first.App.Name == "" || first.Architecture != "x86_64" || first.Size <= 0 {
		t.Errorf("built is %+v", first)
	}
}
