package scheduler_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awsscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// client is a client of a localaws in which there is the role schedule.
func client(t *testing.T) *awsscheduler.Client {
	t.Helper()
	server := localaws.Start(t)
	for name, document := range map[string]string{"schedule": trust, "lambda": strings.ReplaceAll(trust, "scheduler.", "lambda.")} {
		input := &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &document}
		if _, err := awsiam.NewFromConfig(server.Config()).CreateRole(t.Context(), input); err != nil {
			t.Fatal(err)
		}
	}
	return awsscheduler.NewFromConfig(server.Config())
}

func minimal(name string) *awsscheduler.CreateScheduleInput {
	return &awsscheduler.CreateScheduleInput{
		Name:               &name,
		ScheduleExpression: aws.String("rate(5 days)"),
		State:              types.ScheduleStateDisabled,
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target: &types.Target{
			Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:q"), RoleArn: aws.String(roleARN), Input: aws.String("{}"),
		},
	}
}

func full(start, end time.Time) *awsscheduler.UpdateScheduleInput {
	return &awsscheduler.UpdateScheduleInput{
		Name:                       aws.String("acme.test_1"),
		GroupName:                  aws.String("default"),
		Description:                aws.String("what it is for"),
		ScheduleExpression:         aws.String("cron(0 12 ? * MON *)"),
		ScheduleExpressionTimezone: aws.String("Europe/Berlin"),
		StartDate:                  &start,
		EndDate:                    &end,
		State:                      types.ScheduleStateDisabled,
		ActionAfterCompletion:      types.ActionAfterCompletionDelete,
		KmsKeyArn:                  aws.String("arn:aws:kms:us-east-1:000000000000:key/1234"),
		FlexibleTimeWindow:         &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: aws.Int32(15)},
		Target: &types.Target{
			Arn:              aws.String("arn:aws:sqs:us-east-1:000000000000:q.fifo"),
			RoleArn:          aws.String(roleARN),
			Input:            aws.String("{}"),
			DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:dead")},
			RetryPolicy:      &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(60), MaximumRetryAttempts: aws.Int32(0)},
			SqsParameters:    &types.SqsParameters{MessageGroupId: aws.String("g")},
		},
	}
}

func TestSchedulesAreKept(t *testing.T) {
	t.Parallel()
	c, ctx := client(t), t.Context()
	created, err := c.CreateSchedule(ctx, minimal("acme.test_1"))
	if err != nil {
		t.Fatal(err)
	}
	get := &awsscheduler.GetScheduleInput{Name: aws.String("acme.test_1")}
	ignore := cmp.Options{
		cmpopts.IgnoreFields(awsscheduler.GetScheduleOutput{}, "CreationDate", "LastModificationDate", "ResultMetadata"),
		cmpopts.IgnoreUnexported(awsscheduler.GetScheduleOutput{}, types.Target{}, types.FlexibleTimeWindow{}, types.RetryPolicy{},
			types.DeadLetterConfig{}, types.SqsParameters{}),
	}
	want := &awsscheduler.GetScheduleOutput{
		Arn: created.ScheduleArn, Name: get.Name, GroupName: aws.String("default"), ScheduleExpression: aws.String("rate(5 days)"),
		ScheduleExpressionTimezone: aws.String("UTC"), State: types.ScheduleStateDisabled, ActionAfterCompletion: types.ActionAfterCompletionNone,
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}, Target: minimal("").Target,
	}
	want.Target.RetryPolicy = &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(86400), MaximumRetryAttempts: aws.Int32(185)}
	got, err := c.GetSchedule(ctx, get)
	if diff := cmp.Diff(want, got, ignore); diff != "" || err != nil {
		t.Errorf("defaults: %v %s", err, diff)
	}
	start := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	update := full(start, start.Add(time.Hour))
	if _, err := c.UpdateSchedule(ctx, update); err != nil {
		t.Fatal(err)
	}
	want = &awsscheduler.GetScheduleOutput{
		Arn: created.ScheduleArn, Name: update.Name, GroupName: update.GroupName, Description: update.Description,
		ScheduleExpression: update.ScheduleExpression, ScheduleExpressionTimezone: update.ScheduleExpressionTimezone,
		StartDate: update.StartDate, EndDate: update.EndDate, State: update.State, ActionAfterCompletion: update.ActionAfterCompletion,
		KmsKeyArn: update.KmsKeyArn, FlexibleTimeWindow: update.FlexibleTimeWindow, Target: update.Target,
	}
	got, err = c.GetSchedule(ctx, get)
	if diff := cmp.Diff(want, got, ignore); diff != "" || err != nil {
		t.Errorf("all set: %v %s", err, diff)
	}
	if _, err := c.DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: get.Name, GroupName: aws.String("default")}); err != nil {
		t.Fatal(err)
	}
	expect(t, "deleted", second(c.GetSchedule(ctx, get)), "ResourceNotFoundException", "Schedule acme.test_1 does not exist.")
}

func second[T any](_ T, err error) error { return err }

func expect(t *testing.T, name string, err error, code, message string) {
	t.Helper()
	if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != code || !strings.Contains(apiErr.ErrorMessage(), message) {
		t.Errorf("%s: got %v, want %s: %s", name, err, code, message)
	}
}

func TestCreateScheduleRefuses(t *testing.T) {
	t.Parallel()
	c, ctx := client(t), t.Context()
	if _, err := c.CreateSchedule(ctx, minimal("taken")); err != nil {
		t.Fatal(err)
	}
	const invalid = "ValidationException"
	for name, test := range map[string]struct {
		change        func(in *awsscheduler.CreateScheduleInput)
		code, message string
	}{
		"name taken": {func(in *awsscheduler.CreateScheduleInput) { in.Name = aws.String("taken") },
			"ConflictException", "Schedule taken already exists."},
		"unknown group": {func(in *awsscheduler.CreateScheduleInput) { in.GroupName = aws.String("acme") },
			"ResourceNotFoundException", "Schedule group acme does not exist."},
		"name": {func(in *awsscheduler.CreateScheduleInput) { in.Name = aws.String("a b") }, invalid, "Value 'a b' at 'name'"},
		"long name": {func(in *awsscheduler.CreateScheduleInput) { in.Name = aws.String(strings.Repeat("a", 65)) },
			invalid, "length less than or equal to 64"},
		"expression": {func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpression = aws.String("cron(0 12 * * * *)") },
			invalid, "Invalid Schedule Expression cron(0 12 * * * *)."},
		"time zone": {func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpressionTimezone = aws.String("Mars/Olympus") },
			invalid, "Mars/Olympus"},
		"role of Lambda": {func(in *awsscheduler.CreateScheduleInput) {
			in.Target.RoleArn = aws.String("arn:aws:iam::000000000000:role/lambda")
		}, invalid, "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."},
		"no role": {func(in *awsscheduler.CreateScheduleInput) {
			in.Target.RoleArn = aws.String("arn:aws:iam::000000000000:role/missing")
		}, invalid, "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."},
		"past start": {func(in *awsscheduler.CreateScheduleInput) { in.StartDate = aws.Time(time.Now().Add(-6 * time.Minute)) },
			invalid, "The StartDate you specify cannot be earlier than 5 minutes ago."},
		"end before start": {func(in *awsscheduler.CreateScheduleInput) {
			in.StartDate, in.EndDate = aws.Time(time.Now().Add(2*time.Hour)), aws.Time(time.Now().Add(time.Hour))
		}, invalid, "EndDate"},
		"window": {func(in *awsscheduler.CreateScheduleInput) {
			in.FlexibleTimeWindow.MaximumWindowInMinutes = aws.Int32(1441)
		},
			invalid, "less than or equal to 1440"},
		"window without length": {func(in *awsscheduler.CreateScheduleInput) {
			in.FlexibleTimeWindow.Mode = types.FlexibleTimeWindowModeFlexible
		}, invalid, "MaximumWindowInMinutes"},
		"state": {func(in *awsscheduler.CreateScheduleInput) { in.State = "ON" }, invalid, "[ENABLED, DISABLED]"},
		"key":   {func(in *awsscheduler.CreateScheduleInput) { in.KmsKeyArn = aws.String("mine") }, invalid, "'kmsKeyArn'"},
		"target": {func(in *awsscheduler.CreateScheduleInput) {
			in.Target.Arn = aws.String("arn:aws:sns:us-east-1:000000000000:t")
		}, invalid, "Provided Arn"},
		"FIFO": {func(in *awsscheduler.CreateScheduleInput) { *in.Target.Arn += ".fifo" }, invalid, "MessageGroupId"},
		"not FIFO": {func(in *awsscheduler.CreateScheduleInput) {
			in.Target.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("g")}
		}, invalid, "MessageGroupId"},
		"retries": {func(in *awsscheduler.CreateScheduleInput) {
			in.Target.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)}
		}, invalid, "less than or equal to 185"},
	} {
		in := minimal("new")
		test.change(in)
		expect(t, name, second(c.CreateSchedule(ctx, in)), test.code, test.message)
	}
	update := &awsscheduler.UpdateScheduleInput{
		Name: aws.String("new"), ScheduleExpression: aws.String("rate(1 day)"), FlexibleTimeWindow: minimal("").FlexibleTimeWindow, Target: minimal("").Target,
	}
	expect(t, "update of none", second(c.UpdateSchedule(ctx, update)), "ResourceNotFoundException", "Schedule new does not exist.")
	expect(t, "delete of none", second(c.DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: aws.String("new")})),
		"ResourceNotFoundException", "Schedule new does not exist.")
}

func TestClientTokens(t *testing.T) {
	t.Parallel()
	c, ctx := client(t), t.Context()
	in := minimal("a")
	in.ClientToken = aws.String("once")
	for range 2 {
		if _, err := c.CreateSchedule(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	other := minimal("a")
	other.ClientToken, other.Description = in.ClientToken, aws.String("other")
	expect(t, "token used otherwise", second(c.CreateSchedule(ctx, other)), "ConflictException", "other parameters")
	for range 2 {
		if _, err := c.DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: aws.String("a"), ClientToken: aws.String("gone")}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListsAndTags(t *testing.T) {
	t.Parallel()
	c, ctx := client(t), t.Context()
	for _, name := range []string{"b-1", "a-2", "a-1"} {
		if _, err := c.CreateSchedule(ctx, minimal(name)); err != nil {
			t.Fatal(err)
		}
	}
	pages := awsscheduler.NewListSchedulesPaginator(c, &awsscheduler.ListSchedulesInput{
		GroupName: aws.String("default"), NamePrefix: aws.String("a-"), State: types.ScheduleStateDisabled, MaxResults: aws.Int32(1),
	})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Schedules {
			names = append(names, aws.ToString(one.Name)+" "+aws.ToString(one.Target.Arn))
		}
	}
	if want := []string{"a-1 arn:aws:sqs:us-east-1:000000000000:q", "a-2 arn:aws:sqs:us-east-1:000000000000:q"}; !cmp.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	groups, err := c.ListScheduleGroups(ctx, &awsscheduler.ListScheduleGroupsInput{})
	if err != nil || len(groups.ScheduleGroups) != 1 {
		t.Fatalf("got %+v, %v", groups, err)
	}
	group := groups.ScheduleGroups[0].Arn
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}
	if _, err := c.TagResource(ctx, &awsscheduler.TagResourceInput{ResourceArn: group, Tags: tags}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagResource(ctx, &awsscheduler.UntagResourceInput{ResourceArn: group, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	left, err := c.ListTagsForResource(ctx, &awsscheduler.ListTagsForResourceInput{ResourceArn: group})
	if err != nil || len(left.Tags) != 1 || aws.ToString(left.Tags[0].Key) != "b" {
		t.Errorf("got %+v, %v", left, err)
	}
	schedule := aws.String("arn:aws:scheduler:us-east-1:000000000000:schedule/default/a-1")
	expect(t, "tags of a schedule", second(c.ListTagsForResource(ctx, &awsscheduler.ListTagsForResourceInput{ResourceArn: schedule})),
		"ValidationException", "schedule group")
	expect(t, "group", second(c.GetScheduleGroup(ctx, &awsscheduler.GetScheduleGroupInput{Name: aws.String("other")})),
		"ResourceNotFoundException", "Schedule group other does not exist.")
	expect(t, "new group", second(c.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: aws.String("other")})),
		"UnknownOperationException", "not supported by localaws")
}
