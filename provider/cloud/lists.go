package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/lambda-land/terraform-provider-handler/provider/once"
)

// lists are what AWS has of a kind when a run first looks. They spare a call for each function, of kinds of calls of which AWS permits few a
// second, unless there is so much that asking for each is cheaper.
type lists struct {
	mappings   once.Answer[map[string][]Mapping] // by function; nil if there are too many
	retentions once.Answer[map[string]int32]     // of log groups of Lambda, in days; nil likewise
}

// Pages of lists that serve all functions: as many as 300 mappings or 500 log groups.
const (
	maxMappingPages  = 3
	maxLogGroupPages = 10
)

// logGroupsOfLambda is what the names of log groups begin with that Lambda chooses.
const logGroupsOfLambda = "/aws/lambda/"

// SeenMappings is [Cloud.FindMappings] as of when this run first looked.
func (c *Cloud) SeenMappings(ctx context.Context, name string) ([]Mapping, error) {
	all, err := c.lists.mappings.Get(ctx, c.listAllMappings)
	if err == nil && all == nil || IsDenied(err) { // who may not list all may be allowed to list those of this function
		return c.FindMappings(ctx, name)
	}
	return all[name], err
}

func (c *Cloud) listAllMappings(ctx context.Context) (map[string][]Mapping, error) {
	all := map[string][]Mapping{}
	pages := lambda.NewListEventSourceMappingsPaginator(c.lambda, &lambda.ListEventSourceMappingsInput{})
	for n := 0; pages.HasMorePages(); n++ {
		if n == maxMappingPages {
			return nil, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list all mappings: %w", err)
		}
		for _, found := range page.EventSourceMappings {
			if name := functionName(found.FunctionArn); aws.ToString(found.State) != stateDeleting {
				all[name] = append(all[name], mapping(found))
			}
		}
	}
	return all, nil
}

// SeenRetention is [Cloud.Retention] as of when this run first looked.
func (c *Cloud) SeenRetention(ctx context.Context, name string) (int32, error) {
	if !strings.HasPrefix(name, logGroupsOfLambda) {
		return c.Retention(ctx, name)
	}
	all, err := c.lists.retentions.Get(ctx, c.listRetentions)
	if err == nil && all == nil || IsDenied(err) { // likewise
		return c.Retention(ctx, name)
	}
	days, ok := all[name]
	if err == nil && !ok {
		return 0, &NotFoundError{Object: "log group " + name}
	}
	return days, err
}

func (c *Cloud) listRetentions(ctx context.Context) (map[string]int32, error) {
	all := map[string]int32{}
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(c.logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(logGroupsOfLambda)})
	for n := 0; pages.HasMorePages(); n++ {
		if n == maxLogGroupPages {
			return nil, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list log groups: %w", err)
		}
		for _, group := range page.LogGroups {
			all[aws.ToString(group.LogGroupName)] = aws.ToInt32(group.RetentionInDays)
		}
	}
	return all, nil
}
