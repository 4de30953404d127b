package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// changes checks that a plan changes just these attributes of the schedule.
type changes []string

func (c changes) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != testSchedule {
			continue
		}
		before, _ := change.Change.Before.(map[string]any)
		after, _ := change.Change.After.(map[string]any)
		unknown, _ := change.Change.AfterUnknown.(map[string]any)
		var got []string
		for name := range before {
			if unknown[name] == true || !cmp.Equal(before[name], after[name]) {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(c)), slices.Sorted(slices.Values(got))); diff != "" {
			resp.Error = errors.New(diff)
		}
	}
}

func TestAccScheduleDrift(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	role := aws.String(roleName(name+".schedule", testRegion))
	roles, schedules := iam.NewFromConfig(clientConfig()), scheduler.NewFromConfig(clientConfig())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	change := func(change func(in *scheduler.UpdateScheduleInput)) func() {
		return func() {
			found, err := getSchedule(name)
			must(err)
			in := &scheduler.UpdateScheduleInput{
				Name: &name, ScheduleExpression: found.ScheduleExpression, ScheduleExpressionTimezone: found.ScheduleExpressionTimezone,
				Description: found.Description, StartDate: found.StartDate, EndDate: found.EndDate, State: found.State, KmsKeyArn: found.KmsKeyArn,
				FlexibleTimeWindow: found.FlexibleTimeWindow, Target: found.Target,
			}
			change(in)
			_, err = schedules.UpdateSchedule(background(), in)
			must(err)
		}
	}
	deletePolicy := func() {
		_, err := roles.DeleteRolePolicy(background(), &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("handler")})
		must(err)
	}
	config := scheduleConfig(name, scheduledCleanup+"tags = { team = \"a\" }")
	steps := []resource.TestStep{{Config: config, ConfigPlanChecks: emptyPlan()}}
	for _, drift := range []struct {
		happen func()
		seen   []string
	}{
		{
			change(func(in *scheduler.UpdateScheduleInput) {
				in.ScheduleExpression, in.ScheduleExpressionTimezone = aws.String("rate(6 days)"), aws.String("Europe/Berlin")
				in.Description, in.State, in.KmsKeyArn = aws.String("other"), "DISABLED", aws.String(testARN("kms", "key/1"))
				in.StartDate, in.EndDate = aws.Time(time.Now().Add(time.Hour)), aws.Time(time.Now().Add(2*time.Hour))
				in.FlexibleTimeWindow.Mode, in.FlexibleTimeWindow.MaximumWindowInMinutes = "FLEXIBLE", aws.Int32(3)
				in.Target.Arn, in.Target.Input = aws.String(testARN("sqs", "other")), aws.String("no event")
			}),
			[]string{"expression", "timezone", "description", "enabled", "kms_key_arn", "start", "end", "flexible_window", "queue_arn", "event"},
		},
		{
			change(func(in *scheduler.UpdateScheduleInput) {
				in.Target.Input = aws.String(strings.Replace(*in.Target.Input, "cron.cleanup", "cron.other", 1))
			}),
			[]string{"event"},
		},
		{
			change(func(in *scheduler.UpdateScheduleInput) {
				in.Target.Input = aws.String(strings.Replace(*in.Target.Input, scheduledTime, "always-the-same", 1))
			}),
			[]string{"event"},
		},
		{
			func() {
				_, err := roles.TagRole(background(), &iam.TagRoleInput{RoleName: role, Tags: tagsOf("team", "b")})
				must(err)
				_, err = roles.PutRolePermissionsBoundary(background(), &iam.PutRolePermissionsBoundaryInput{
					RoleName: role, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/PowerUserAccess"),
				})
				must(err)
			},
			[]string{"tags_all", "permissions_boundary"},
		},
		{deletePolicy, []string{"role_arn"}},
		{
			func() {
				deletePolicy()
				_, err := roles.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: role})
				must(err)
			},
			[]string{"role_arn"},
		},
	} {
		steps = append(steps, resource.TestStep{
			PreConfig: drift.happen, Config: config, ConfigPlanChecks: updateSchedule(changes(drift.seen)),
			Check: schedulePolicies(name, allow("Send", testARN("sqs", name), `"sqs:SendMessage"`)),
		})
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), CheckDestroy: noSchedules(name), Steps: steps})
}

// TestAccScheduleFollowsTheKeyOfItsQueue encrypts the queue of a schedule in the same apply.
func TestAccScheduleFollowsTheKeyOfItsQueue(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := func(attributes string) string {
		return queueConfig(name, "force_destroy = true\n"+attributes) + bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{Config: config(""), ConfigPlanChecks: emptyPlan()},
			{
				Config: config(fmt.Sprintf("kms_key_arn = %q", testARN("kms", "key/1"))), ConfigPlanChecks: emptyPlan(),
				Check: policyAllows(name+".schedule", "kms:GenerateDataKey", "key/1"),
			},
			{Config: config(""), ConfigPlanChecks: emptyPlan(), Check: policyLacks(name+".schedule", "kms:")},
		},
	})
}

// TestAccScheduleDeletedByHand makes it again, and then removes what is left of it.
func TestAccScheduleDeletedByHand(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := queueConfig(name, "force_destroy = true") + bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup)
	remove := func() {
		if err := cloud.New(clientConfig()).DeleteSchedule(background(), name); err != nil {
			t.Fatal(err)
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: remove, Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testSchedule, plancheck.ResourceActionUpdate)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{PreConfig: remove, Config: config, Destroy: true},
		},
	})
}
