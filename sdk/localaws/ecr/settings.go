package ecr

import (
	"context"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	mutable   = "MUTABLE"
	immutable = "IMMUTABLE"
)

// PutImageTagMutabilityInput is the input of PutImageTagMutability: MUTABLE or IMMUTABLE.
type PutImageTagMutabilityInput struct {
	RepositoryInput

	ImageTagMutability string `json:"imageTagMutability"`
}

// PutImageTagMutabilityOutput repeats what was set.
type PutImageTagMutabilityOutput = PutImageTagMutabilityInput

// PutImageTagMutability says whether a tag may be moved to another image.
func (s *Service) PutImageTagMutability(ctx context.Context, in PutImageTagMutabilityInput) (PutImageTagMutabilityOutput, error) {
	if err := checkMutability(in.ImageTagMutability); err != nil {
		return PutImageTagMutabilityOutput{}, err
	}
	err := s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		r.ImageTagMutability = in.ImageTagMutability
		return nil
	})
	in.RegistryId = wire.AccountID
	return in, err
}

// PutImageScanningConfigurationInput is the input of PutImageScanningConfiguration.
type PutImageScanningConfigurationInput struct {
	RepositoryInput

	ImageScanningConfiguration ScanningConfiguration `json:"imageScanningConfiguration"`
}

// PutImageScanningConfigurationOutput repeats what was set.
type PutImageScanningConfigurationOutput = PutImageScanningConfigurationInput

// PutImageScanningConfiguration says whether images are scanned when they are pushed.
func (s *Service) PutImageScanningConfiguration(
	ctx context.Context, in PutImageScanningConfigurationInput,
) (PutImageScanningConfigurationOutput, error) {
	err := s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		r.ImageScanningConfiguration = in.ImageScanningConfiguration
		return nil
	})
	in.RegistryId = wire.AccountID
	return in, err
}

func checkMutability(value string) error {
	if value != mutable && value != immutable {
		return invalid("'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: [MUTABLE, IMMUTABLE]'")
	}
	return nil
}
