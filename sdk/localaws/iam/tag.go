package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const maxTags = 50 // of a role

// TagRoleInput is the input of TagRole.
type TagRoleInput struct {
	RoleName string
	Tags     []Tag
}

// TagRole adds tags to a role, or replaces the values of those that are there.
func (s *Service) TagRole(_ context.Context, in TagRoleInput) (wire.Empty, error) {
	return s.withRole(in.RoleName, func(r *role) error { return r.tag(in.Tags) })
}

// UntagRoleInput is the input of UntagRole.
type UntagRoleInput struct {
	RoleName string
	TagKeys  []string
}

// UntagRole removes tags; those that are not there are no error.
func (s *Service) UntagRole(_ context.Context, in UntagRoleInput) (wire.Empty, error) {
	return s.withRole(in.RoleName, func(r *role) error {
		r.Tags = slices.DeleteFunc(slices.Clone(r.Tags), func(t Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
		return nil
	})
}

// ListRoleTagsOutput is one page of a role's tags.
type ListRoleTagsOutput struct {
	Tags        []Tag `xml:"Tags>member"`
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// ListRoleTags lists a role's tags by key.
func (s *Service) ListRoleTags(_ context.Context, in ListPoliciesInput) (ListRoleTagsOutput, error) {
	var out ListRoleTagsOutput
	_, err := s.withRole(in.RoleName, func(r *role) (err error) {
		out.Tags, out.Marker, err = wire.Page(slices.Clone(r.Tags), func(t Tag) string { return t.Key },
			in.Marker, limit(in.MaxItems), "ValidationError")
		return err
	})
	out.IsTruncated = out.Marker != ""
	return out, err
}

// tag merges tags into the role's, sorted by key. It replaces the slice, so answers given before stay as they were.
func (r *role) tag(tags []Tag) error {
	merged := slices.Clone(r.Tags)
	for _, tag := range tags {
		if tag.Key == "" || len(tag.Key) > 128 || len(tag.Value) > 256 || strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			return wire.Errorf("InvalidInput", "The tag %q is not valid: keys have 1 to 128 characters, values up to 256, "+
				"and aws: is a reserved prefix.", tag.Key)
		}
		i, found := slices.BinarySearchFunc(merged, tag.Key, func(t Tag, key string) int { return strings.Compare(t.Key, key) })
		if found {
			merged[i] = tag
		} else {
			merged = slices.Insert(merged, i, tag)
		}
	}
	if len(merged) > maxTags {
		return wire.Errorf("LimitExceeded", "Cannot exceed quota for TagsPerRole: %d", maxTags).WithStatus(409)
	}
	r.Tags = merged
	return nil
}
