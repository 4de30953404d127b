package ecr

import (
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

func TestImageOpensWhatWasPushed(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir(), nil, slog.New(slog.DiscardHandler))
	registry := httptest.NewServer(s.Registry())
	t.Cleanup(registry.Close)
	if _, err := s.CreateRepository(t.Context(), CreateRepositoryInput{RepositoryInput: RepositoryInput{RepositoryName: "team/acme"}}); err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(&authn.Basic{Username: "AWS", Password: "any"})
	repository := strings.TrimPrefix(registry.URL, "http://") + "/team/acme"
	parse := func(tag string) name.Reference {
		t.Helper()
		reference, err := name.ParseReference(repository + tag)
		if err != nil {
			t.Fatal(err)
		}
		return reference
	}
	image, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(1024, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parse(":v1"), image, login); err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(parse(":all"), index, login); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{repository + ":v1", repository + "@" + digest.String(), "any.host:1/team/acme@" + digest.String()} {
		opened, err := s.Image(t.Context(), uri)
		if err != nil {
			t.Errorf("%s: %s", uri, err)
			continue
		}
		if err := validate.Image(opened); err != nil {
			t.Errorf("%s: %s", uri, err)
		}
		layers, err := opened.Layers()
		if err != nil || len(layers) != 2 {
			t.Fatalf("got %d layers, %v", len(layers), err)
		}
		content, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, content); err != nil || n < 1024 {
			t.Errorf("read %d bytes, %v", n, err)
		}
		if err := content.Close(); err != nil {
			t.Error(err)
		}
	}
	for uri, code := range map[string]string{
		repository + ":v2": "ImageNotFoundException",
		repository + "@sha256:" + strings.Repeat("0", 64):     "ImageNotFoundException",
		strings.Replace(repository, "acme", "none", 1) + ":x": "RepositoryNotFoundException",
		repository + ":all": "UnsupportedImageTypeException",
	} {
		_, err := s.Image(t.Context(), uri)
		if apiErr, ok := errors.AsType[*wire.Error](err); !ok || apiErr.Code != code {
			t.Errorf("%s: got %v, want %s", uri, err, code)
		}
	}
	if _, err := s.Image(t.Context(), "not a reference"); err == nil {
		t.Error("a malformed URI was accepted")
	}
}
