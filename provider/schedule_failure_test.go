package provider

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	basetypes "github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

func tagsOf(key, value string) []types.Tag { return []types.Tag{{Key: &key, Value: &value}} }

func TestAccScheduleInvalid(t *testing.T) {
	acceptance(t)
	queue := fmt.Sprintf("queue_arn = %q\n", testARN("sqs", "q"))
	with := func(attributes string) string {
		return bareSchedule("s", queue+"event = { type = \"t\" }\n"+attributes)
	}
	rate := "expression = \"rate(1 hour)\"\n"
	for _, test := range []struct{ name, config, want string }{
		{"name", bareSchedule("a b", queue+scheduledCleanup), `must be of letters, digits`},
		{"long name", bareSchedule(strings.Repeat("s", 65), queue+scheduledCleanup), `between 1 and 64`},
		{"expression", with(`expression = "5 minutes"`), `is\s+neither\s+at\(`},
		{"rate", with(`expression = "rate(5 weeks)"`), `unit\s+"weeks"`},
		{"cron of two days", with(`expression = "cron(0 12 * * * *)"`), `write\s+\?\s+for\s+exactly\s+one`},
		{"cron of 5 fields", with(`expression = "cron(0 12 * * ?)"`), `5\s+fields\s+instead\s+of\s+6`},
		{"cron hour", with(`expression = "cron(0 24 * * ? *)"`), `"24"\s+in\s+the\s+field\s+hours`},
		{"at", with(`expression = "at(2099-02-30T00:00:00)"`), `without\s+a\s+zone`},
		{"time zone", with(rate + `timezone = "Berlin"`), `no\s+time\s+zone\s+"Berlin"`},
		{"window", with(rate + `flexible_window = 1441`), `between 0 and 1440`},
		{"start", with(rate + `start = "tomorrow"`), `"tomorrow"\s+is\s+no\s+time`},
		{"end", with(rate + "start = \"2099-01-02T00:00:00Z\"\n end = \"2099-01-02T00:00:00Z\""), `before\s+it\s+begins`},
		{"group of a standard queue", with(rate + `message_group = "g"`), `Remove\s+message_group`},
		{
			"no group of a FIFO queue", bareSchedule("s", fmt.Sprintf("queue_arn = %q\n", testARN("sqs", "q.fifo"))+scheduledCleanup),
			`Set\s+message_group`,
		},
		{"type", bareSchedule("s", queue+rate+`event = { type = "" }`), `at least 1`},
		{"data", bareSchedule("s", queue+rate+`event = { type = "t", data = "text" }`), `(?s)data.*The\s+data\s+is\s+no\s+JSON`},
		{
			"much data", bareSchedule("s", queue+rate+`event = { type = "t", data = jsonencode([for n in range(1000) : "`+strings.Repeat("x", 300)+`"]) }`),
			`Scheduler\s+sends\s+at\s+most\s+262144`,
		},
		{"no queue", bareSchedule("s", fmt.Sprintf("queue_arn = %q\n", testARN("sns", "topic"))+scheduledCleanup), `is\s+not\s+the\s+ARN\s+of\s+a\s+queue`},
		{
			"queue elsewhere", bareSchedule("s", `queue_arn = "arn:aws:sqs:eu-west-1:`+testAccount()+`:q"`+scheduledCleanup),
			`region\s+eu-west-1,\s+but\s+the\s+schedule\s+will\s+be\s+in\s+us-east-1`,
		},
		{"key", with(rate + `kms_key_arn = "alias/mine"`), `must be the ARN of a KMS key`},
		{
			"key elsewhere", with(rate + `kms_key_arn = "arn:aws:kms:eu-west-1:` + testAccount() + `:key/1"`),
			`KMS\s+key\s+\S+\s+is\s+in\s+region`,
		},
		{"boundary", with(rate + `permissions_boundary = "admin"`), `must be the ARN of an IAM policy`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: test.config, PlanOnly: true, ExpectError: regexp.MustCompile(test.want)}},
			})
		})
	}
}

func TestScheduleThatDoesNotFireIsWarnedOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct{ expression, zone, start, end, want string }{
		{"at(2026-11-20T12:30:00)", "UTC", "", "", ""},
		{"at(2026-11-20T12:30:00)", "Europe/Berlin", "", "", "has passed"},
		{"cron(0 0 31 2 ? *)", "UTC", "", "", "no time any more"},
		{"cron(0 0 1 1 ? 2025)", "UTC", "", "", "no time any more"},
		{"cron(0 13 * * ? *)", "UTC", "", "2026-11-20T13:00:00Z", ""},
		{"cron(0 13 * * ? *)", "UTC", "", "2026-11-20T12:59:00Z", "would fire next at 2026-11-20T13:00:00Z"},
		{"cron(0 13 * * ? *)", "UTC", "2026-11-21T00:00:00Z", "2026-11-21T01:00:00Z", "would fire next at 2026-11-21T13:00:00Z"},
		{"rate(5 days)", "UTC", "", "2026-11-20T12:01:00Z", ""},
		{"rate(5 days)", "UTC", "", "2026-11-20T11:59:00Z", "ends at"},
		{"rate(5 days)", "UTC", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", ""},
	} {
		m := scheduleModel{
			Expression: basetypes.StringValue(test.expression), Timezone: basetypes.StringValue(test.zone),
			Start: textOrNull(test.start), End: textOrNull(test.end),
		}
		var diags diag.Diagnostics
		m.warnIfIdle(now, &diags)
		got := ""
		for _, d := range diags.Warnings() {
			got += d.Detail()
		}
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

// TestStartThatHasPassed checks that Scheduler, which takes no such start, is told one of the same effect, and that it is no drift.
func TestStartThatHasPassed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct{ expression, start, want string }{
		{"rate(1 day)", "", ""},
		{"rate(1 day)", "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z"},
		{"rate(1 day)", "2026-11-01T03:00:00Z", "2026-11-21T03:00:00Z"},
		{"rate(7 hours)", "2026-11-20T03:00:00+01:00", "2026-11-20T16:00:00Z"},
		{"cron(0 3 * * ? *)", "2026-11-01T00:00:00Z", ""},
		{"cron(0 3 * * ? *)", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"},
		{"at(2026-11-21T00:00:00)", "2026-11-01T00:00:00Z", ""},
	} {
		m := scheduleModel{
			Expression: basetypes.StringValue(test.expression), Timezone: basetypes.StringValue("UTC"), Start: textOrNull(test.start),
			Event: basetypes.ObjectNull(scheduleEventTypes),
		}
		begin := m.begin(now)
		if got := instantOrNull(begin).ValueString(); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
		var diags diag.Diagnostics
		m.read(t.Context(), &cloud.Schedule{Expression: test.expression, Timezone: "UTC", Start: begin, Changed: now}, &diags)
		if m.Start.ValueString() != test.start {
			t.Errorf("%+v: read %s", test, m.Start)
		}
		other := now.Add(90 * time.Minute)
		m.read(t.Context(), &cloud.Schedule{Expression: test.expression, Timezone: "UTC", Start: other, Changed: now}, &diags)
		if !sameInstant(instant(m.Start), other) {
			t.Errorf("%+v: another start was read as %s", test, m.Start)
		}
	}
}

func TestAccScheduleLeavesNothingWhenItCannotBeMade(t *testing.T) {
	acceptance(t)
	for step, forbidden := range map[string]struct{ operation, about string }{
		"role":     {`^CreateRole$`, ""},
		"policy":   {`^PutRolePolicy$`, ""},
		"schedule": {`^POST /schedules/`, ""},
	} {
		t.Run(step, func(t *testing.T) {
			name := uniqueName(t)
			var allowAgain func()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             noSchedules(name),
				Steps: []resource.TestStep{
					{
						PreConfig:   func() { allowAgain = backend.fail(t, forbidden.operation, name) },
						Config:      scheduleConfig(name, scheduledCleanup),
						ExpectError: regexp.MustCompile(`(?s)Failed to create schedule.*this\s+test\s+forbids\s+it`),
					},
					{
						PreConfig: func() {
							if err := noSchedules(name)(nil); err != nil {
								t.Error(err)
							}
							allowAgain()
						},
						Config: scheduleConfig(name, scheduledCleanup), ConfigPlanChecks: emptyPlan(),
					},
				},
			})
		})
	}
}

// TestAccScheduleThatMayHaveBeenMade has a schedule made after AWS has failed to say so, when what can be removed is.
func TestAccScheduleThatMayHaveBeenMade(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := scheduler.NewFromConfig(clientConfig())
	var stop func()
	config := "provider \"handler\" {\n  max_retries = 1\n}\n" + scheduleConfig(name, scheduledCleanup)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{
				PreConfig: func() {
					stop = backend.refuse(t, `^POST /schedules/`, name, http.StatusInternalServerError, "InternalServerException", "this test fails it")
				},
				Config: config, ExpectError: regexp.MustCompile(spaced(`Failed to create schedule.*Failed to clean up schedule`)),
			},
			{
				PreConfig: func() {
					stop()
					role := fmt.Sprintf("arn:aws:iam::%s:role/%s", testAccount(), roleName(name+".schedule", testRegion))
					_, err := client.CreateSchedule(background(), &scheduler.CreateScheduleInput{
						Name: &name, ScheduleExpression: aws.String("rate(1 hour)"), FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: "OFF"},
						Target: &schedulertypes.Target{Arn: aws.String(testARN("sqs", name)), RoleArn: &role, Input: aws.String("{}")},
					})
					if err != nil {
						t.Fatal(err)
					}
				},
				Config: config, ConfigPlanChecks: emptyPlan(),
			},
		},
	})
}

func TestAccScheduleOfSomebodyElseIsNotTouched(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	second := strings.Replace(bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup), `"test"`, `"second"`, 1)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{Config: scheduleConfig(name, scheduledCleanup)},
			{
				Config:      scheduleConfig(name, scheduledCleanup) + second,
				ExpectError: regexp.MustCompile(`(?s)Failed to create schedule.*A\s+schedule\s+named\s+` + name + `\s+exists;\s+import\s+it`),
			},
			{Config: scheduleConfig(name, scheduledCleanup), ConfigPlanChecks: emptyPlan()},
		},
	})
}

// TestAccScheduleOfAnotherProcessIsLeftAlone has another process make the schedule, with the same role, at the last moment.
func TestAccScheduleOfAnotherProcessIsLeftAlone(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := scheduler.NewFromConfig(clientConfig())
	backend.before(t, `^POST /schedules/`+name+`$`, "", func() {
		role, err := scheduleRole(name)
		if err != nil {
			t.Error(err)
			return
		}
		_, err = client.CreateSchedule(background(), &scheduler.CreateScheduleInput{
			Name: &name, ScheduleExpression: aws.String("rate(5 days)"), State: "DISABLED",
			FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: "OFF"},
			Target:             &schedulertypes.Target{Arn: aws.String(testARN("sqs", name)), RoleArn: role.Role.Arn, Input: aws.String("{}")},
		})
		if err != nil {
			t.Error(err)
		}
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:      scheduleConfig(name, scheduledCleanup),
			ExpectError: regexp.MustCompile(`(?s)Failed to create schedule.*exists;\s+import\s+it`),
		}},
	})
	if _, err := scheduleRole(name); err != nil {
		t.Errorf("the role of the other's schedule is gone: %s", err)
	}
}

func TestAccScheduleLeavesARoleOfSomebodyElse(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	role := roleName(name+".schedule", testRegion)
	client := iam.NewFromConfig(clientConfig())
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if _, err := client.CreateRole(background(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: aws.String(role)}) })
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:      scheduleConfig(name, scheduledCleanup),
			ExpectError: regexp.MustCompile(`(?s)Failed to create schedule.*that\s+was\s+made\s+for\s+something\s+else`),
		}},
	})
	if _, err := scheduleRole(name); err != nil {
		t.Errorf("the other's role is gone: %s", err)
	}
}

func TestAccScheduleOfAQueueThatDoesNotExist(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{{
			Config:      bareSchedule(name, fmt.Sprintf("queue_arn = %q\n", testARN("sqs", name))+scheduledCleanup),
			ExpectError: regexp.MustCompile(`(?s)Failed to create schedule.*queue_arn = .*does\s+not\s+exist;\s+create\s+it\s+first`),
		}},
	})
}
