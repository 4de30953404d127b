package logs

import (
	"context"
	"maps"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// ResourceInput names a group by ARN.
type ResourceInput struct {
	ResourceArn string `json:"resourceArn"`
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	ResourceInput

	Tags map[string]string `json:"tags"`
}

// TagsOutput is a group's tags.
type TagsOutput struct {
	Tags map[string]string `json:"tags"`
}

// TagResource adds tags to a group or replaces their values.
func (s *Service) TagResource(ctx context.Context, in TagResourceInput) (wire.Empty, error) {
	return s.withGroup(ctx, in.ResourceArn, func(g *group) error {
		maps.Copy(g.tags, in.Tags)
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
	return s.withGroup(ctx, in.ResourceArn, func(g *group) error {
		for _, key := range in.TagKeys {
			delete(g.tags, key)
		}
		return nil
	})
}

// ListTagsForResource lists a group's tags.
func (s *Service) ListTagsForResource(ctx context.Context, in ResourceInput) (TagsOutput, error) {
	var out TagsOutput
	_, err := s.withGroup(ctx, in.ResourceArn, func(g *group) error {
		out.Tags = maps.Clone(g.tags)
		return nil
	})
	return out, err
}

// TagLogGroupInput is the input of TagLogGroup.
type TagLogGroupInput struct {
	GroupInput

	Tags map[string]string `json:"tags"`
}

// TagLogGroup is TagResource by name, which AWS keeps for older clients.
func (s *Service) TagLogGroup(ctx context.Context, in TagLogGroupInput) (wire.Empty, error) {
	return s.TagResource(ctx, TagResourceInput{ResourceInput{in.LogGroupName}, in.Tags})
}

// UntagLogGroupInput is the input of UntagLogGroup.
type UntagLogGroupInput struct {
	GroupInput

	Tags []string `json:"tags"` // keys
}

// UntagLogGroup is UntagResource by name, which AWS keeps for older clients.
func (s *Service) UntagLogGroup(ctx context.Context, in UntagLogGroupInput) (wire.Empty, error) {
	return s.UntagResource(ctx, UntagResourceInput{ResourceInput{in.LogGroupName}, in.Tags})
}

// ListTagsLogGroup is ListTagsForResource by name, which AWS keeps for older clients.
func (s *Service) ListTagsLogGroup(ctx context.Context, in GroupInput) (TagsOutput, error) {
	return s.ListTagsForResource(ctx, ResourceInput{in.LogGroupName})
}
