package lambda

import (
	"context"
	"maps"
	"regexp"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// maxTags is how many tags a function or mapping can have.
const maxTags = 50

// TagsInput names a function or mapping by its ARN and the tags to add or remove.
type TagsInput struct {
	Resource string `json:"-" path:"Resource"`
	Tags     map[string]string
	TagKeys  []string `json:"-" query:"tagKeys"`
}

const taggablePattern = `arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+` +
	`(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-` +
	`[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)`

var taggable = regexp.MustCompile(`^` + taggablePattern + `$`)

// tagsLocked finds where the tags of a resource are kept.
func (s *Service) tagsLocked(arn string) (*map[string]string, error) {
	if !taggable.MatchString(arn) {
		return nil, invalidValue(arn, "resource", "Member must satisfy regular expression pattern: "+taggablePattern)
	}
	if _, id, ok := strings.Cut(arn, ":event-source-mapping:"); ok {
		if m := s.mappings[id]; m != nil && m.config.EventSourceMappingArn == arn {
			return &m.tags, nil
		}
		return nil, notFound("Event source mapping not found: %s", arn)
	}
	ref := referenceOfARN(arn)
	if ref.qualifier != "" {
		return nil, invalidParameter("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	if f := s.functions[arn]; f != nil {
		return &f.tags, nil
	}
	return nil, functionNotFound(ref)
}

// TagResource adds tags or changes their values.
func (s *Service) TagResource(_ context.Context, in TagsInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in.Tags) == 0 {
		return nil, invalidParameter("An error occurred and the request cannot be processed.")
	}
	tags, err := s.tagsLocked(in.Resource)
	if err != nil {
		return nil, err
	}
	merged := map[string]string{}
	maps.Copy(merged, *tags)
	maps.Copy(merged, in.Tags)
	if len(merged) > maxTags {
		return nil, invalidParameter("Number of tags exceeds resource tag limit.")
	}
	*tags = merged
	return &wire.Empty{}, nil
}

// UntagResource removes tags; one that is not there is fine.
func (s *Service) UntagResource(_ context.Context, in TagsInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in.TagKeys) == 0 {
		return nil, wire.Errorf("ValidationException",
			"1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null")
	}
	tags, err := s.tagsLocked(in.Resource)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(*tags, key)
	}
	return &wire.Empty{}, nil
}

// ListTagsOutput holds the tags of a function or mapping.
type ListTagsOutput struct {
	Tags map[string]string
}

// ListTags lists the tags of a function or mapping.
func (s *Service) ListTags(_ context.Context, in TagsInput) (*ListTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsLocked(in.Resource)
	if err != nil {
		return nil, err
	}
	out := &ListTagsOutput{map[string]string{}}
	maps.Copy(out.Tags, *tags)
	return out, nil
}
