package ecr

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Tag is a key with its value.
type Tag struct {
	Key   string
	Value string
}

// ResourceInput names a repository by ARN.
type ResourceInput struct {
	ResourceArn string `json:"resourceArn"`
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	ResourceInput

	Tags []Tag `json:"tags"`
}

// TagResource adds tags to a repository or replaces their values.
func (s *Service) TagResource(ctx context.Context, in TagResourceInput) (wire.Empty, error) {
	return wire.Empty{}, s.withResource(ctx, in.ResourceInput, func(r *repository) error {
		maps.Copy(r.tags, tagMap(in.Tags))
		return nil
	})
}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	ResourceInput

	TagKeys []string `json:"tagKeys"`
}

// UntagResource removes tags; those that are not there are no error.
func (s *Service) UntagResource(ctx context.Context, in UntagResourceInput) (wire.Empty, error) {
	return wire.Empty{}, s.withResource(ctx, in.ResourceInput, func(r *repository) error {
		for _, key := range in.TagKeys {
			delete(r.tags, key)
		}
		return nil
	})
}

// ListTagsForResourceOutput is a repository's tags, by key.
type ListTagsForResourceOutput struct {
	Tags []Tag `json:"tags"`
}

// ListTagsForResource lists a repository's tags.
func (s *Service) ListTagsForResource(ctx context.Context, in ResourceInput) (ListTagsForResourceOutput, error) {
	var out ListTagsForResourceOutput
	err := s.withResource(ctx, in, func(r *repository) error {
		out.Tags = tagList(r.tags)
		return nil
	})
	return out, err
}

func (s *Service) withResource(ctx context.Context, in ResourceInput, fn func(*repository) error) error {
	name, ok := strings.CutPrefix(in.ResourceArn, wire.ARN(ctx, "ecr", "repository/"))
	if !ok {
		return invalid("'resourceArn' failed to satisfy constraint: 'Invalid ARN'")
	}
	return s.withRepository(ctx, RepositoryInput{RepositoryName: name}, fn)
}

func tagMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[tag.Key] = tag.Value
	}
	return m
}

func tagList(tags map[string]string) []Tag {
	list := make([]Tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, Tag{Key: key, Value: tags[key]})
	}
	return list
}
