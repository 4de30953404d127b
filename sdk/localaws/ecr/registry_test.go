package ecr_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ggcr "github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

var login = remote.WithAuth(&authn.Basic{Username: "AWS", Password: "any"})

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(4096, 3)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(t *testing.T, image interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// reference is what "acme:v1" or "acme@sha256:…" is called in the server's registry.
func reference(t *testing.T, server *localaws.Server, image string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(server.Endpoint(), "http://") + "/" + image)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	server, client := start(t, "team/acme")
	ctx := t.Context()
	docker := randomImage(t)
	oci := mutate.ConfigMediaType(mutate.MediaType(randomImage(t), ggcr.OCIManifestSchema1), ggcr.OCIConfigJSON)
	for tag, image := range map[string]v1.Image{"docker": docker, "oci": oci} {
		if err := remote.Write(reference(t, server, "team/acme:"+tag), image, login, remote.WithContext(ctx)); err != nil {
			t.Fatal(err)
		}
		for _, ref := range []string{"team/acme:" + tag, "team/acme@" + digestOf(t, image)} {
			pulled, err := remote.Image(reference(t, server, ref), login, remote.WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Image(pulled); err != nil {
				t.Errorf("%s: %s", ref, err)
			}
		}
	}
	got, err := client.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: aws.String("team/acme"), ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("oci")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := oci.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	detail := got.ImageDetails[0]
	if *detail.ImageDigest != digestOf(t, oci) || !slices.Equal(detail.ImageTags, []string{"oci"}) || *detail.ImageSizeInBytes != size ||
		*detail.ImageManifestMediaType != string(ggcr.OCIManifestSchema1) || *detail.ArtifactMediaType != string(ggcr.OCIConfigJSON) ||
		detail.ImagePushedAt.IsZero() {
		t.Errorf("got %+v", detail)
	}
	tags, err := remote.List(reference(t, server, "team/acme").Context(), login, remote.WithPageSize(1))
	if err != nil || !slices.Equal(tags, []string{"docker", "oci"}) {
		t.Errorf("tags: got %v, %v", tags, err)
	}
}

func TestPushIsRefused(t *testing.T) {
	t.Parallel()
	server, client := start(t, "acme")
	image := randomImage(t)
	push := func(ref string, options ...remote.Option) error {
		return remote.Write(reference(t, server, ref), image, append(options, remote.WithContext(t.Context()))...)
	}
	check := func(what string, err error, status int, code transport.ErrorCode) {
		t.Helper()
		refused, ok := err.(*transport.Error) // remote returns it as it is
		if !ok || refused.StatusCode != status || (code != "" && refused.Errors[0].Code != code) {
			t.Errorf("%s: got %v, want %d %s", what, err, status, code)
		}
	}
	check("without login", push("acme:v1"), http.StatusUnauthorized, "")
	check("no repository", push("absent:v1", login), http.StatusNotFound, "NAME_UNKNOWN")

	if err := push("acme:v1", login); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutImageTagMutability(t.Context(), &ecr.PutImageTagMutabilityInput{
		RepositoryName: aws.String("acme"), ImageTagMutability: types.ImageTagMutabilityImmutable,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := push("acme:v1", login); err != nil {
		t.Errorf("the same image under the same tag: %s", err)
	}
	image = randomImage(t)
	check("immutable tag", push("acme:v1", login), http.StatusBadRequest, "TAG_INVALID")
	if err := push("acme@"+digestOf(t, image), login); err != nil {
		t.Errorf("by digest: %s", err)
	}
	if err := remote.Delete(reference(t, server, "acme:v1"), login); err == nil {
		t.Error("the registry deleted an image")
	}
}

func TestManifestNeedsItsLayers(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "acme")
	image := randomImage(t)
	manifest, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct{ reference, mediaType, body, code string }{
		"no layers":    {"v1", string(ggcr.DockerManifestSchema2), string(manifest), "BLOB_UNKNOWN"},
		"no JSON":      {"v1", string(ggcr.DockerManifestSchema2), "nothing", "MANIFEST_INVALID"},
		"media type":   {"v1", "text/plain", "{}", "MANIFEST_INVALID"},
		"other digest": {"sha256:" + strings.Repeat("0", 64), string(ggcr.OCIImageIndex), `{}`, "DIGEST_INVALID"},
		"no config":    {"v1", string(ggcr.DockerManifestSchema2), `{"config":{}}`, "BLOB_UNKNOWN"},
	} {
		url := server.Endpoint() + "/v2/acme/manifests/" + test.reference
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("AWS", "any")
		r.Header.Set("Content-Type", test.mediaType)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		refused := transport.CheckError(answer, http.StatusCreated)
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if refused == nil || !strings.Contains(refused.Error(), test.code) {
			t.Errorf("%s: got %v, want %s", what, refused, test.code)
		}
	}
}

func TestIndexIsKept(t *testing.T) {
	t.Parallel()
	server, client := start(t, "acme")
	ctx := t.Context()
	index, err := random.Index(1024, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(reference(t, server, "acme:all"), index, login); err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Index(reference(t, server, "acme:all"), login)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(pulled); err != nil {
		t.Error(err)
	}
	untagged, err := client.ListImages(ctx, &ecr.ListImagesInput{
		RepositoryName: aws.String("acme"), Filter: &types.ListImagesFilter{TagStatus: types.TagStatusUntagged},
	})
	if err != nil || len(untagged.ImageIds) != 2 {
		t.Fatalf("untagged: got %v, %v", untagged, err)
	}
	refused, err := client.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: aws.String("acme"), ImageIds: untagged.ImageIds[:1]})
	if err != nil || len(refused.Failures) != 1 || refused.Failures[0].FailureCode != types.ImageFailureCodeImageReferencedByManifestList {
		t.Errorf("deletion of an image of an index: got %v, %v", refused, err)
	}
}

func TestDeleteImages(t *testing.T) {
	t.Parallel()
	server, client := start(t, "acme")
	ctx, acme := t.Context(), aws.String("acme")
	one, two := randomImage(t), randomImage(t)
	for ref, image := range map[string]v1.Image{"acme:a": one, "acme:b": one, "acme:c": two, "acme:d": two} {
		if err := remote.Write(reference(t, server, ref), image, login); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: acme})
	checkCode(t, "a repository with images", err, "RepositoryNotEmptyException")

	left := func() (ids []string) {
		t.Helper()
		out, err := client.ListImages(ctx, &ecr.ListImagesInput{RepositoryName: acme})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range out.ImageIds {
			ids = append(ids, aws.ToString(id.ImageTag))
		}
		slices.Sort(ids)
		return ids
	}
	for _, test := range []struct {
		what     string
		id       types.ImageIdentifier
		failures int
		left     []string
	}{
		{"one of two tags", types.ImageIdentifier{ImageTag: aws.String("a")}, 0, []string{"b", "c", "d"}},
		{"the last tag", types.ImageIdentifier{ImageTag: aws.String("b")}, 0, []string{"c", "d"}},
		{"no such tag", types.ImageIdentifier{ImageTag: aws.String("b")}, 1, []string{"c", "d"}},
		{"a digest", types.ImageIdentifier{ImageDigest: aws.String(digestOf(t, two))}, 0, nil},
	} {
		out, err := client.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: acme, ImageIds: []types.ImageIdentifier{test.id}})
		if err != nil || len(out.Failures) != test.failures {
			t.Errorf("%s: got %v, %v", test.what, out, err)
		}
		if got := left(); !slices.Equal(got, test.left) {
			t.Errorf("%s: left %v, want %v", test.what, got, test.left)
		}
	}
	if err := remote.Write(reference(t, server, "acme:again"), one, login); err != nil {
		t.Fatal(err)
	}
	got, err := client.BatchGetImage(ctx, &ecr.BatchGetImageInput{RepositoryName: acme, ImageIds: []types.ImageIdentifier{
		{ImageTag: aws.String("again")}, {ImageTag: aws.String("absent")},
	}})
	if err != nil || len(got.Images) != 1 || *got.Images[0].ImageId.ImageDigest != digestOf(t, one) || len(got.Failures) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := client.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: acme, Force: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: acme}); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Image(reference(t, server, "acme:again"), login); err == nil {
		t.Error("the image outlived its repository")
	}
}

func TestRegionsHaveRegistriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	ctx := t.Context()
	digests, hosts := map[string]string{}, map[string]bool{}
	for _, region := range []string{"eu-west-1", "us-east-1", "eu-central-1"} {
		config := server.Config()
		config.Region = region
		client := ecr.NewFromConfig(config)
		token, err := client.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
		if err != nil {
			t.Fatal(err)
		}
		made, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("acme")})
		if err != nil {
			t.Fatal(err)
		}
		uri := aws.ToString(made.Repository.RepositoryUri)
		if got := aws.ToString(token.AuthorizationData[0].ProxyEndpoint) + "/acme"; got != "http://"+uri {
			t.Errorf("%s: one logs in at %s for %s", region, got, uri)
		}
		ref, err := name.ParseReference(uri + ":v1")
		if err != nil {
			t.Fatal(err)
		}
		image := randomImage(t)
		if err := remote.Write(ref, image, login, remote.WithContext(ctx)); err != nil {
			t.Fatal(err)
		}
		digests[region], hosts[ref.Context().RegistryStr()] = digestOf(t, image), true
	}
	if len(hosts) != len(digests) || !hosts[strings.TrimPrefix(server.Endpoint(), "http://")] {
		t.Errorf("got hosts %v, want one for each region, the first that of the API", hosts)
	}
	for region, want := range digests {
		config := server.Config()
		config.Region = region
		output, err := ecr.NewFromConfig(config).DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("acme")})
		if err != nil || len(output.ImageDetails) != 1 || aws.ToString(output.ImageDetails[0].ImageDigest) != want {
			t.Errorf("%s: got %v, %v, want %s", region, output, err, want)
		}
	}
}
