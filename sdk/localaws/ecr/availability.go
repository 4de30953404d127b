package ecr

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// BatchLayerInput is the input of BatchCheckLayerAvailability: at most 100 digests.
type BatchLayerInput struct {
	RepositoryInput

	LayerDigests []string `json:"layerDigests"`
}

// Layer says whether a repository has a layer: LayerAvailability is AVAILABLE or UNAVAILABLE.
type Layer struct {
	LayerDigest       string `json:"layerDigest"`
	LayerAvailability string `json:"layerAvailability"`
	LayerSize         int64  `json:"layerSize,omitempty"`
}

// LayerFailure is what is not a digest.
type LayerFailure struct {
	LayerDigest   string `json:"layerDigest"`
	FailureCode   string `json:"failureCode"`
	FailureReason string `json:"failureReason"`
}

// BatchLayerOutput is the answer of BatchCheckLayerAvailability.
type BatchLayerOutput struct {
	Layers   []Layer        `json:"layers"`
	Failures []LayerFailure `json:"failures"`
}

// BatchCheckLayerAvailability tells which layers a repository has.
func (s *Service) BatchCheckLayerAvailability(ctx context.Context, in BatchLayerInput) (BatchLayerOutput, error) {
	out := BatchLayerOutput{Layers: []Layer{}, Failures: []LayerFailure{}}
	if len(in.LayerDigests) == 0 || len(in.LayerDigests) > maxBatch {
		return out, invalid("'layerDigests' failed to satisfy constraint: 'Member must have length between 1 and %d'", maxBatch)
	}
	err := s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		for _, text := range in.LayerDigests {
			digest, err := v1.NewHash(text)
			if err != nil {
				out.Failures = append(out.Failures, LayerFailure{text, "InvalidLayerDigest", "Invalid layer digest"})
				continue
			}
			size, ok := r.layers.size(digest)
			out.Layers = append(out.Layers, Layer{text, map[bool]string{true: "AVAILABLE", false: "UNAVAILABLE"}[ok], size})
		}
		return nil
	})
	return out, err
}

// DownloadInput is the input of GetDownloadUrlForLayer.
type DownloadInput struct {
	RepositoryInput

	LayerDigest string `json:"layerDigest"`
}

// DownloadOutput is the answer of GetDownloadUrlForLayer.
type DownloadOutput struct {
	DownloadUrl string `json:"downloadUrl"`
	LayerDigest string `json:"layerDigest"`
}

// GetDownloadUrlForLayer answers with an address that holds the login, as AWS's holds a signature.
func (s *Service) GetDownloadUrlForLayer(ctx context.Context, in DownloadInput) (DownloadOutput, error) {
	digest, err := v1.NewHash(in.LayerDigest)
	if err != nil {
		return DownloadOutput{}, invalid("'layerDigest' failed to satisfy constraint: 'Invalid layer digest'")
	}
	err = s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		if !r.layers.has(digest) {
			return wire.Errorf("LayersNotFoundException", "The layer with digest '%s' does not exist in the repository with name '%s' in the "+
				"registry with id '%s'", digest, r.RepositoryName, wire.AccountID)
		}
		return nil
	})
	address := fmt.Sprintf("http://%s:%s@%s/v2/%s/blobs/%s",
		registryUser, registryPassword, wire.CallFrom(ctx).Host, in.RepositoryName, digest)
	return DownloadOutput{DownloadUrl: address, LayerDigest: in.LayerDigest}, err
}
