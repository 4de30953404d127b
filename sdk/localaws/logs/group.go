package logs

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	standardClass   = "STANDARD"
	defaultPageSize = 50 // of groups and of streams, which is also the most
)

var (
	groupName  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

// LogGroup is a group as CloudWatch Logs answers with it. Times are in milliseconds since 1970.
type LogGroup struct {
	LogGroupName      string `json:"logGroupName"`
	Arn               string `json:"arn"` // with ":*"
	LogGroupArn       string `json:"logGroupArn"`
	LogGroupClass     string `json:"logGroupClass"`
	KmsKeyId          string `json:"kmsKeyId,omitempty"`
	CreationTime      int64  `json:"creationTime"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	MetricFilterCount int    `json:"metricFilterCount"`
	StoredBytes       int64  `json:"storedBytes"`
}

func (g *group) answer() LogGroup {
	return LogGroup{
		LogGroupName:    g.name,
		Arn:             g.arn + ":*",
		LogGroupArn:     g.arn,
		LogGroupClass:   g.class,
		KmsKeyId:        g.kmsKey,
		CreationTime:    g.createdAt,
		RetentionInDays: g.retention,
		StoredBytes:     g.bytes,
	}
}

// GroupInput names one group.
type GroupInput struct {
	LogGroupName string `json:"logGroupName"`
}

// CreateLogGroupInput is the input of CreateLogGroup. LogGroupClass is STANDARD by default.
type CreateLogGroupInput struct {
	GroupInput

	KmsKeyId      string            `json:"kmsKeyId"`
	LogGroupClass string            `json:"logGroupClass"`
	Tags          map[string]string `json:"tags"`
}

// CreateLogGroup makes an empty group.
func (s *Service) CreateLogGroup(ctx context.Context, in CreateLogGroupInput) (wire.Empty, error) {
	if !groupName.MatchString(in.LogGroupName) {
		return wire.Empty{}, invalid("logGroupName", in.LogGroupName, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	region := wire.CallFrom(ctx).Region
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.groups[groupARN(region, in.LogGroupName)]; exists {
		return wire.Empty{}, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := s.newGroup(region, in.LogGroupName)
	g.kmsKey = in.KmsKeyId
	g.class = cmp.Or(in.LogGroupClass, standardClass)
	maps.Copy(g.tags, in.Tags)
	return wire.Empty{}, nil
}

// DeleteLogGroup deletes a group with all that is in it.
func (s *Service) DeleteLogGroup(ctx context.Context, in GroupInput) (wire.Empty, error) {
	return s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		delete(s.groups, g.arn)
		return nil
	})
}

// DescribeLogGroupsInput is the input of DescribeLogGroups. Groups are chosen by prefix, by what their name contains without regard
// to case, or by name. Limit is 1 to 50, by default 50.
type DescribeLogGroupsInput struct {
	LogGroupNamePrefix  string   `json:"logGroupNamePrefix"`
	LogGroupNamePattern string   `json:"logGroupNamePattern"`
	LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
	LogGroupClass       string   `json:"logGroupClass"`
	NextToken           string   `json:"nextToken"`
	Limit               int      `json:"limit"`
}

// DescribeLogGroupsOutput is one page of groups.
type DescribeLogGroupsOutput struct {
	LogGroups []LogGroup `json:"logGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

// DescribeLogGroups lists the groups of the call's region by name.
func (s *Service) DescribeLogGroups(ctx context.Context, in DescribeLogGroupsInput) (DescribeLogGroupsOutput, error) {
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return DescribeLogGroupsOutput{}, wire.Errorf("InvalidParameterException",
			"LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return DescribeLogGroupsOutput{}, err
	}
	named := make([]string, len(in.LogGroupIdentifiers))
	for i, identifier := range in.LogGroupIdentifiers {
		named[i] = nameOf(identifier)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := []LogGroup{}
	for arn, g := range s.groups {
		if arn == groupARN(wire.CallFrom(ctx).Region, g.name) &&
			strings.HasPrefix(g.name, in.LogGroupNamePrefix) &&
			strings.Contains(strings.ToLower(g.name), strings.ToLower(in.LogGroupNamePattern)) &&
			(len(named) == 0 || slices.Contains(named, g.name)) &&
			(in.LogGroupClass == "" || in.LogGroupClass == g.class) {
			groups = append(groups, g.answer())
		}
	}
	page, next, err := wire.Page(groups, func(g LogGroup) string { return g.LogGroupName }, in.NextToken, limit, "InvalidParameterException")
	return DescribeLogGroupsOutput{LogGroups: page, NextToken: next}, err
}

// PutRetentionPolicyInput is the input of PutRetentionPolicy.
type PutRetentionPolicyInput struct {
	GroupInput

	RetentionInDays int `json:"retentionInDays"`
}

// PutRetentionPolicy sets how long events are kept, which is longer than localaws runs.
func (s *Service) PutRetentionPolicy(ctx context.Context, in PutRetentionPolicyInput) (wire.Empty, error) {
	if !slices.Contains(retentions, in.RetentionInDays) {
		return wire.Empty{}, wire.Errorf("InvalidParameterException",
			"Invalid retentionInDays value. It must be one of %v.", retentions)
	}
	return s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		g.retention = in.RetentionInDays
		return nil
	})
}

// DeleteRetentionPolicy lets events be kept forever.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in GroupInput) (wire.Empty, error) {
	return s.withGroup(ctx, in.LogGroupName, func(g *group) error {
		g.retention = 0
		return nil
	})
}

// withGroup runs fn, under the lock, on the group that a name or an ARN names in the call's region.
func (s *Service) withGroup(ctx context.Context, identifier string, fn func(*group) error) (wire.Empty, error) {
	arn := groupARN(wire.CallFrom(ctx).Region, nameOf(identifier))
	if strings.HasPrefix(identifier, "arn:") {
		arn = strings.TrimSuffix(identifier, ":*")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[arn]
	if !ok {
		return wire.Empty{}, notFound("group")
	}
	return wire.Empty{}, fn(g)
}

// nameOf takes the group's name out of an ARN, with or without the ":*" at its end; a name stays as it is.
func nameOf(identifier string) string {
	if _, name, ok := strings.Cut(identifier, ":log-group:"); ok {
		return strings.TrimSuffix(name, ":*")
	}
	return identifier
}

func notFound(kind string) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", "The specified log %s does not exist.", kind)
}

func invalid(parameter, value, constraint string) *wire.Error {
	return wire.Errorf("InvalidParameterException",
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, parameter, constraint)
}

func pageLimit(limit int) (int, error) {
	if limit < 0 || limit > defaultPageSize {
		return 0, wire.Errorf("InvalidParameterException",
			"1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: "+
				"Member must have value less than or equal to %d", limit, defaultPageSize)
	}
	return cmp.Or(limit, defaultPageSize), nil
}
