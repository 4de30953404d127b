package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

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
	return c.ARN("ecr", account, "repository/"+name), nil
}

func ecrTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return list
}
