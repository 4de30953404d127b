package ecr

import (
	"context"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const maxBatch = 100 // images or layers that one call names

// ImageIdentifier names an image by digest, by tag, or by both.
type ImageIdentifier struct {
	ImageDigest string `json:"imageDigest,omitempty"`
	ImageTag    string `json:"imageTag,omitempty"`
}

// identify tells tags from digests.
func identify(tagOrDigest string) ImageIdentifier {
	if strings.HasPrefix(tagOrDigest, "sha256:") {
		return ImageIdentifier{ImageDigest: tagOrDigest}
	}
	return ImageIdentifier{ImageTag: tagOrDigest}
}

// resolve finds the image that id names; the caller holds the lock.
func (r *repository) resolve(id ImageIdentifier) (*image, bool) {
	if id.ImageTag == "" {
		return r.image(id.ImageDigest)
	}
	found, ok := r.image(id.ImageTag)
	return found, ok && (id.ImageDigest == "" || id.ImageDigest == found.digest)
}

func imageNotFound(repositoryName string, id ImageIdentifier) *wire.Error {
	text := func(value string) string {
		if value == "" {
			return "null"
		}
		return "'" + value + "'"
	}
	return wire.Errorf("ImageNotFoundException",
		"The image with imageId {imageDigest:%s, imageTag:%s} does not exist within the repository with name '%s' in the registry with id '%s'",
		text(id.ImageDigest), text(id.ImageTag), repositoryName, wire.AccountID)
}

// Filter chooses images by TagStatus: TAGGED, UNTAGGED or ANY.
type Filter struct {
	TagStatus string `json:"tagStatus"`
}

func (f Filter) check() error {
	if !slices.Contains([]string{"", "TAGGED", "UNTAGGED", "ANY"}, f.TagStatus) {
		return invalid("'filter.tagStatus' failed to satisfy constraint: 'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]'")
	}
	return nil
}

func (f Filter) matches(tags []string) bool {
	return f.TagStatus == "" || f.TagStatus == "ANY" || (f.TagStatus == "TAGGED") == (len(tags) > 0)
}

// DescribeImagesInput is the input of DescribeImages: images, or one page of all that pass the filter.
type DescribeImagesInput struct {
	RepositoryInput

	ImageIds   []ImageIdentifier `json:"imageIds"`
	Filter     Filter            `json:"filter"`
	NextToken  string            `json:"nextToken"`
	MaxResults int               `json:"maxResults"`
}

// ImageDetail describes an image. ImageSizeInBytes is that of its layers and configuration, as they were pushed.
type ImageDetail struct {
	RegistryId             string     `json:"registryId"`
	RepositoryName         string     `json:"repositoryName"`
	ImageDigest            string     `json:"imageDigest"`
	ImageTags              []string   `json:"imageTags,omitempty"`
	ImageSizeInBytes       int64      `json:"imageSizeInBytes"`
	ImagePushedAt          wire.Epoch `json:"imagePushedAt"`
	ImageManifestMediaType string     `json:"imageManifestMediaType"`
	ArtifactMediaType      string     `json:"artifactMediaType,omitempty"`
}

// DescribeImagesOutput is one page of images.
type DescribeImagesOutput struct {
	ImageDetails []ImageDetail `json:"imageDetails"`
	NextToken    string        `json:"nextToken,omitempty"`
}

// check refuses too many images, and pages of images that are named.
func (in DescribeImagesInput) check() error {
	if len(in.ImageIds) > maxBatch {
		return invalid("'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to %d'", maxBatch)
	}
	if len(in.ImageIds) > 0 && (in.NextToken != "" || in.MaxResults > 0) {
		return invalid("'imageIds' failed to satisfy constraint: 'nextToken and maxResults cannot be used with imageIds'")
	}
	return in.Filter.check()
}

// DescribeImages describes images by digest, or those that are named.
func (s *Service) DescribeImages(ctx context.Context, in DescribeImagesInput) (DescribeImagesOutput, error) {
	limit, err := pageLimit(in.MaxResults)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return DescribeImagesOutput{}, err
	}
	var out DescribeImagesOutput
	err = s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		details := []ImageDetail{}
		for _, id := range in.ImageIds {
			found, ok := r.resolve(id)
			if !ok {
				return imageNotFound(in.RepositoryName, id)
			}
			details = append(details, r.describe(found))
		}
		if len(in.ImageIds) > 0 {
			out.ImageDetails = details
			return nil
		}
		for _, candidate := range r.images {
			if detail := r.describe(candidate); in.Filter.matches(detail.ImageTags) {
				details = append(details, detail)
			}
		}
		var err error
		out.ImageDetails, out.NextToken, err = wire.Page(details, func(d ImageDetail) string { return d.ImageDigest },
			in.NextToken, limit, "InvalidParameterException")
		return err
	})
	return out, err
}

func (r *repository) describe(i *image) ImageDetail {
	return ImageDetail{
		RegistryId:             wire.AccountID,
		RepositoryName:         r.RepositoryName,
		ImageDigest:            i.digest,
		ImageTags:              r.tagsOf(i.digest),
		ImageSizeInBytes:       i.size,
		ImagePushedAt:          i.pushedAt,
		ImageManifestMediaType: string(i.mediaType),
		ArtifactMediaType:      i.artifactType,
	}
}

// ListImagesInput is the input of ListImages.
type ListImagesInput struct {
	RepositoryInput

	Filter     Filter `json:"filter"`
	NextToken  string `json:"nextToken"`
	MaxResults int    `json:"maxResults"`
}

// ListImagesOutput is one page of images, with an entry for each tag.
type ListImagesOutput struct {
	ImageIds  []ImageIdentifier `json:"imageIds"`
	NextToken string            `json:"nextToken,omitempty"`
}

// ListImages lists images: once for each tag, or once if there is none.
func (s *Service) ListImages(ctx context.Context, in ListImagesInput) (ListImagesOutput, error) {
	limit, err := pageLimit(in.MaxResults)
	if err == nil {
		err = in.Filter.check()
	}
	if err != nil {
		return ListImagesOutput{}, err
	}
	var out ListImagesOutput
	err = s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		ids := []ImageIdentifier{}
		for digest := range r.images {
			tags := r.tagsOf(digest)
			if !in.Filter.matches(tags) {
				continue
			}
			if len(tags) == 0 {
				ids = append(ids, ImageIdentifier{ImageDigest: digest})
			}
			for _, tag := range tags {
				ids = append(ids, ImageIdentifier{ImageDigest: digest, ImageTag: tag})
			}
		}
		var err error
		out.ImageIds, out.NextToken, err = wire.Page(ids, func(id ImageIdentifier) string { return id.ImageDigest + " " + id.ImageTag },
			in.NextToken, limit, "InvalidParameterException")
		return err
	})
	return out, err
}

// BatchImageInput names the images of BatchGetImage and BatchDeleteImage, at most 100.
type BatchImageInput struct {
	RepositoryInput

	ImageIds []ImageIdentifier `json:"imageIds"`
}

// Failure says why one image of a batch was passed over.
type Failure struct {
	ImageId       ImageIdentifier `json:"imageId"`
	FailureCode   string          `json:"failureCode"`
	FailureReason string          `json:"failureReason"`
}

// Image is an image with its manifest.
type Image struct {
	RegistryId             string          `json:"registryId"`
	RepositoryName         string          `json:"repositoryName"`
	ImageId                ImageIdentifier `json:"imageId"`
	ImageManifest          string          `json:"imageManifest"`
	ImageManifestMediaType string          `json:"imageManifestMediaType"`
}

// BatchGetImageOutput is what was found and what was not.
type BatchGetImageOutput struct {
	Images   []Image   `json:"images"`
	Failures []Failure `json:"failures"`
}

// BatchGetImage answers with manifests.
func (s *Service) BatchGetImage(ctx context.Context, in BatchImageInput) (BatchGetImageOutput, error) {
	out := BatchGetImageOutput{Images: []Image{}, Failures: []Failure{}}
	err := s.eachImage(ctx, in, &out.Failures, func(r *repository, id ImageIdentifier, found *image) {
		out.Images = append(out.Images, Image{
			RegistryId:             wire.AccountID,
			RepositoryName:         in.RepositoryName,
			ImageId:                ImageIdentifier{ImageDigest: found.digest, ImageTag: id.ImageTag},
			ImageManifest:          string(found.manifest),
			ImageManifestMediaType: string(found.mediaType),
		})
	})
	return out, err
}

// BatchDeleteImageOutput is what was deleted and what was not.
type BatchDeleteImageOutput struct {
	ImageIds []ImageIdentifier `json:"imageIds"`
	Failures []Failure         `json:"failures"`
}

// BatchDeleteImage deletes images by digest. By tag, it deletes the tag, and the image with its last one.
// Layers stay until the repository is deleted.
func (s *Service) BatchDeleteImage(ctx context.Context, in BatchImageInput) (BatchDeleteImageOutput, error) {
	out := BatchDeleteImageOutput{ImageIds: []ImageIdentifier{}, Failures: []Failure{}}
	err := s.eachImage(ctx, in, &out.Failures, func(r *repository, id ImageIdentifier, found *image) {
		tags := r.tagsOf(found.digest)
		if id.ImageTag != "" {
			delete(r.imageTags, id.ImageTag)
			out.ImageIds = append(out.ImageIds, ImageIdentifier{ImageDigest: found.digest, ImageTag: id.ImageTag})
			if len(tags) > 1 {
				return
			}
			tags = nil
		}
		if parent := r.referencing(found.digest); parent != "" {
			out.Failures = append(out.Failures, Failure{id, "ImageReferencedByManifestList",
				"Requested image referenced by manifest list: [" + parent + "]"})
			return
		}
		delete(r.images, found.digest)
		for _, tag := range tags {
			delete(r.imageTags, tag)
			out.ImageIds = append(out.ImageIds, ImageIdentifier{ImageDigest: found.digest, ImageTag: tag})
		}
		if id.ImageTag == "" && len(tags) == 0 {
			out.ImageIds = append(out.ImageIds, ImageIdentifier{ImageDigest: found.digest})
		}
	})
	return out, err
}

// referencing finds an index that holds the image, if there is one; the caller holds the lock.
func (r *repository) referencing(digest string) string {
	for _, candidate := range r.images {
		if slices.Contains(candidate.children, digest) {
			return candidate.digest
		}
	}
	return ""
}

// eachImage calls fn, under the lock, with each image that in names, and notes those that do not exist as failures.
func (s *Service) eachImage(
	ctx context.Context, in BatchImageInput, failures *[]Failure, fn func(*repository, ImageIdentifier, *image),
) error {
	if len(in.ImageIds) == 0 || len(in.ImageIds) > maxBatch {
		return invalid("'imageIds' failed to satisfy constraint: 'Member must have length between 1 and %d'", maxBatch)
	}
	return s.withRepository(ctx, in.RepositoryInput, func(r *repository) error {
		for _, id := range in.ImageIds {
			if found, ok := r.resolve(id); ok {
				fn(r, id, found)
			} else {
				*failures = append(*failures, Failure{id, "ImageNotFound", "Requested image not found"})
			}
		}
		return nil
	})
}
