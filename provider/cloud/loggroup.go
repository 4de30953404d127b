package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// CreateLogGroup makes a log group and reports whether it did: one may be there, as logs outlive their function. Tags are only given to
// a group that is made.
func (c *Cloud) CreateLogGroup(ctx context.Context, name string, tags map[string]string) (made bool, err error) {
	if len(tags) == 0 {
		tags = nil // an empty map is an invalid one to CloudWatch Logs
	}
	_, err = c.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tags})
	if hasCode(err, "ResourceAlreadyExistsException") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create log group %s: %w", name, err)
	}
	return true, nil
}

// SetRetention sets for how many days a log group retains its events; 0 is for ever.
func (c *Cloud) SetRetention(ctx context.Context, name string, days int32) error {
	var err error
	if days == 0 {
		_, err = c.logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name})
	} else {
		_, err = c.logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: &days})
	}
	if err != nil {
		return fmt.Errorf("set retention of log group %s: %w", name, err)
	}
	return nil
}

// Retention returns for how many days a log group retains its events (0 is for ever), or a [NotFoundError].
func (c *Cloud) Retention(ctx context.Context, name string) (int32, error) {
	output, err := c.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return 0, fmt.Errorf("read log group %s: %w", name, err)
	}
	for _, group := range output.LogGroups {
		if aws.ToString(group.LogGroupName) == name {
			return aws.ToInt32(group.RetentionInDays), nil
		}
	}
	return 0, &NotFoundError{Object: "log group " + name}
}

// IsLogGroupShared reports whether other functions than the one that is named log to a log group.
func (c *Cloud) IsLogGroupShared(ctx context.Context, name, function string) (bool, error) {
	pages := lambda.NewListFunctionsPaginator(c.lambda, &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("find out whether others log to %s: %w", name, err)
		}
		for _, f := range page.Functions {
			if f.LoggingConfig != nil && aws.ToString(f.LoggingConfig.LogGroup) == name && aws.ToString(f.FunctionName) != function {
				return true, nil
			}
		}
	}
	return false, nil
}

// DeleteLogGroup deletes a log group with all its events. That it does not exist is fine.
func (c *Cloud) DeleteLogGroup(ctx context.Context, name string) error {
	_, err := c.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return fmt.Errorf("delete log group %s: %w", name, err)
	}
	return nil
}
