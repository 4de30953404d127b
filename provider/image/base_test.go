package image

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// indexOf images by platform.
func indexOf(t testing.TB, kind types.MediaType, images map[string]v1.Image) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, kind)
	for _, name := range slices.Sorted(maps.Keys(images)) {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: images[name], Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index
}

func TestBaseImage(t *testing.T) {
	t.Parallel()
	for kind, kinds := range map[types.MediaType]family{types.OCIImageIndex: ociFamily, types.DockerManifestList: dockerFamily} {
		for _, byDigest := range []bool{false, true} {
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
				base := imageOf(t, kinds, "linux/arm64/v8", layerOfFiles(t, file{name: "etc/os-release", content: "base"}))
				index := indexOf(t, kind, map[string]v1.Image{
					"linux/arm64/v8": base, "linux/amd64": imageOf(t, kinds, "linux/amd64"), "unknown/unknown": imageOf(t, kinds, "unknown/unknown"),
				})
				reference := pushed(t, fake, "base:latest", index)
				if byDigest {
					reference = fake.host + "/base@" + digestOf(t, index)
				}
				built := mustPack(t, b, Source{BaseImage: reference, Architecture: "arm64", Labels: map[string]string{"team": "acme"}})
				checkOnBase(t, built, base, kinds)
				checkPushed(t, b.registry, newFakeRegistry(t).host+"/acme", built)
				again, err := b.cache.load(built.Fingerprint)
				if err != nil {
					t.Fatal(err)
				}
				checkOnBase(t, again, base, kinds)
				checkPushed(t, b.registry, newFakeRegistry(t).host+"/acme", again)
			})
		}
	}
}

// checkOnBase checks that the image is the app's, on the base.
func checkOnBase(t *testing.T, built *Built, base v1.Image, kinds family) {
	t.Helper()
	if err := validate.Image(built.Image); err != nil {
		t.Error(err)
	}
	config, err := built.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		Entrypoint: []string{"/app"}, User: "65532:65532", WorkingDir: "/", Env: []string{"PATH=/usr/bin"},
		Labels: map[string]string{"from": "base", "team": "acme", HandlersLabel: appListing, Label: config.Config.Labels[Label]},
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if config.OS != "linux" || config.Architecture != "arm64" || config.Variant != "v8" || built.Architecture != "arm64" ||
		config.Created.Unix() != 0 || len(config.History) != 2 || config.History[0].CreatedBy != "the base" {
		t.Errorf("configuration is %+v", config)
	}
	manifest, err := built.Image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != kinds.manifest || manifest.Config.MediaType != kinds.config {
		t.Errorf("the manifest is of type %s, the configuration of %s; want %+v", manifest.MediaType, manifest.Config.MediaType, kinds)
	}
	for _, l := range manifest.Layers {
		if l.MediaType != kinds.layer {
			t.Errorf("a layer is of type %s, want %s", l.MediaType, kinds.layer)
		}
	}
	lowest, err := layerAt(t, base, 0).Digest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Layers[0].Digest != lowest {
		t.Error("the lowest layer is not the base's")
	}
}

// checkPushed pushes the image and reads it back with another client.
func checkPushed(t *testing.T, client *Registry, repository string, built *Built) {
	t.Helper()
	if err := client.Push(t.Context(), repository, built.Image); err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(repository + "@" + built.Digest)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	path, err := layout.Write(t.TempDir(), empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	digest, err := v1.NewHash(built.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = path.Image(digest); err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
}

func TestBaseImageKeepsItsWorkingDirectory(t *testing.T) {
	t.Parallel()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	base, err := mutate.Config(imageOf(t, ociFamily, "linux/amd64"), v1.Config{WorkingDir: "/srv"})
	if err != nil {
		t.Fatal(err)
	}
	config, err := mustPack(t, b, Source{BaseImage: pushed(t, fake, "base:1", base)}).Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.WorkingDir != "/srv" {
		t.Errorf("the working directory is %q", config.Config.WorkingDir)
	}
}

func TestBaseImageIsFetchedOnce(t *testing.T) {
	t.Parallel()
	fake, dir := newFakeRegistry(t), t.TempDir()
	base := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "large", content: "base"}))
	tag := pushed(t, fake, "base:1", indexOf(t, types.OCIImageIndex, map[string]v1.Image{"linux/amd64": base}))
	client := NewRegistry(nil)
	resolve := func(reference string) string {
		t.Helper()
		c, err := NewBuilder(dir, client).resolve(t.Context(), Source{BaseImage: reference})
		if err != nil {
			t.Fatal(err)
		}
		return c.inputs()["base_image"]
	}
	if got := resolve(tag); got != digestOf(t, base) {
		t.Errorf("the base image is %s, want the platform's digest", got)
	}
	if got := fake.take(); len(got) != 5 { // which registry, HEAD tag, GET index, manifest and configuration
		t.Errorf("the first time takes %v", got)
	}
	resolve(tag)
	if got := fake.take(); !slices.Equal(got, []string{"HEAD /v2/base/manifests/1"}) {
		t.Errorf("the second time takes %v, want one HEAD", got)
	}
	resolve(fake.host + "/base@" + digestOf(t, base))
	if got := fake.take(); len(got) > 0 {
		t.Errorf("a digest that is known takes %v", got)
	}
	built := mustPack(t, NewBuilder(dir, client), Source{BaseImage: tag})
	fake.take()
	if err := client.Push(t.Context(), fake.host+"/acme", built.Image); err != nil {
		t.Fatal(err)
	}
	for _, request := range fake.take() {
		if strings.HasPrefix(request, "GET /v2/base/blobs/") {
			t.Errorf("%s: a push to the base's own registry reads its layers", request)
		}
	}
	if names := names(t, dir, "blobs"); slices.Contains(names, strings.TrimPrefix(digestOf(t, layerAt(t, base, 0)), "sha256:")) {
		t.Error("the cache holds the base's layer")
	}
	moved := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "large", content: "moved"}))
	pushed(t, fake, "base:1", moved)
	if got := resolve(tag); got != digestOf(t, moved) {
		t.Errorf("the base image is %s after the tag was moved", got)
	}
}

func TestBaseImagesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	fake := newFakeRegistry(t)
	zstd, err := mutate.Append(imageOf(t, ociFamily, "linux/amd64"),
		mutate.Addendum{Layer: static.NewLayer([]byte("zstd"), types.OCILayerZStd)})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := mutate.Append(imageOf(t, dockerFamily, "linux/amd64"),
		mutate.Addendum{Layer: static.NewLayer([]byte("windows"), types.DockerForeignLayer), MediaType: types.DockerForeignLayer})
	if err != nil {
		t.Fatal(err)
	}
	images := map[string]v1.Image{"linux/arm/v7": imageOf(t, ociFamily, "linux/arm/v7"), "linux/arm64": imageOf(t, ociFamily, "linux/arm64"),
		"windows/amd64:10.0.1": imageOf(t, ociFamily, "windows/amd64"), "unknown/unknown": imageOf(t, ociFamily, "unknown/unknown")}
	artifact := mutate.ConfigMediaType(imageOf(t, ociFamily, "linux/amd64"), "application/vnd.cncf.helm.config.v1+json")
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
		status := map[string]int{"/v2/secret/": http.StatusUnauthorized, "/v2/forbidden/": http.StatusForbidden,
			"/v2/busy/": http.StatusTooManyRequests, "/v2/old/": http.StatusOK}
		for prefix, code := range status {
			if !strings.HasPrefix(r.URL.Path, prefix) {
				continue
			}
			if code == http.StatusOK {
				manifest := `{"schemaVersion":1,"name":"old"}`
				w.Header().Set("Content-Type", string(types.DockerManifestSchema1))
				w.Header().Set("Docker-Content-Digest", digestOfBytes([]byte(manifest)).String())
				w.Header().Set("Content-Length", "32")
				_, _ = io.WriteString(w, manifest)
				return true
			}
			w.WriteHeader(code)
			return true
		}
		return false
	}
	for reference, says := range map[string][]string{
		"not a reference":                       {"is not an image's name", "give [host/]name:tag"},
		fake.host + "/none:1":                   {"does not exist", "check repository and tag"},
		fake.host + "/secret:1":                 {"credentials", "401", "docker login " + fake.host},
		fake.host + "/forbidden:1":              {"credentials", "403"},
		fake.host + "/busy:1":                   {"no more downloads", "mirror"},
		nobody + "/base:1":                      {"does not answer", "check the name, the network"},
		fake.host + "/old:1":                    {"schema 2"},
		pushed(t, fake, "zstd:1", zstd):         {"layer 0", "not gzip"},
		pushed(t, fake, "foreign:1", foreign):   {"layer 0", "foreign"},
		pushed(t, fake, "artifact:1", artifact): {"helm", "not an image"},
		pushed(t, fake, "index:1", indexOf(t, types.OCIImageIndex, images)): {
			"not there for linux/amd64, only for linux/arm/v7, linux/arm64, windows/amd64:10.0.1;"},
		pushed(t, fake, "single:1", images["linux/arm64"]):      {"not there for linux/amd64, only for linux/arm64;"},
		fake.host + "/single@sha256:" + strings.Repeat("0", 64): {"does not exist"},
	} {
		t.Run(strings.TrimPrefix(reference, fake.host+"/"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := NewBuilder(dir, NewRegistry(nil)).resolve(t.Context(), Source{BaseImage: reference})
			refused(t, err, SourceError{Field: "BaseImage"}, append(says, reference)...)
			_, err = NewBuilder(dir, NewRegistry(nil)).resolve(t.Context(), Source{Copy: []Copy{{Image: reference, Path: "/opt"}}})
			if !slices.Contains(says, "not gzip") && !slices.Contains(says, "foreign") {
				refused(t, err, SourceError{Field: "Copy.Image"}, append(says, reference)...)
			}
			for _, file := range filesIn(t, dir) {
				if strings.Contains(file, stagePrefix) {
					t.Errorf("left is %s", file)
				}
			}
		})
	}
}

func TestCancelledResolution(t *testing.T) {
	t.Parallel()
	fake := newFakeRegistry(t)
	ctx, cancel := context.WithCancel(t.Context())
	fake.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).resolve(ctx, Source{BaseImage: fake.host + "/base:1"})
	if _, blamed := errors.AsType[*SourceError](err); blamed || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestManifestWithoutItsType is about manifests as OCI allows them, and digests that a registry does not say in its answer to HEAD.
func TestManifestWithoutItsType(t *testing.T) {
	t.Parallel()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	base := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "x", content: "x"}))
	pushed(t, fake, "base:1", base)
	manifest, err := base.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	manifest = []byte(strings.Replace(string(manifest), `"mediaType":"`+string(types.OCIManifestSchema1)+`",`, "", 1))
	if strings.Contains(string(manifest), string(types.OCIManifestSchema1)) {
		t.Fatal("the manifest has its type still")
	}
	fake.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/v2/base/manifests/") {
			return false
		}
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
		_, _ = w.Write(manifest)
		return true
	}
	built := mustPack(t, b, Source{BaseImage: fake.host + "/base:1"})
	if got, err := built.Image.MediaType(); got != types.OCIManifestSchema1 || err != nil {
		t.Errorf("the image is of type %s, %v", got, err)
	}
}

// TestBaseImageThatLosesALayer is about a registry that cleans up between plan and apply.
func TestBaseImageThatLosesALayer(t *testing.T) {
	t.Parallel()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	base := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "x", content: "x"}))
	built := mustPack(t, b, Source{BaseImage: pushed(t, fake, "base:1", base)})
	fake.empty()
	err := b.registry.Push(t.Context(), newFakeRegistry(t).host+"/acme", built.Image)
	failed, ok := errors.AsType[*RegistryError](err)
	if !ok || !strings.Contains(err.Error(), "read layer "+fake.host+"/base@"+digestOf(t, layerAt(t, base, 0))) ||
		!strings.Contains(err.Error(), "check that base exists") || failed.Hint != "" {
		t.Errorf("got %v, want a *RegistryError that names the base's layer", err)
	}
}
