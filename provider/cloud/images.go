package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// imageDelay is how long ECR may take to list an image that was pushed; seconds are usual.
const imageDelay = time.Minute

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

// WaitForImage waits until ECR lists an image that was pushed, at most a minute: a function made before that fails with "Source image
// does not exist". It looks at once, so that it costs one call as a rule. Who may push but not look does not wait.
func (c *Cloud) WaitForImage(ctx context.Context, name, digest string) error {
	return wait(ctx, imageDelay, fmt.Sprintf("repository %s to list image %s", name, digest), func() (bool, error) {
		exists, err := c.HasImage(ctx, name, digest)
		switch {
		case IsNotFound(err):
			return false, nil // a repository that was just made is not known everywhere either
		case IsDenied(err):
			return true, nil
		}
		return exists, err
	})
}

// LatestImage returns the digest and the size in bytes of the image that was pushed last, or a [NotFoundError].
func (c *Cloud) LatestImage(ctx context.Context, name string) (digest string, size int64, err error) {
	images, err := c.images(ctx, name, types.TagStatusAny)
	if err != nil {
		return "", 0, err
	}
	if len(images) == 0 {
		return "", 0, &NotFoundError{Object: "an image in repository " + name}
	}
	return aws.ToString(images[0].ImageDigest), aws.ToInt64(images[0].ImageSizeInBytes), nil
}

// UsageError says that old images were kept because it is not known which of them functions run.
type UsageError struct {
	// Repository is the name of the repository.
	Repository string
	// Images is how many would have been deleted.
	Images int
	// Err is Lambda's answer.
	Err error
}

// Error returns what was not done, why, and what to do.
func (e *UsageError) Error() string {
	return fmt.Sprintf("%d old images of repository %s were not deleted, because it is not known whether functions run them "+
		"(allow lambda:ListFunctions, or raise keep_images): %v", e.Images, e.Repository, e.Err)
}

// Unwrap returns Lambda's answer.
func (e *UsageError) Unwrap() error { return e.Err }

// DeleteOldImages deletes the untagged images of a repository but the newest keep ones, those with the digests inUse, those that a
// function of the account or a published version of one runs, and those that are part of an index. Images with a tag are somebody's who
// gave it, and do not count. ECR's own lifecycle policies know nothing of use: they would expire the image of a function that was rolled
// back. Functions are looked at only if something would go; if they cannot be, nothing goes and the error is a [UsageError].
func (c *Cloud) DeleteOldImages(ctx context.Context, name string, keep int, inUse ...string) error {
	images, err := c.images(ctx, name, types.TagStatusUntagged)
	if err != nil {
		return err
	}
	var old []string
	for _, image := range images[min(keep, len(images)):] {
		if digest := aws.ToString(image.ImageDigest); !slices.Contains(inUse, digest) {
			old = append(old, digest)
		}
	}
	if len(old) == 0 {
		return nil
	}
	running, err := c.runningImages(ctx)
	if err != nil {
		return &UsageError{Repository: name, Images: len(old), Err: err}
	}
	old = slices.DeleteFunc(old, func(digest string) bool { return running[digest] })
	if err := c.deleteImages(ctx, name, old); err != nil {
		return fmt.Errorf("delete old images of repository %s: %w", name, err)
	}
	return nil
}

// runningImages returns the digests of the images that the account's functions and their published versions run.
func (c *Cloud) runningImages(ctx context.Context) (map[string]bool, error) {
	running := map[string]bool{}
	pages := lambda.NewListFunctionsPaginator(c.lambda, &lambda.ListFunctionsInput{FunctionVersion: lambdatypes.FunctionVersionAll})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list functions: %w", err)
		}
		for _, f := range page.Functions {
			if f.PackageType == lambdatypes.PackageTypeImage {
				running["sha256:"+aws.ToString(f.CodeSha256)] = true // which is the digest of an image, in hex, unlike that of a ZIP file
			}
		}
	}
	return running, nil
}

// deleteImages deletes images by digest, with their tags. One that is gone already, or part of an index, is passed over.
func (c *Cloud) deleteImages(ctx context.Context, name string, digests []string) error {
	const atOnce = 100 // BatchDeleteImage takes no more
	var failed []error
	for batch := range slices.Chunk(digests, atOnce) {
		ids := make([]types.ImageIdentifier, len(batch))
		for i := range batch {
			ids[i].ImageDigest = &batch[i]
		}
		output, err := c.ecr.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: ids})
		if err != nil {
			return err
		}
		for _, failure := range output.Failures {
			switch failure.FailureCode {
			case types.ImageFailureCodeImageNotFound, types.ImageFailureCodeImageReferencedByManifestList:
			default:
				failed = append(failed, fmt.Errorf("%s: %s: %s", aws.ToString(failure.ImageId.ImageDigest), failure.FailureCode,
					aws.ToString(failure.FailureReason)))
			}
		}
	}
	return errors.Join(failed...)
}

// images returns the images of a repository that are tagged, or not, or either, newest first.
func (c *Cloud) images(ctx context.Context, name string, status types.TagStatus) ([]types.ImageDetail, error) {
	var images []types.ImageDetail
	pages := ecr.NewDescribeImagesPaginator(c.ecr, &ecr.DescribeImagesInput{
		RepositoryName: &name, Filter: &types.DescribeImagesFilter{TagStatus: status},
	})
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

// imageName is what people call an image: its tags, or else its digest.
func imageName(image types.ImageDetail) string {
	if len(image.ImageTags) > 0 {
		return strings.Join(image.ImageTags, ", ")
	}
	return aws.ToString(image.ImageDigest)
}
