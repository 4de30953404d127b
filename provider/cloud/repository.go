package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"

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

// CreateRepository makes a repository with immutable tags, scan on push and the policy that lets Lambda pull, and returns its
// URL (host/name). The error is an [ExistsError] if there is a repository of this name, unless it has the mark of an
// unfinished creation. If the policy cannot be set, the repository is deleted again.
func (c *Cloud) CreateRepository(ctx context.Context, name string, encryption Encryption, tags map[string]string) (string, error) {
	repositoryURL, err := c.createRepository(ctx, name, encryption, tags)
	if IsExists(err) {
		return c.resumeRepository(ctx, name, encryption, tags)
	}
	return repositoryURL, err
}

func (c *Cloud) createRepository(ctx context.Context, name string, encryption Encryption, tags map[string]string) (string, error) {
	output, err := c.ecr.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             &name,
		EncryptionConfiguration:    encryption.input(),
		ImageTagMutability:         types.ImageTagMutabilityImmutable,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
		Tags:                       ecrTags(tags),
	})
	if hasCode(err, "RepositoryAlreadyExistsException") {
		return "", &ExistsError{Object: "a repository named " + name, ID: name}
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

// resumeRepository finishes a repository that an interrupted run left behind. One that is encrypted otherwise is made again, as that cannot
// be changed.
func (c *Cloud) resumeRepository(ctx context.Context, name string, encryption Encryption, tags map[string]string) (string, error) {
	found, err := c.RepositoryTags(ctx, name)
	if err != nil {
		return "", err
	}
	if !IsMarked(found) {
		return "", &ExistsError{Object: "a repository named " + name, ID: name}
	}
	existing, err := c.ReadRepository(ctx, name)
	if err != nil {
		return "", err
	}
	if wanted := encryption.input(); wanted != nil && existing.Encryption.Type != string(wanted.EncryptionType) {
		if err := c.DeleteRepository(ctx, name, true, nil); err != nil {
			return "", err
		}
		return c.CreateRepository(ctx, name, encryption, tags)
	}
	return existing.URL, errors.Join(c.MendRepository(ctx, name), c.TagRepository(ctx, name, found, tags))
}

// EnsureRepository returns the URL (host/name) of a repository, which it makes like CreateRepository if there is none. One that is there
// stays what it is; only if it has no policy at all, as after a crash, it gets the one that lets Lambda pull. It does so once for each
// name; concurrent callers, in this process or another, get the same repository.
func (c *Cloud) EnsureRepository(ctx context.Context, name string, tags map[string]string) (string, error) {
	return c.repositories.Get(ctx, name, func(ctx context.Context) (string, error) { return c.ensureRepository(ctx, name, tags) })
}

func (c *Cloud) ensureRepository(ctx context.Context, name string, tags map[string]string) (string, error) {
	repositoryURL, err := c.FindRepository(ctx, name)
	if IsNotFound(err) {
		repositoryURL, err = c.createRepository(ctx, name, Encryption{}, tags)
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
