package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// EnsureLogGroup makes a log group unless it is there (logs outlive their function) and sets how many days it retains its
// events; 0 is for ever. Tags are only given to a group that is made.
func (c *Cloud) EnsureLogGroup(ctx context.Context, name string, retention int32, tags map[string]string) error {
	if len(tags) == 0 {
		tags = nil // an empty map is an invalid one to CloudWatch Logs
	}
	_, err := c.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tags})
	existed := hasCode(err, "ResourceAlreadyExistsException")
	if err != nil && !existed {
		return fmt.Errorf("create log group %s: %w", name, err)
	}
	if retention == 0 && !existed {
		return nil
	}
	return c.SetRetention(ctx, name, retention)
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

// DeleteLogGroup deletes a log group with its events. That it does not exist is fine.
func (c *Cloud) DeleteLogGroup(ctx context.Context, name string) error {
	_, err := c.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return fmt.Errorf("delete log group %s: %w", name, err)
	}
	return nil
}
