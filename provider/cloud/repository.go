package cloud

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// RegistryLogin is how to reach the account's container registry.
type RegistryLogin struct {
	// Host is the registry's host, with a port if it is not the usual one.
	Host string
	// Username and Password are good for 12 hours.
	Username, Password string
}

// Login returns how to reach the account's registry in this region. It asks once.
func (c *Cloud) Login(ctx context.Context) (*RegistryLogin, error) {
	return c.login.get(ctx, func(ctx context.Context) (*RegistryLogin, error) {
		output, err := c.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
		if err != nil {
			return nil, fmt.Errorf("log in to the container registry of region %s: %w", c.Region, err)
		}
		if len(output.AuthorizationData) == 0 {
			return nil, fmt.Errorf("log in to the container registry of region %s: AWS sent no token", c.Region)
		}
		token := output.AuthorizationData[0]
		endpoint, err := url.Parse(aws.ToString(token.ProxyEndpoint))
		if err != nil {
			return nil, fmt.Errorf("log in to the container registry of region %s: %w", c.Region, err)
		}
		decoded, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationToken))
		if err != nil {
			return nil, fmt.Errorf("log in to the container registry of region %s: the token is malformed", c.Region)
		}
		username, password, _ := strings.Cut(string(decoded), ":")
		return &RegistryLogin{Host: endpoint.Host, Username: username, Password: password}, nil
	})
}

// lambdaPull lets Lambda pull from a repository of its own account and region, which Lambda would otherwise add itself, if the
// caller happened to be permitted and no other function was being created at that moment.
const lambdaPull = `{"Version":"2012-10-17","Statement":[{"Sid":"LambdaPull","Effect":"Allow",` +
	`"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`

// CreateRepository makes a repository with immutable tags, scan on push and the policy that lets Lambda pull, and returns its
// URI (host/name). The error is an [ExistsError] if there is a repository of this name. If the policy cannot be set, the
// repository is deleted again.
func (c *Cloud) CreateRepository(ctx context.Context, name string, tags map[string]string) (string, error) {
	output, err := c.ecr.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             &name,
		ImageTagMutability:         types.ImageTagMutabilityImmutable,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
		Tags:                       ecrTags(tags),
	})
	if hasCode(err, "RepositoryAlreadyExistsException") {
		return "", &ExistsError{Object: "a repository named " + name}
	}
	if err != nil {
		return "", fmt.Errorf("create repository %s: %w", name, err)
	}
	_, err = retry(ctx, func() (*ecr.SetRepositoryPolicyOutput, error) {
		return c.ecr.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name, PolicyText: aws.String(lambdaPull)})
	})
	if err != nil {
		err = fmt.Errorf("let Lambda pull from repository %s: %w", name, err)
		if undo := c.DeleteRepository(context.WithoutCancel(ctx), name, true); undo != nil {
			err = fmt.Errorf("%w; and then: %w", err, undo)
		}
		return "", err
	}
	return aws.ToString(output.Repository.RepositoryUri), nil
}

// FindRepository returns the URI (host/name) of a repository, or a [NotFoundError].
func (c *Cloud) FindRepository(ctx context.Context, name string) (string, error) {
	output, err := c.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if hasCode(err, "RepositoryNotFoundException") || err == nil && len(output.Repositories) == 0 {
		return "", &NotFoundError{Object: "repository " + name}
	}
	if err != nil {
		return "", fmt.Errorf("find repository %s: %w", name, err)
	}
	return aws.ToString(output.Repositories[0].RepositoryUri), nil
}

// DeleteRepository deletes a repository; one that holds images only with force. That it does not exist is fine.
func (c *Cloud) DeleteRepository(ctx context.Context, name string, force bool) error {
	_, err := c.ecr.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &name, Force: force})
	if err := ignore(err, "RepositoryNotFoundException"); err != nil {
		return fmt.Errorf("delete repository %s: %w", name, err)
	}
	return nil
}

// HasImage reports whether a repository of the account holds the image with this digest. The error is a [NotFoundError] if there is
// no such repository.
func (c *Cloud) HasImage(ctx context.Context, name, digest string) (bool, error) {
	_, err := c.ecr.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &name,
		ImageIds:       []types.ImageIdentifier{{ImageDigest: &digest}},
	})
	if hasCode(err, "RepositoryNotFoundException") {
		return false, &NotFoundError{Object: "repository " + name}
	}
	if hasCode(err, "ImageNotFoundException") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find image %s in repository %s: %w", digest, name, err)
	}
	return true, nil
}

// LatestImage returns the digest and the size in bytes of the image that was pushed last, or a [NotFoundError].
func (c *Cloud) LatestImage(ctx context.Context, name string) (digest string, size int64, err error) {
	images, err := c.images(ctx, name)
	if err != nil {
		return "", 0, err
	}
	if len(images) == 0 {
		return "", 0, &NotFoundError{Object: "an image in repository " + name}
	}
	return aws.ToString(images[0].ImageDigest), aws.ToInt64(images[0].ImageSizeInBytes), nil
}

// DeleteOldImages deletes all images of a repository but the newest keep ones and those with the digests inUse. ECR's own
// lifecycle policies know nothing of use: they would expire the image of a function that was rolled back.
func (c *Cloud) DeleteOldImages(ctx context.Context, name string, keep int, inUse ...string) error {
	images, err := c.images(ctx, name)
	if err != nil {
		return err
	}
	var old []types.ImageIdentifier
	for _, image := range images[min(keep, len(images)):] {
		if !slices.Contains(inUse, aws.ToString(image.ImageDigest)) {
			old = append(old, types.ImageIdentifier{ImageDigest: image.ImageDigest})
		}
	}
	const atOnce = 100 // BatchDeleteImage takes no more
	for batch := range slices.Chunk(old, atOnce) {
		if _, err := c.ecr.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: batch}); err != nil {
			return fmt.Errorf("delete old images of repository %s: %w", name, err)
		}
	}
	return nil
}

// images returns the images of a repository, newest first.
func (c *Cloud) images(ctx context.Context, name string) ([]types.ImageDetail, error) {
	var images []types.ImageDetail
	pages := ecr.NewDescribeImagesPaginator(c.ecr, &ecr.DescribeImagesInput{RepositoryName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "RepositoryNotFoundException") {
			return nil, &NotFoundError{Object: "repository " + name}
		}
		if err != nil {
			return nil, fmt.Errorf("list images of repository %s: %w", name, err)
		}
		images = append(images, page.ImageDetails...)
	}
	slices.SortStableFunc(images, func(a, b types.ImageDetail) int { return pushed(b).Compare(pushed(a)) })
	return images, nil
}

func pushed(image types.ImageDetail) time.Time { return aws.ToTime(image.ImagePushedAt) }

// RepositoryTags returns the tags of a repository.
func (c *Cloud) RepositoryTags(ctx context.Context, name string) (map[string]string, error) {
	resource, err := c.repositoryARN(ctx, name)
	if err != nil {
		return nil, err
	}
	output, err := c.ecr.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &resource})
	if err != nil {
		return nil, fmt.Errorf("read tags of repository %s: %w", name, err)
	}
	tags := map[string]string{}
	for _, tag := range output.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// TagRepository turns the tags old of a repository into the tags want.
func (c *Cloud) TagRepository(ctx context.Context, name string, old, want map[string]string) error {
	set, removed := tagChanges(old, want)
	if len(set)+len(removed) == 0 {
		return nil
	}
	resource, err := c.repositoryARN(ctx, name)
	if err != nil {
		return err
	}
	if len(removed) > 0 {
		if _, err := c.ecr.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &resource, TagKeys: removed}); err != nil {
			return fmt.Errorf("remove tags of repository %s: %w", name, err)
		}
	}
	if len(set) > 0 {
		if _, err := c.ecr.TagResource(ctx, &ecr.TagResourceInput{ResourceArn: &resource, Tags: ecrTags(set)}); err != nil {
			return fmt.Errorf("set tags of repository %s: %w", name, err)
		}
	}
	return nil
}

func (c *Cloud) repositoryARN(ctx context.Context, name string) (string, error) {
	account, err := c.Account(ctx)
	if err != nil {
		return "", err
	}
	return c.arn("ecr", account, "repository/"+name), nil
}

func ecrTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return list
}
