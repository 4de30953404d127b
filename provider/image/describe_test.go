package image

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	fake, client := newFakeRegistry(t), NewRegistry(nil)
	const listing = `{"app":"acme","handlers":{"jobs":{}}}`
	app := App{Name: "acme", Handlers: map[string]Handler{"jobs": {}}}
	for name, test := range map[string]struct {
		architecture string
		labels       map[string]string
		want         Description
	}{
		"ours": {
			"arm64", map[string]string{Label: "1", HandlersLabel: listing}, Description{App: app, Architecture: "arm64", Ours: true},
		},
		"somebody's":    {"amd64", map[string]string{HandlersLabel: listing}, Description{App: app, Architecture: "x86_64"}},
		"another app's": {"amd64", map[string]string{HandlersLabel: "acme"}, Description{Architecture: "x86_64"}},
		"plain":         {"riscv64", nil, Description{Architecture: "riscv64"}},
	} {
		img, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		config.Architecture, config.Config = test.architecture, v1.Config{Labels: test.labels}
		if img, err = mutate.ConfigFile(img, config); err != nil {
			t.Fatal(err)
		}
		if err := client.Push(t.Context(), fake.host+"/acme", img); err != nil {
			t.Fatal(err)
		}
		fake.take()
		got, err := client.Describe(t.Context(), fake.host+"/acme@"+digestOf(t, img))
		if err != nil {
			t.Errorf("%s: %s", name, err)
			continue
		}
		if diff := cmp.Diff(&test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if n := len(fake.take()); n > 3 { // one to log in, the manifest, and the configuration
			t.Errorf("%s: %d requests", name, n)
		}
	}
	_, err := client.Describe(t.Context(), fake.host+"/acme:absent")
	if _, ok := errors.AsType[*RegistryError](err); !ok || !strings.Contains(err.Error(), "has not lost the image") {
		t.Errorf("an image that is not there: got %v", err)
	}
}
