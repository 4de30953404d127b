package scheduler

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// defaultGroup is the schedule group that is always there, and the only one here.
const defaultGroup = "default"

const maxTags = 50

// ScheduleGroup is a schedule group. The default one has no dates.
type ScheduleGroup struct{ Arn, Name, State string }

// ListScheduleGroupsOutput lists schedule groups.
type ListScheduleGroupsOutput struct{ ScheduleGroups []ScheduleGroup }

func group(ctx context.Context) ScheduleGroup {
	return ScheduleGroup{Arn: wire.ARN(ctx, "scheduler", "schedule-group/"+defaultGroup), Name: defaultGroup, State: "ACTIVE"}
}

func checkGroup(name string) error {
	if err := checkName(name, "groupName"); err != nil {
		return err
	}
	if name != defaultGroup {
		return notFound("Schedule group %s does not exist.", name)
	}
	return nil
}

// GetScheduleGroup answers with the default group.
func (s *Service) GetScheduleGroup(ctx context.Context, in NameInput) (ScheduleGroup, error) {
	return group(ctx), checkGroup(in.Name)
}

// ListScheduleGroups lists the default group.
func (s *Service) ListScheduleGroups(ctx context.Context, in ListInput) (ListScheduleGroupsOutput, error) {
	groups := []ScheduleGroup{}
	if strings.HasPrefix(defaultGroup, in.NamePrefix) {
		groups = append(groups, group(ctx))
	}
	return ListScheduleGroupsOutput{groups}, nil
}

// Tag is a key with its value.
type Tag struct{ Key, Value string }

// TagsInput names a group by its ARN, and the tags to add or remove. Schedules have no tags.
type TagsInput struct {
	ResourceArn string `json:"-"`
	Tags        []Tag
	TagKeys     []string `json:"-"`
}

// TagsOutput holds the tags of a group.
type TagsOutput struct{ Tags []Tag }

// tagsLocked finds the tags of a group.
func (s *Service) tagsLocked(ctx context.Context, arn string) (map[string]string, error) {
	switch _, name, ok := strings.Cut(arn, ":schedule-group/"); {
	case !ok:
		return nil, invalid("%s is not the ARN of a schedule group, the only resource of Scheduler that has tags.", arn)
	case arn != group(ctx).Arn:
		return nil, notFound("Schedule group %s does not exist.", name)
	}
	if s.tags[arn] == nil {
		s.tags[arn] = map[string]string{}
	}
	return s.tags[arn], nil
}

// ListTagsForResource lists the tags of a group by key.
func (s *Service) ListTagsForResource(ctx context.Context, in TagsInput) (*TagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsLocked(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &TagsOutput{Tags: []Tag{}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, Tag{key, tags[key]})
	}
	return out, nil
}

// TagResource adds tags or changes their values.
func (s *Service) TagResource(ctx context.Context, in TagsInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsLocked(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(tags)
	for _, tag := range in.Tags {
		merged[tag.Key] = tag.Value
	}
	if len(merged) > maxTags {
		return nil, wire.Errorf("ServiceQuotaExceededException", "A schedule group has at most %d tags.", maxTags).WithStatus(402)
	}
	s.tags[in.ResourceArn] = merged
	return &wire.Empty{}, nil
}

// UntagResource removes tags; one that is not there is fine.
func (s *Service) UntagResource(ctx context.Context, in TagsInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsLocked(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(tags, key)
	}
	return &wire.Empty{}, nil
}
