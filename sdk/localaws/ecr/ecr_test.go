package ecr_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// start starts a server with the repositories.
func start(t *testing.T, names ...string) (*localaws.Server, *ecr.Client) {
	t.Helper()
	server := localaws.Start(t)
	client := ecr.NewFromConfig(server.Config())
	for _, name := range names {
		if _, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	return server, client
}

func checkCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok || apiErr.ErrorCode() != want {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	ctx := t.Context()
	created, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             aws.String("team/acme"),
		ImageTagMutability:         types.ImageTagMutabilityImmutable,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
		Tags:                       []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}, {Key: aws.String("env"), Value: aws.String("b")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	host, arn := strings.TrimPrefix(server.Endpoint(), "http://"), "arn:aws:ecr:us-east-1:"+wire.AccountID+":repository/team/acme"
	got, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"team/acme"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, r := range map[string]types.Repository{"created": *created.Repository, "described": got.Repositories[0]} {
		if *r.RepositoryUri != host+"/team/acme" || *r.RepositoryArn != arn || *r.RegistryId != wire.AccountID || r.CreatedAt.IsZero() ||
			r.ImageTagMutability != types.ImageTagMutabilityImmutable || !r.ImageScanningConfiguration.ScanOnPush ||
			r.EncryptionConfiguration.EncryptionType != types.EncryptionTypeAes256 {
			t.Errorf("%s: got %+v", what, r)
		}
	}
	_, err = client.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{
		RepositoryName: aws.String("team/acme"), ImageTagMutability: types.ImageTagMutabilityMutable,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
		RepositoryName: aws.String("team/acme"), ImageScanningConfiguration: &types.ImageScanningConfiguration{},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.TagResource(ctx, &ecr.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("c")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"env", "absent"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := client.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "c" {
		t.Errorf("tags: got %v, %v", tags, err)
	}
	got, err = client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	if err != nil || len(got.Repositories) != 1 || got.Repositories[0].ImageTagMutability != types.ImageTagMutabilityMutable ||
		got.Repositories[0].ImageScanningConfiguration.ScanOnPush {
		t.Errorf("changed: got %v, %v", got.Repositories, err)
	}
	elsewhere, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{}, func(o *ecr.Options) { o.Region = "eu-west-1" })
	if err != nil || len(elsewhere.Repositories) != 0 {
		t.Errorf("another region: got %v, %v", elsewhere.Repositories, err)
	}
	if _, err := client.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("team/acme")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"team/acme"}})
	checkCode(t, "after the deletion", err, "RepositoryNotFoundException")
}

func TestRepositoryErrors(t *testing.T) {
	t.Parallel()
	_, client := start(t, "acme")
	ctx, acme, absent := t.Context(), aws.String("acme"), aws.String("absent")
	create := func(in ecr.CreateRepositoryInput) error {
		_, err := client.CreateRepository(ctx, &in)
		return err
	}
	for name, test := range map[string]struct {
		call func() error
		code string
	}{
		"exists":    {func() error { return create(ecr.CreateRepositoryInput{RepositoryName: acme}) }, "RepositoryAlreadyExistsException"},
		"capitals":  {func() error { return create(ecr.CreateRepositoryInput{RepositoryName: aws.String("Acme")}) }, "InvalidParameterException"},
		"traversal": {func() error { return create(ecr.CreateRepositoryInput{RepositoryName: aws.String("../acme")}) }, "InvalidParameterException"},
		"mutability": {func() error {
			return create(ecr.CreateRepositoryInput{RepositoryName: absent, ImageTagMutability: "SOMETIMES"})
		}, "InvalidParameterException"},
		"account": {func() error {
			_, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
				RegistryId: aws.String("111111111111"), RepositoryNames: []string{"acme"},
			})
			return err
		}, "RepositoryNotFoundException"},
		"delete": {func() error {
			_, err := client.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: absent})
			return err
		}, "RepositoryNotFoundException"},
		"page size": {func() error {
			_, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1001)})
			return err
		}, "InvalidParameterException"},
		"token": {func() error {
			_, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{NextToken: aws.String("%")})
			return err
		}, "InvalidParameterException"},
		"no policy": {func() error {
			_, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: acme})
			return err
		}, "RepositoryPolicyNotFoundException"},
		"malformed policy": {func() error {
			_, err := client.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: acme, PolicyText: aws.String(`{"a":1}`)})
			return err
		}, "InvalidParameterException"},
		"no lifecycle policy": {func() error {
			_, err := client.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: acme})
			return err
		}, "LifecyclePolicyNotFoundException"},
		"tags of another account": {func() error {
			_, err := client.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{
				ResourceArn: aws.String("arn:aws:ecr:us-east-1:111111111111:repository/acme"),
			})
			return err
		}, "InvalidParameterException"},
		"no image": {func() error {
			_, err := client.DescribeImages(ctx, &ecr.DescribeImagesInput{
				RepositoryName: acme, ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("v1")}},
			})
			return err
		}, "ImageNotFoundException"},
		"images of no repository": {func() error {
			_, err := client.ListImages(ctx, &ecr.ListImagesInput{RepositoryName: absent})
			return err
		}, "RepositoryNotFoundException"},
	} {
		checkCode(t, name, test.call(), test.code)
	}
}

func TestDescribeRepositoriesPages(t *testing.T) {
	t.Parallel()
	want := []string{"a0", "a1", "b/a", "c-d"}
	_, client := start(t, "c-d", "a1", "a0", "b/a")
	pages := ecr.NewDescribeRepositoriesPaginator(client, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(3)})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Repositories {
			names = append(names, *r.RepositoryName)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	_, client := start(t, "acme")
	ctx, acme := t.Context(), aws.String("acme")
	policy := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}`)
	if _, err := client.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: acme, PolicyText: policy}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: acme})
	if err != nil || *got.PolicyText != *policy {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := client.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: acme}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: acme})
	checkCode(t, "after the deletion", err, "RepositoryPolicyNotFoundException")

	lifecycle := aws.String(`{"rules":[{"rulePriority":1}]}`)
	if _, err := client.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: acme, LifecyclePolicyText: lifecycle}); err != nil {
		t.Fatal(err)
	}
	kept, err := client.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: acme})
	if err != nil || *kept.LifecyclePolicyText != *lifecycle {
		t.Errorf("got %v, %v", kept, err)
	}
}

func TestAuthorizationToken(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	got, err := client.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	data := got.AuthorizationData[0]
	token, err := base64.StdEncoding.DecodeString(*data.AuthorizationToken)
	if err != nil || !strings.HasPrefix(string(token), "AWS:") || *data.ProxyEndpoint != server.Endpoint() {
		t.Errorf("got %q for %s, %v", token, *data.ProxyEndpoint, err)
	}
}
