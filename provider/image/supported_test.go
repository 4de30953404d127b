package image

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestImagesThatLambdaRefuses(t *testing.T) {
	t.Parallel()
	fake := newFakeRegistry(t)
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	zstd, err := mutate.Append(empty.Image, mutate.Addendum{Layer: static.NewLayer([]byte("zstd"), types.OCILayerZStd)})
	if err != nil {
		t.Fatal(err)
	}
	client := NewRegistry(nil)
	for says, image := range map[string]remote.Taggable{"--provenance=false": index, "compression=gzip": zstd} {
		uri := fmt.Sprintf("%s/%.8s:latest", fake.host, strings.Trim(says, "-"))
		tag, err := name.NewTag(uri)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Push(tag, image); err != nil {
			t.Fatal(err)
		}
		_, err = client.Describe(t.Context(), uri)
		if _, ok := errors.AsType[*UnsupportedError](err); !ok || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an *UnsupportedError …%s…", err, says)
		}
	}
	fake.take()
	err = client.Push(t.Context(), fake.host+"/acme", zstd)
	if _, ok := errors.AsType[*UnsupportedError](err); !ok || len(fake.take()) > 0 {
		t.Errorf("got %v, want an *UnsupportedError before any request", err)
	}
}

func TestImagesWithoutHandlers(t *testing.T) {
	t.Parallel()
	fake, client := newFakeRegistry(t), NewRegistry(nil)
	plain, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, img := range map[string]v1.Image{"no label": plain, "wrong label": appImage(t, `{"app":""}`)} {
		if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
			t.Fatal(err)
		}
		described, err := client.Describe(t.Context(), fake.host+"/acme@"+digestOf(t, img))
		if err != nil || described.App.Name != "" || described.Ours {
			t.Errorf("%s: got %+v, %v, want no app", name, described, err)
		}
	}
}
