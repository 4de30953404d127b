package cloud

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// Schedule is a schedule of EventBridge Scheduler, in the default group, that sends a message to an SQS queue.
type Schedule struct {
	Name         string
	ARN          string // set by AWS
	Description  string
	Expression   string
	Timezone     string    // IANA name
	Window       int32     // minutes after its time within which it may fire; 0 for none
	Start        time.Time // when it begins; zero for at once
	End          time.Time // when it ends; zero for never
	Enabled      bool
	KeyARN       string // of the KMS key that encrypts the schedule; empty for AWS's own
	QueueARN     string
	MessageGroup string // only of FIFO queues
	Body         string // of the message
	RoleARN      string
	Changed      time.Time // set by AWS: when it was created or updated
}

// ScheduleARN returns the ARN that the schedule of this name has, or will have.
func (c *Cloud) ScheduleARN(account, name string) string {
	return c.ARN("scheduler", account, "schedule/default/"+name)
}

// CreateSchedule makes a schedule and returns its ARN. The error is an [ExistsError] if there is a schedule of this name.
func (c *Cloud) CreateSchedule(ctx context.Context, s Schedule) (string, error) {
	output, err := retry(ctx, func() (*scheduler.CreateScheduleOutput, error) {
		return c.scheduler.CreateSchedule(ctx, s.input())
	})
	if hasCode(err, "ConflictException") {
		return "", &ExistsError{Object: "a schedule named " + s.Name, ID: s.Name}
	}
	if err != nil {
		return "", fmt.Errorf("create schedule %s: %w", s.Name, err)
	}
	return aws.ToString(output.ScheduleArn), nil
}

// FindSchedule returns a schedule, or a [NotFoundError].
func (c *Cloud) FindSchedule(ctx context.Context, name string) (*Schedule, error) {
	output, err := c.scheduler.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
	if hasCode(err, "ResourceNotFoundException") {
		return nil, &NotFoundError{Object: "schedule " + name}
	}
	if err != nil {
		return nil, fmt.Errorf("read schedule %s: %w", name, err)
	}
	s := &Schedule{
		Name:        aws.ToString(output.Name),
		ARN:         aws.ToString(output.Arn),
		Description: aws.ToString(output.Description),
		Expression:  aws.ToString(output.ScheduleExpression),
		Timezone:    aws.ToString(output.ScheduleExpressionTimezone),
		Start:       aws.ToTime(output.StartDate),
		End:         aws.ToTime(output.EndDate),
		Enabled:     output.State == types.ScheduleStateEnabled,
		KeyARN:      aws.ToString(output.KmsKeyArn),
		Changed:     aws.ToTime(output.LastModificationDate),
	}
	if window := output.FlexibleTimeWindow; window != nil {
		s.Window = aws.ToInt32(window.MaximumWindowInMinutes)
	}
	if target := output.Target; target != nil {
		s.QueueARN, s.RoleARN, s.Body = aws.ToString(target.Arn), aws.ToString(target.RoleArn), aws.ToString(target.Input)
		if target.SqsParameters != nil {
			s.MessageGroup = aws.ToString(target.SqsParameters.MessageGroupId)
		}
	}
	return s, nil
}

// UpdateSchedule gives a schedule everything of s.
func (c *Cloud) UpdateSchedule(ctx context.Context, s Schedule) error {
	_, err := retry(ctx, func() (*scheduler.UpdateScheduleOutput, error) {
		return c.scheduler.UpdateSchedule(ctx, (*scheduler.UpdateScheduleInput)(s.input()))
	})
	if hasCode(err, "ResourceNotFoundException") {
		return &NotFoundError{Object: "schedule " + s.Name}
	}
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", s.Name, err)
	}
	return nil
}

// DeleteSchedule deletes a schedule. That it does not exist is fine.
func (c *Cloud) DeleteSchedule(ctx context.Context, name string) error {
	_, err := c.scheduler.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: &name})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return fmt.Errorf("delete schedule %s: %w", name, err)
	}
	return nil
}

func (s *Schedule) input() *scheduler.CreateScheduleInput {
	return &scheduler.CreateScheduleInput{
		Name:                       &s.Name,
		Description:                textOrNil(s.Description),
		ScheduleExpression:         &s.Expression,
		ScheduleExpressionTimezone: &s.Timezone,
		StartDate:                  timeOrNil(s.Start),
		EndDate:                    timeOrNil(s.End),
		FlexibleTimeWindow:         s.window(),
		State:                      s.state(),
		KmsKeyArn:                  textOrNil(s.KeyARN),
		Target:                     s.target(),
	}
}

func (s *Schedule) window() *types.FlexibleTimeWindow {
	if s.Window == 0 {
		return &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	}
	return &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: &s.Window}
}

func (s *Schedule) state() types.ScheduleState {
	if s.Enabled {
		return types.ScheduleStateEnabled
	}
	return types.ScheduleStateDisabled
}

func (s *Schedule) target() *types.Target {
	target := &types.Target{Arn: &s.QueueARN, RoleArn: &s.RoleARN, Input: &s.Body}
	if s.MessageGroup != "" {
		target.SqsParameters = &types.SqsParameters{MessageGroupId: &s.MessageGroup}
	}
	return target
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
