package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// lambdaPull lets Lambda pull from a repository of its own account and region, which Lambda would otherwise add itself, if the
// caller happened to be permitted and no other function was being created at that moment.
const lambdaPull = `{"Version":"2012-10-17","Statement":[{"Sid":"LambdaPull","Effect":"Allow",` +
	`"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`

// Encryption says how a repository's images are encrypted, which cannot be changed later. The zero value is ECR's default, AES256.
type Encryption struct {
	// Type is AES256, KMS or KMS_DSSE.
	Type string
	// KMSKeyARN is the key for KMS; empty for the account's key aws/ecr.
	KMSKeyARN string
}

func (e Encryption) input() *types.EncryptionConfiguration {
	if e == (Encryption{}) {
		return nil
	}
	input := &types.EncryptionConfiguration{EncryptionType: types.EncryptionType(cmp.Or(e.Type, string(types.EncryptionTypeKms)))}
	if e.KMSKeyARN != "" {
		input.KmsKey = &e.KMSKeyARN
	}
	return input
}

// Repository is a repository as ECR has it.
type Repository struct {
	// URL is host/name.
	URL           string
	Encryption    Encryption
	ImmutableTags bool
	ScanOnPush    bool
	// HasPolicy says whether it has a policy; one that is not ours is somebody's decision.
	HasPolicy bool
}

// CreateRepository makes a repository with immutable tags, scan on push and the policy that lets Lambda pull, and returns its
// URL (host/name). The error is an [ExistsError] if there is a repository of this name. If the policy cannot be set, the
// repository is deleted again.
func (c *Cloud) CreateRepository(ctx context.Context, name string, encryption Encryption, tags map[string]string) (string, error) {
	output, err := c.ecr.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             &name,
		EncryptionConfiguration:    encryption.input(),
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
	if err := c.setPolicy(ctx, name); err != nil {
		if undo := c.DeleteRepository(context.WithoutCancel(ctx), name, true, nil); undo != nil {
			err = fmt.Errorf("%w; and then: %w", err, undo)
		}
		return "", err
	}
	return aws.ToString(output.Repository.RepositoryUri), nil
}

// EnsureRepository returns the URL (host/name) of a repository, which it makes like CreateRepository if there is none. One that is there
// stays what it is; only if it has no policy at all, as after a crash, it gets the one that lets Lambda pull. It does so once for each
// name; concurrent callers, in this process or another, get the same repository.
func (c *Cloud) EnsureRepository(ctx context.Context, name string, tags map[string]string) (string, error) {
	c.mu.Lock()
	ensured, ok := c.repositories[name]
	if !ok {
		ensured = &remembered[string]{}
		c.repositories[name] = ensured
	}
	c.mu.Unlock()
	return ensured.get(ctx, func(ctx context.Context) (string, error) { return c.ensureRepository(ctx, name, tags) })
}

func (c *Cloud) ensureRepository(ctx context.Context, name string, tags map[string]string) (string, error) {
	repositoryURL, err := c.FindRepository(ctx, name)
	if IsNotFound(err) {
		repositoryURL, err = c.CreateRepository(ctx, name, Encryption{}, tags)
		if !IsExists(err) {
			return repositoryURL, err
		}
		repositoryURL, err = c.FindRepository(ctx, name) // somebody was faster
	}
	if err != nil {
		return "", err
	}
	if has, err := c.HasPolicy(ctx, name); err == nil && !has {
		return repositoryURL, c.setPolicy(ctx, name)
	}
	return repositoryURL, nil // who may not see the policy cannot mend it either
}

func (c *Cloud) setPolicy(ctx context.Context, name string) error {
	_, err := retry(ctx, func() (*ecr.SetRepositoryPolicyOutput, error) {
		return c.ecr.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name, PolicyText: aws.String(lambdaPull)})
	})
	if err != nil {
		return fmt.Errorf("let Lambda pull from repository %s: %w", name, err)
	}
	return nil
}

// FindRepository returns the URL (host/name) of a repository, or a [NotFoundError].
func (c *Cloud) FindRepository(ctx context.Context, name string) (string, error) {
	found, err := c.describeRepository(ctx, name)
	if err != nil {
		return "", err
	}
	return aws.ToString(found.RepositoryUri), nil
}

func (c *Cloud) describeRepository(ctx context.Context, name string) (*types.Repository, error) {
	output, err := c.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if hasCode(err, "RepositoryNotFoundException") || err == nil && len(output.Repositories) == 0 {
		return nil, &NotFoundError{Object: "repository " + name}
	}
	if err != nil {
		return nil, fmt.Errorf("find repository %s: %w", name, err)
	}
	return &output.Repositories[0], nil
}

// ReadRepository returns a repository with its settings, in two calls, or a [NotFoundError].
func (c *Cloud) ReadRepository(ctx context.Context, name string) (*Repository, error) {
	found, err := c.describeRepository(ctx, name)
	if err != nil {
		return nil, err
	}
	repository := &Repository{
		URL:           aws.ToString(found.RepositoryUri),
		ImmutableTags: found.ImageTagMutability == types.ImageTagMutabilityImmutable,
		ScanOnPush:    found.ImageScanningConfiguration != nil && found.ImageScanningConfiguration.ScanOnPush,
	}
	if encryption := found.EncryptionConfiguration; encryption != nil {
		repository.Encryption = Encryption{Type: string(encryption.EncryptionType), KMSKeyARN: aws.ToString(encryption.KmsKey)}
	}
	repository.HasPolicy, err = c.HasPolicy(ctx, name)
	return repository, err
}

// HasPolicy reports whether a repository has a policy, without which Lambda cannot pull. The error is a [NotFoundError] if there is no
// such repository.
func (c *Cloud) HasPolicy(ctx context.Context, name string) (bool, error) {
	_, err := c.ecr.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &name})
	switch {
	case hasCode(err, "RepositoryPolicyNotFoundException"):
		return false, nil
	case hasCode(err, "RepositoryNotFoundException"):
		return false, &NotFoundError{Object: "repository " + name}
	case err != nil:
		return false, fmt.Errorf("read policy of repository %s: %w", name, err)
	default:
		return true, nil
	}
}

// MendRepository gives a repository back what CreateRepository gave it, should it be different by now: immutable tags, scan on push,
// and a policy if it has none. The encryption cannot be changed.
func (c *Cloud) MendRepository(ctx context.Context, name string) error {
	found, err := c.ReadRepository(ctx, name)
	if err != nil {
		return err
	}
	if !found.ImmutableTags {
		_, err := c.ecr.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{
			RepositoryName: &name, ImageTagMutability: types.ImageTagMutabilityImmutable,
		})
		if err != nil {
			return fmt.Errorf("make the tags of repository %s immutable: %w", name, err)
		}
	}
	if !found.ScanOnPush {
		_, err := c.ecr.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
			RepositoryName: &name, ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
		})
		if err != nil {
			return fmt.Errorf("have the images of repository %s scanned: %w", name, err)
		}
	}
	if !found.HasPolicy {
		return c.setPolicy(ctx, name)
	}
	return nil
}

// ForeignImagesError says that a repository was not deleted because it holds images of somebody else's.
type ForeignImagesError struct {
	// Repository is the name of the repository.
	Repository string
	// Images are the tags of each image, or else its digest.
	Images []string
}

// Error returns the repository and the first of its images.
func (e *ForeignImagesError) Error() string {
	const most = 5
	images := strings.Join(e.Images[:min(most, len(e.Images))], ", ")
	if len(e.Images) > most {
		images += fmt.Sprintf(" and %d more", len(e.Images)-most)
	}
	return fmt.Sprintf("repository %s holds images that were not pushed from here: %s", e.Repository, images)
}

// DeleteRepository deletes a repository. Without force, it holds nothing but images that own claims, given their digest, or the error is
// a [ForeignImagesError] and nothing is deleted. That it does not exist is fine.
func (c *Cloud) DeleteRepository(ctx context.Context, name string, force bool, own func(ctx context.Context, digest string) (bool, error)) error {
	if !force {
		if err := c.deleteOwnImages(ctx, name, own); err != nil {
			return err
		}
	}
	_, err := c.ecr.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &name, Force: force})
	if err := ignore(err, "RepositoryNotFoundException"); err != nil {
		return fmt.Errorf("delete repository %s: %w", name, err)
	}
	return nil
}

func (c *Cloud) deleteOwnImages(ctx context.Context, name string, own func(ctx context.Context, digest string) (bool, error)) error {
	images, err := c.images(ctx, name, types.TagStatusAny)
	if IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var digests []string
	foreign := &ForeignImagesError{Repository: name}
	for _, image := range images {
		digest := aws.ToString(image.ImageDigest)
		ours, err := own(ctx, digest)
		if err != nil {
			return fmt.Errorf("delete repository %s: %w", name, err)
		}
		if !ours {
			foreign.Images = append(foreign.Images, imageName(image))
		}
		digests = append(digests, digest)
	}
	if len(foreign.Images) > 0 {
		return foreign
	}
	if err := c.deleteImages(ctx, name, digests); err != nil {
		return fmt.Errorf("delete images of repository %s: %w", name, err)
	}
	return nil
}

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
