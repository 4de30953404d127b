package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

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

// Own reports whether the image with this digest was pushed from here.
type Own func(ctx context.Context, digest string) (bool, error)

// DeleteRepository deletes a repository. Without force, it holds nothing but own images, or the error is a [ForeignImagesError] and
// nothing is deleted. That it does not exist is fine.
func (c *Cloud) DeleteRepository(ctx context.Context, name string, force bool, own Own) error {
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

func (c *Cloud) deleteOwnImages(ctx context.Context, name string, own Own) error {
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
