package cloud

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// pushImage pushes a new image to repository acme, under a tag if one is given, and returns its digest.
func pushImage(t *testing.T, w *watched, tag string) string {
	t.Helper()
	return push(t, w, "acme", tag, newImage(t))
}

// newImage returns an image that there was none like before.
func newImage(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", "amd64", []string{"/app"}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func push(t *testing.T, w *watched, repository, tag string, what interface {
	remote.Taggable
	Digest() (v1.Hash, error)
},
) string {
	t.Helper()
	digest, err := what.Digest()
	if err != nil {
		t.Fatal(err)
	}
	uri := strings.TrimPrefix(w.server.Endpoint(), "http://") + "/" + repository + "@" + digest.String()
	if tag != "" {
		uri, _, _ = strings.Cut(uri, "@")
		uri += ":" + tag
	}
	ref, err := name.ParseReference(uri)
	if err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(&authn.Basic{Username: "AWS", Password: "any"})
	if err := remote.Push(ref, what, login, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// left returns the digests of the images in repository acme, newest first.
func left(t *testing.T, w *watched) []string {
	t.Helper()
	images, err := w.images(t.Context(), "acme", types.TagStatusAny)
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, image := range images {
		digests = append(digests, aws.ToString(image.ImageDigest))
	}
	return digests
}

// run makes function acme of an image, or updates it to run that.
func run(t *testing.T, w *watched, digest string) {
	t.Helper()
	uri := aws.String(strings.TrimPrefix(w.server.Endpoint(), "http://") + "/acme@" + digest)
	_, err := w.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("acme"), Role: aws.String(testRole(t, w)), PackageType: lambdatypes.PackageTypeImage,
		Code: &lambdatypes.FunctionCode{ImageUri: uri},
	})
	if _, exists := errors.AsType[*lambdatypes.ResourceConflictException](err); exists {
		_, err = w.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("acme"), ImageUri: uri})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.waitUpdated(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
}

func testRole(t *testing.T, w *watched) string {
	t.Helper()
	client, roleName := iam.NewFromConfig(w.server.Config()), aws.String("function")
	if found, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: roleName}); err == nil {
		return *found.Role.Arn
	}
	made, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: roleName, AssumeRolePolicyDocument: aws.String(trustLambda("000000000000"))})
	if err != nil {
		t.Fatal(err)
	}
	drain := Permissions{LogGroup: "arn:aws:logs:*:*:log-group", Consume: []string{"*"}}
	if err := w.PutPolicy(t.Context(), *roleName, drain.Document()); err != nil {
		t.Fatal(err)
	}
	return *made.Role.Arn
}

func TestDeleteOldImagesKeepsWhatFunctionsRun(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); err != nil {
		t.Fatal(err)
	}
	tagged := pushImage(t, w, "release")
	var digests []string
	for range 7 {
		digests = append(digests, pushImage(t, w, ""))
	}
	published, running, planned := digests[0], digests[1], digests[3]
	run(t, w, published)
	if _, err := w.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	run(t, w, running)

	w.take()
	if err := w.DeleteOldImages(t.Context(), "acme", 7); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"DescribeImages": 1}, w.take()); diff != "" {
		t.Errorf("calls when nothing would go (-want +got):\n%s", diff)
	}

	w.deny("ListFunctions")
	err := w.DeleteOldImages(t.Context(), "acme", 2, planned)
	unknown, ok := errors.AsType[*UsageError](err)
	if !ok || unknown.Images != 4 || !IsDenied(err) || !strings.Contains(err.Error(), "allow lambda:ListFunctions") || len(left(t, w)) != 8 {
		t.Errorf("without permission: got %v, and %d images are left", err, len(left(t, w)))
	}

	w.deny("")
	if err := w.DeleteOldImages(t.Context(), "acme", 2, planned); err != nil {
		t.Fatal(err)
	}
	want := []string{digests[6], digests[5], planned, running, published, tagged}
	if diff := cmp.Diff(want, left(t, w)); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

func TestDeleteOldImagesPassesOverIndexes(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); err != nil {
		t.Fatal(err)
	}
	old := pushImage(t, w, "")
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	parent := push(t, w, "acme", "all", index)
	if err := w.DeleteOldImages(t.Context(), "acme", 0); err != nil {
		t.Fatal(err)
	}
	if got := left(t, w); len(got) != 3 || !slices.Contains(got, parent) || slices.Contains(got, old) {
		t.Errorf("left %v, want index %s with its two images, and not %s", got, parent, old)
	}
}

func TestDeleteOldImagesTellsWhatFailed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(`{"failures":[{"failureCode":"ImageNotFound","imageId":{"imageDigest":"sha256:1"}},` +
			`{"failureCode":"KmsError","failureReason":"the key is disabled","imageId":{"imageDigest":"sha256:2"}}]}`))
	}))
	t.Cleanup(server.Close)
	w := watch(t)
	config := w.server.Config()
	config.BaseEndpoint = &server.URL
	err := New(config).deleteImages(t.Context(), "acme", []string{"sha256:1", "sha256:2"})
	if err == nil || err.Error() != "sha256:2: KmsError: the key is disabled" {
		t.Errorf("got %v", err)
	}
}

func TestWaitForImage(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); err != nil {
		t.Fatal(err)
	}
	digest := pushImage(t, w, "")
	w.take()
	if err := w.WaitForImage(t.Context(), "acme", digest); err != nil {
		t.Fatal(err)
	}
	if n := w.take()["DescribeImages"]; n != 1 {
		t.Errorf("looked %d times", n)
	}
	looks := 0
	w.fail = func(string) error {
		if looks++; looks == 1 {
			return &types.ImageNotFoundException{Message: aws.String("not yet")}
		}
		if looks == 2 {
			return &types.RepositoryNotFoundException{Message: aws.String("not yet")}
		}
		return nil
	}
	if err := w.WaitForImage(t.Context(), "acme", digest); err != nil || looks != 3 {
		t.Errorf("got %v after %d looks", err, looks)
	}
	w.deny("DescribeImages")
	if err := w.WaitForImage(t.Context(), "acme", digest); err != nil {
		t.Errorf("without permission: got %v", err)
	}
}

func TestLatestImage(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.ecr.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.LatestImage(t.Context(), "acme"); !IsNotFound(err) {
		t.Errorf("an empty repository: got %v", err)
	}
	pushImage(t, w, "b")
	last := pushImage(t, w, "a")
	if digest, size, err := w.LatestImage(t.Context(), "acme"); err != nil || digest != last || size == 0 {
		t.Errorf("got %s of %d bytes, %v, want %s", digest, size, err, last)
	}
}
