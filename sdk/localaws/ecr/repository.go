package ecr

import (
	"cmp"
	"context"
	"regexp"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	pageSize    = 100  // default maxResults of all lists
	maxPageSize = 1000 // likewise, the most
	aes256      = "AES256"
)

// repositoryName is the pattern of ECR's API model; names have 2 to 256 characters.
var repositoryName = regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// Repository is a repository as ECR answers with it.
type Repository struct {
	RepositoryArn              string                  `json:"repositoryArn"`
	RegistryId                 string                  `json:"registryId"`
	RepositoryName             string                  `json:"repositoryName"`
	RepositoryUri              string                  `json:"repositoryUri"`
	CreatedAt                  wire.Epoch              `json:"createdAt"`
	ImageTagMutability         string                  `json:"imageTagMutability"`
	ImageScanningConfiguration ScanningConfiguration   `json:"imageScanningConfiguration"`
	EncryptionConfiguration    EncryptionConfiguration `json:"encryptionConfiguration"`
}

// ScanningConfiguration says whether images are scanned when they are pushed. Nothing is scanned here.
type ScanningConfiguration struct {
	ScanOnPush bool `json:"scanOnPush"`
}

// EncryptionConfiguration says how images are encrypted: AES256 or KMS. Nothing is encrypted here.
type EncryptionConfiguration struct {
	EncryptionType string `json:"encryptionType"`
	KmsKey         string `json:"kmsKey,omitempty"`
}

// complete checks a configuration and names the key that ECR would use: by default the account's aws/ecr.
func (c EncryptionConfiguration) complete(ctx context.Context) (EncryptionConfiguration, error) {
	switch c.EncryptionType {
	case aes256:
		if c.KmsKey != "" {
			return c, invalid("'encryptionConfiguration' failed to satisfy constraint: 'KMS key must not be specified with encryption type AES256'")
		}
	case "KMS", "KMS_DSSE":
		c.KmsKey = cmp.Or(c.KmsKey, wire.ARN(ctx, "kms", "key/00000000-0000-0000-0000-000000000000"))
	default:
		return c, invalid("'encryptionConfiguration.encryptionType' failed to satisfy constraint: 'Member must satisfy enum value set: " +
			"[AES256, KMS, KMS_DSSE]'")
	}
	return c, nil
}

type repository struct {
	Repository

	tags      map[string]string
	policy    string // empty if none
	lifecycle string // empty if none
	evaluated wire.Epoch
	images    map[string]*image // by digest
	imageTags map[string]string // digest by tag
	layers    layers
}

// answer is a repository under the host that the client knows it by.
func (s *Service) answer(ctx context.Context, r *repository) Repository {
	answer := r.Repository
	answer.RepositoryUri = s.hosts.of(ctx) + "/" + r.RepositoryName
	return answer
}

// repositoryARN is what repositories are known by: two of two regions may have the same name.
func repositoryARN(ctx context.Context, name string) string {
	return wire.ARN(ctx, "ecr", "repository/"+name)
}

// RepositoryOutput is the answer with one repository.
type RepositoryOutput struct {
	Repository Repository `json:"repository"`
}

// RepositoryInput names one repository.
type RepositoryInput struct {
	RegistryId     string `json:"registryId"`
	RepositoryName string `json:"repositoryName"`
}

// CreateRepositoryInput is the input of CreateRepository.
type CreateRepositoryInput struct {
	RepositoryInput

	Tags                       []Tag                    `json:"tags"`
	ImageTagMutability         string                   `json:"imageTagMutability"`
	ImageScanningConfiguration ScanningConfiguration    `json:"imageScanningConfiguration"`
	EncryptionConfiguration    *EncryptionConfiguration `json:"encryptionConfiguration"`
}

// CreateRepository makes an empty repository.
func (s *Service) CreateRepository(ctx context.Context, in CreateRepositoryInput) (RepositoryOutput, error) {
	name := in.RepositoryName
	if !repositoryName.MatchString(name) || len(name) < 2 || len(name) > 256 {
		return RepositoryOutput{}, invalid("'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '%s''",
			repositoryName)
	}
	created := &repository{
		Repository: Repository{
			RepositoryArn:              repositoryARN(ctx, name),
			RegistryId:                 wire.AccountID,
			RepositoryName:             name,
			CreatedAt:                  wire.Epoch{Time: time.Now()},
			ImageTagMutability:         cmp.Or(in.ImageTagMutability, mutable),
			ImageScanningConfiguration: in.ImageScanningConfiguration,
			EncryptionConfiguration:    EncryptionConfiguration{EncryptionType: aes256},
		},
		tags:      tagMap(in.Tags),
		images:    map[string]*image{},
		imageTags: map[string]string{},
	}
	err := checkMutability(created.ImageTagMutability)
	if err != nil {
		return RepositoryOutput{}, err
	}
	if in.EncryptionConfiguration != nil {
		if created.EncryptionConfiguration, err = in.EncryptionConfiguration.complete(ctx); err != nil {
			return RepositoryOutput{}, err
		}
	}
	if err := s.hosts.open(ctx, s.registryOf); err != nil {
		return RepositoryOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.repositories[created.RepositoryArn]; exists {
		return RepositoryOutput{}, wire.Errorf("RepositoryAlreadyExistsException",
			"The repository with name '%s' already exists in the registry with id '%s'", name, wire.AccountID)
	}
	if created.layers, err = s.newLayers(created.RepositoryArn); err != nil {
		return RepositoryOutput{}, err
	}
	s.repositories[created.RepositoryArn] = created
	return RepositoryOutput{s.answer(ctx, created)}, nil
}

// DescribeRepositoriesInput is the input of DescribeRepositories: names, or one page of all. MaxResults is 1 to 1,000, by default 100.
type DescribeRepositoriesInput struct {
	RegistryId      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
	NextToken       string   `json:"nextToken"`
	MaxResults      int      `json:"maxResults"`
}

// DescribeRepositoriesOutput is one page of repositories.
type DescribeRepositoriesOutput struct {
	Repositories []Repository `json:"repositories"`
	NextToken    string       `json:"nextToken,omitempty"`
}

// DescribeRepositories lists the repositories of the call's region, or those that are named.
func (s *Service) DescribeRepositories(ctx context.Context, in DescribeRepositoriesInput) (DescribeRepositoriesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repositories := []Repository{}
	for _, name := range in.RepositoryNames {
		found, err := s.find(ctx, RepositoryInput{RegistryId: in.RegistryId, RepositoryName: name})
		if err != nil {
			return DescribeRepositoriesOutput{}, err
		}
		repositories = append(repositories, s.answer(ctx, found))
	}
	if len(in.RepositoryNames) > 0 {
		return DescribeRepositoriesOutput{Repositories: repositories}, nil
	}
	for arn, candidate := range s.repositories {
		if arn == repositoryARN(ctx, candidate.RepositoryName) {
			repositories = append(repositories, s.answer(ctx, candidate))
		}
	}
	limit, err := pageLimit(in.MaxResults)
	if err != nil {
		return DescribeRepositoriesOutput{}, err
	}
	page, next, err := wire.Page(repositories, func(r Repository) string { return r.RepositoryName },
		in.NextToken, limit, "InvalidParameterException")
	return DescribeRepositoriesOutput{Repositories: page, NextToken: next}, err
}

// DeleteRepositoryInput is the input of DeleteRepository. Force deletes the images too.
type DeleteRepositoryInput struct {
	RepositoryInput

	Force bool `json:"force"`
}

// DeleteRepository deletes a repository.
func (s *Service) DeleteRepository(ctx context.Context, in DeleteRepositoryInput) (RepositoryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in.RepositoryInput)
	if err != nil {
		return RepositoryOutput{}, err
	}
	if len(found.images) > 0 && !in.Force {
		return RepositoryOutput{}, wire.Errorf("RepositoryNotEmptyException",
			"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images",
			in.RepositoryName, wire.AccountID)
	}
	delete(s.repositories, found.RepositoryArn)
	return RepositoryOutput{s.answer(ctx, found)}, found.layers.remove()
}

// find finds a repository of the call's region; the caller holds the lock.
func (s *Service) find(ctx context.Context, in RepositoryInput) (*repository, error) {
	if err := checkRegistry(in.RegistryId); err != nil {
		return nil, err
	}
	found, ok := s.repositories[repositoryARN(ctx, in.RepositoryName)]
	if !ok {
		return nil, notFound(in.RepositoryName)
	}
	return found, nil
}

// withRepository runs fn on a repository under the lock.
func (s *Service) withRepository(ctx context.Context, in RepositoryInput, fn func(*repository) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in)
	if err != nil {
		return err
	}
	return fn(found)
}

func pageLimit(maxResults int) (int, error) {
	if maxResults < 0 || maxResults > maxPageSize {
		return 0, invalid("'maxResults' failed to satisfy constraint: 'Member must have value between 1 and %d'", maxPageSize)
	}
	return cmp.Or(maxResults, pageSize), nil
}
