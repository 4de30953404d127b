package ecr_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// mountFrom sends the first layer of what is in repository from to another, and reports whether that took no more than a mount.
func mountFrom(t *testing.T, server *localaws.Server, from, to, digest string) bool {
	t.Helper()
	answer := send(t, http.MethodPost, server.Endpoint()+"/v2/"+to+"/blobs/uploads/?from="+from+"&mount="+digest, nil, "")
	return answer.StatusCode == http.StatusCreated
}

// send sends a request to the registry; the answer's body is closed.
func send(t *testing.T, method, url string, body io.Reader, contentRange string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("AWS", "any")
	if contentRange != "" {
		r.Header.Set("Content-Range", contentRange)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestLayersAreMountedOnlyIfTheAccountAllowsIt(t *testing.T) {
	t.Parallel()
	server, client := start(t, "base", "acme")
	ctx := t.Context()
	_, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:          aws.String("secret"),
		EncryptionConfiguration: &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms},
	})
	if err != nil {
		t.Fatal(err)
	}
	image := randomImage(t)
	if err := remote.Write(reference(t, server, "base:v1"), image, login); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer := digestOf(t, layers[0])
	setting, err := client.GetAccountSetting(ctx, &ecr.GetAccountSettingInput{Name: aws.String("BLOB_MOUNTING")})
	if err != nil || *setting.Value != "DISABLED" || mountFrom(t, server, "base", "acme", layer) {
		t.Errorf("layers are mounted though blob mounting is %v, %v", setting, err)
	}
	_, err = client.PutAccountSetting(ctx, &ecr.PutAccountSettingInput{Name: aws.String("BLOB_MOUNTING"), Value: aws.String("ENABLED")})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what, from, to, digest string
		want                   bool
	}{
		{"another encryption", "base", "secret", layer, false},
		{"no repository", "absent", "acme", layer, false},
		{"no layer", "acme", "base", digestOf(t, randomImage(t)), false},
		{"a layer", "base", "acme", layer, true},
		{"a layer again", "base", "acme", layer, true},
	} {
		if got := mountFrom(t, server, test.from, test.to, test.digest); got != test.want {
			t.Errorf("%s: mounted %v, want %v", test.what, got, test.want)
		}
	}
	if answer := send(t, http.MethodHead, server.Endpoint()+"/v2/acme/blobs/"+layer, nil, ""); answer.StatusCode != http.StatusOK {
		t.Errorf("the mounted layer: got %s", answer.Status)
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "acme")
	const (
		content = "hello, layer"
		digest  = "sha256:e4943350e8b6650afd257bd0f1e428f302d42f763d9df25e4501fba4710923cc"
	)
	begin := func() string {
		t.Helper()
		answer := send(t, http.MethodPost, server.Endpoint()+"/v2/acme/blobs/uploads/", nil, "")
		if answer.StatusCode != http.StatusAccepted {
			t.Fatalf("begin: got %s", answer.Status)
		}
		return server.Endpoint() + answer.Header.Get("Location")
	}
	expect := func(what string, answer *http.Response, status int) {
		t.Helper()
		if answer.StatusCode != status {
			t.Errorf("%s: got %s, want %d", what, answer.Status, status)
		}
	}
	parts := begin()
	expect("first part", send(t, http.MethodPatch, parts, strings.NewReader(content[:5]), "0-4"), http.StatusAccepted)
	expect("a gap", send(t, http.MethodPatch, parts, strings.NewReader(content[6:]), "6-11"), http.StatusBadRequest)
	expect("second part", send(t, http.MethodPatch, parts, strings.NewReader(content[5:8]), "5-7"), http.StatusAccepted)
	expect("wrong digest", send(t, http.MethodPut, begin()+"?digest="+digest, strings.NewReader("other"), ""), http.StatusBadRequest)
	expect("last part", send(t, http.MethodPut, parts+"?digest="+digest, strings.NewReader(content[8:]), ""), http.StatusCreated)
	expect("again", send(t, http.MethodPut, parts+"?digest="+digest, nil, ""), http.StatusNotFound)
	expect("read", send(t, http.MethodGet, server.Endpoint()+"/v2/acme/blobs/"+digest, nil, ""), http.StatusOK)
	expect("not a digest", send(t, http.MethodGet, server.Endpoint()+"/v2/acme/blobs/sha256:1", nil, ""), http.StatusBadRequest)
	expect("deletion", send(t, http.MethodDelete, server.Endpoint()+"/v2/acme/blobs/"+digest, nil, ""), http.StatusMethodNotAllowed)
}

func TestLayerThatBreaksOffIsForgotten(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "acme")
	host := strings.TrimPrefix(server.Endpoint(), "http://")
	location := send(t, http.MethodPost, server.Endpoint()+"/v2/acme/blobs/uploads/", nil, "").Header.Get("Location")
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	request := "PATCH " + location + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Basic QVdTOmFueQ==\r\nContent-Length: 100\r\n\r\nhalf"
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	half, ok := connection.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T is no TCP connection", connection)
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(connection); err != nil { // until the server has noticed
		t.Fatal(err)
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	answer := send(t, http.MethodPatch, server.Endpoint()+location, strings.NewReader("rest"), "")
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("got %s for an upload that broke off", answer.Status)
	}
}

func TestLayerAvailability(t *testing.T) {
	t.Parallel()
	server, client := start(t, "team/acme")
	ctx, acme := t.Context(), aws.String("team/acme")
	image := randomImage(t)
	if err := remote.Write(reference(t, server, "team/acme:v1"), image, login); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	size, err := layers[0].Size()
	if err != nil {
		t.Fatal(err)
	}
	there, absent := digestOf(t, layers[0]), digestOf(t, randomImage(t))
	got, err := client.BatchCheckLayerAvailability(ctx, &ecr.BatchCheckLayerAvailabilityInput{
		RepositoryName: acme, LayerDigests: []string{there, absent, "sha256:1"},
	})
	if err != nil || len(got.Layers) != 2 || len(got.Failures) != 1 ||
		got.Failures[0].FailureCode != types.LayerFailureCodeInvalidLayerDigest ||
		got.Layers[0].LayerAvailability != types.LayerAvailabilityAvailable || aws.ToInt64(got.Layers[0].LayerSize) != size ||
		got.Layers[1].LayerAvailability != types.LayerAvailabilityUnavailable {
		t.Errorf("got %+v, %v", got, err)
	}
	link, err := client.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RepositoryName: acme, LayerDigest: &there})
	if err != nil {
		t.Fatal(err)
	}
	if content := download(ctx, t, *link.DownloadUrl); int64(len(content)) != size {
		t.Errorf("downloaded %d bytes of %d", len(content), size)
	}
	_, err = client.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RepositoryName: acme, LayerDigest: &absent})
	checkCode(t, "a layer that is not there", err, "LayersNotFoundException")
}

func download(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v", answer.Status, err)
	}
	return content
}

func TestDescribeImagesFilters(t *testing.T) {
	t.Parallel()
	server, client := start(t, "acme")
	ctx, acme := t.Context(), aws.String("acme")
	tagged, untagged := randomImage(t), randomImage(t)
	for ref, image := range map[string]remote.Taggable{"acme:v1": tagged, "acme@" + digestOf(t, untagged): untagged} {
		if err := remote.Push(reference(t, server, ref), image, login); err != nil {
			t.Fatal(err)
		}
	}
	for status, want := range map[types.TagStatus][]string{
		types.TagStatusTagged: {digestOf(t, tagged)}, types.TagStatusUntagged: {digestOf(t, untagged)},
		types.TagStatusAny: {digestOf(t, tagged), digestOf(t, untagged)},
	} {
		var got []string
		pages := ecr.NewDescribeImagesPaginator(client, &ecr.DescribeImagesInput{
			RepositoryName: acme, Filter: &types.DescribeImagesFilter{TagStatus: status}, MaxResults: aws.Int32(1),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, image := range page.ImageDetails {
				got = append(got, *image.ImageDigest)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", status, got, want)
		}
	}
	for what, in := range map[string]ecr.DescribeImagesInput{
		"filter":          {Filter: &types.DescribeImagesFilter{TagStatus: "SOME"}},
		"a page of named": {ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("v1")}}, MaxResults: aws.Int32(1)},
		"too many":        {ImageIds: make([]types.ImageIdentifier, 101)},
	} {
		in.RepositoryName = acme
		_, err := client.DescribeImages(ctx, &in)
		checkCode(t, what, err, "InvalidParameterException")
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for name, test := range map[string]struct {
		configuration types.EncryptionConfiguration
		key           string
		code          string // of the error; none if empty
	}{
		"aes":         {types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256}, "", ""},
		"default-key": {types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms}, "arn:aws:kms:us-east-1:000000000000:key/", ""},
		"own-key": {
			types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms, KmsKey: aws.String("arn:aws:kms:k")}, "arn:aws:kms:k", "",
		},
		"aes-key": {
			types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256, KmsKey: aws.String("key")}, "", "InvalidParameterException",
		},
		"rot-13": {types.EncryptionConfiguration{EncryptionType: "ROT13"}, "", "InvalidParameterException"},
	} {
		out, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{
			RepositoryName: &name, EncryptionConfiguration: &test.configuration,
		})
		if test.code != "" {
			checkCode(t, name, err, test.code)
			continue
		}
		if err != nil || !strings.HasPrefix(aws.ToString(out.Repository.EncryptionConfiguration.KmsKey), test.key) ||
			out.Repository.EncryptionConfiguration.EncryptionType != test.configuration.EncryptionType {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
}
