package provider

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

const testSchedule = "handler_schedule.test"

// scheduleConfig is a schedule that sends to a queue of its name.
func scheduleConfig(name, attributes string) string {
	return queueConfig(name, "force_destroy = true\n dead_letter = { enabled = false }") +
		bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+attributes)
}

func bareSchedule(name, attributes string) string {
	return fmt.Sprintf("resource \"handler_schedule\" \"test\" {\n  name = %q\n  %s\n}\n", name, attributes)
}

// scheduledCleanup is all that a schedule must have besides.
const scheduledCleanup = `
  expression = "rate(5 days)"
  event      = { type = "cron.cleanup" }
`

func getSchedule(name string) (*scheduler.GetScheduleOutput, error) {
	return scheduler.NewFromConfig(clientConfig()).GetSchedule(background(), &scheduler.GetScheduleInput{Name: &name})
}

// scheduleRole returns the role of a schedule, or an error.
func scheduleRole(name string) (*iam.GetRoleOutput, error) {
	return iam.NewFromConfig(clientConfig()).GetRole(background(), &iam.GetRoleInput{RoleName: aws.String(roleName(name+".schedule", testRegion))})
}

// noSchedules checks that a test left neither schedule nor role behind.
func noSchedules(names ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for _, name := range names {
			if _, err := getSchedule(name); err == nil {
				return fmt.Errorf("schedule %s is left behind", name)
			}
			if _, err := scheduleRole(name); err == nil {
				return fmt.Errorf("the role of schedule %s is left behind", name)
			}
		}
		return nil
	}
}

// schedulePolicies checks who may assume the role of a schedule, and what it may do.
func schedulePolicies(name string, statements ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		role, err := scheduleRole(name)
		if err != nil {
			return err
		}
		trust, err := url.QueryUnescape(aws.ToString(role.Role.AssumeRolePolicyDocument))
		if err != nil {
			return err
		}
		account := testAccount()
		want := `{"Version":"2012-10-17","Statement":[{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"` + account +
			`","aws:SourceArn":"arn:aws:scheduler:us-east-1:` + account + `:schedule-group/default"}},"Effect":"Allow",` +
			`"Principal":{"Service":"scheduler.amazonaws.com"}}]}`
		if trust != want {
			return fmt.Errorf("the trust policy is %s", trust)
		}
		policy, err := policyOf(name + ".schedule")
		want = `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
		if err == nil && policy != want {
			err = fmt.Errorf("the policy is %s, want %s", policy, want)
		}
		return err
	}
}

// allow is a statement of a policy.
func allow(sid, resource, actions string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Action":[%s],"Resource":[%q]}`, sid, actions, resource)
}

func testARN(service, rest string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, testRegion, testAccount(), rest)
}

func updateSchedule(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             append(checks, plancheck.ExpectResourceAction(testSchedule, plancheck.ResourceActionUpdate)),
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

func importSchedule(name string) resource.TestStep {
	return resource.TestStep{
		ResourceName: testSchedule, ImportState: true, ImportStateId: name, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
	}
}

func TestAccSchedule(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	source := func(want string) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(testSchedule, tfjsonpath.New("event").AtMapKey("source"), knownvalue.StringExact(want))
	}
	arn, key := testARN("scheduler", "schedule/default/"+name), testARN("kms", "key/11111111-1111-1111-1111-111111111111")
	send := allow("Send", testARN("sqs", name), `"sqs:SendMessage"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{
				Config: scheduleConfig(name, scheduledCleanup),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						source(arn),
						plancheck.ExpectKnownValue(testSchedule, tfjsonpath.New("arn"), knownvalue.StringExact(arn)),
						plancheck.ExpectKnownValue(testSchedule, tfjsonpath.New("timezone"), knownvalue.StringExact("UTC")),
						plancheck.ExpectKnownValue(testSchedule, tfjsonpath.New("enabled"), knownvalue.Bool(true)),
						plancheck.ExpectKnownValue(testSchedule, tfjsonpath.New("flexible_window"), knownvalue.Int32Exact(0)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					known(testSchedule, "role_arn", knownvalue.StringRegexp(regexp.MustCompile(`:role/`+name+`\.schedule-us-east-1$`))),
				},
				Check: schedulePolicies(name, send),
			},
			importSchedule(name),
			{
				Config: scheduleConfig(name, `
  expression      = "cron(0/5 8 ? * MON-FRI *)"
  timezone        = "Europe/Berlin"
  flexible_window = 15
  start           = "2099-01-01T00:00:00Z"
  end             = "2099-12-31T00:00:00Z"
  enabled         = false
  description     = "cleans up"
  event           = { type = "cron.other", source = "acme", subject = "runs", data = jsonencode({ older_than = "<24h>", n = [1, 2] }) }
  kms_key_arn     = "`+key+`"
  tags            = { team = "a" }
  permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"`),
				ConfigPlanChecks: updateSchedule(source("acme")),
				Check:            schedulePolicies(name, send, allow("ScheduleKeys", key, `"kms:Decrypt"`)),
			},
			importSchedule(name),
			{
				Config: scheduleConfig(name, `
  expression      = "at(2099-01-31T08:00:00)"
  timezone        = "America/New_York"
  flexible_window = 1
  start           = "2098-01-01T02:00:00+02:00"
  description     = "cleans up once"
  event           = { type = "cron.other", subject = "all", data = "\"text\"" }
  tags            = { team = "b", cost = "1" }`),
				ConfigPlanChecks: updateSchedule(source(arn)),
				Check:            schedulePolicies(name, send),
				ConfigStateChecks: []statecheck.StateCheck{
					known(testSchedule, "start", knownvalue.StringExact("2098-01-01T02:00:00+02:00")),
					known(testSchedule, "permissions_boundary", knownvalue.Null()),
				},
			},
			{Config: scheduleConfig(name, scheduledCleanup), ConfigPlanChecks: updateSchedule()},
		},
	})
}

func TestAccScheduleIsReplacedUnderAnotherName(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	long := name + "." + strings.Repeat("l", 63-len(name))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name, long),
		Steps: []resource.TestStep{
			{Config: scheduleConfig(name, scheduledCleanup)},
			{
				Config: queueConfig(name, "force_destroy = true\n dead_letter = { enabled = false }") +
					bareSchedule(long, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testSchedule, plancheck.ResourceActionReplace)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: noSchedules(name),
			},
		},
	})
}

// TestAccScheduleMovesToAnotherQueue goes from an encrypted standard queue to a FIFO queue and back.
func TestAccScheduleMovesToAnotherQueue(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	key := testARN("kms", "key/22222222-2222-2222-2222-222222222222")
	queues := func(attributes string) string {
		return queueConfig(name, fmt.Sprintf("force_destroy = true\n dead_letter = { enabled = false }\n kms_key_arn = %q", key)) + fmt.Sprintf(`
resource "handler_queue" "fifo" {
  name          = "%s.fifo"
  dead_letter   = { enabled = false }
  force_destroy = true
  %s
}
`, name, attributes)
	}
	toStandard := bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup)
	toFIFO := bareSchedule(name, "queue_arn = handler_queue.fifo.arn\n message_group = \"cron\"\n"+scheduledCleanup)
	encrypted := schedulePolicies(name, allow("Send", testARN("sqs", name), `"sqs:SendMessage"`),
		allow("QueueKeys", key, `"kms:Decrypt","kms:GenerateDataKey"`))
	backend.before(t, `^PUT /schedules/`+name+`$`, "", func() {
		policy, err := policyOf(name + ".schedule")
		for _, queue := range []string{name, name + ".fifo"} {
			if err != nil || !strings.Contains(policy, `"`+testARN("sqs", queue)+`"`) {
				t.Errorf("the policy while the schedule moves is %s (%v), and lacks %s", policy, err, queue)
			}
		}
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name),
		Steps: []resource.TestStep{
			{Config: queues("") + toStandard, ConfigPlanChecks: emptyPlan(), Check: encrypted},
			{
				Config:      queues("") + toFIFO,
				ExpectError: regexp.MustCompile(`(?s)Failed to update schedule.*content_based_deduplication\s+=\s+true`),
			},
			{
				Config: queues("content_based_deduplication = true") + toFIFO, ConfigPlanChecks: updateSchedule(),
				Check: schedulePolicies(name, allow("Send", testARN("sqs", name+".fifo"), `"sqs:SendMessage"`)),
			},
			importSchedule(name),
			{Config: queues("content_based_deduplication = true") + toStandard, ConfigPlanChecks: updateSchedule(), Check: encrypted},
		},
	})
}

// TestAccScheduleFires has a schedule made, which as a rate without a start fires at once, and the app's SDK handle what it sends.
func TestAccScheduleFires(t *testing.T) {
	acceptance(t)
	needsImages(t) // moto's schedules do not fire
	name := uniqueName(t)
	type options struct {
		OlderThan string `json:"older_than"`
	}
	var got sdk.Event[options]
	app := sdk.New("test", sdk.Handler("cron", sdk.On("cron.cleanup", func(_ context.Context, e sdk.Event[options]) error {
		got = e
		return nil
	})))
	handled := func(*terraform.State) error {
		output, err := sqs.NewFromConfig(clientConfig()).ReceiveMessage(background(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(queueURL(t, name)), WaitTimeSeconds: 20,
		})
		if err != nil || len(output.Messages) != 1 {
			return fmt.Errorf("received %v, %w", output, err)
		}
		result := sdktest.Invoke(t, app, "cron", sdktest.Event{Body: aws.ToString(output.Messages[0].Body)})
		switch {
		case result.Messages[0].Outcome != sdktest.Handled:
			return fmt.Errorf("%s was %s: %w", aws.ToString(output.Messages[0].Body), result.Messages[0].Outcome, result.Messages[0].Err)
		case got.Data.OlderThan != "<24h>" || got.Source != testARN("scheduler", "schedule/default/"+name):
			return fmt.Errorf("the event is %+v", got)
		case got.ID != got.Time.Format(time.RFC3339) || time.Since(got.Time) > time.Hour:
			return fmt.Errorf("the ID is %q, the time %s", got.ID, got.Time)
		}
		return nil
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: scheduleConfig(name, `
  expression = "rate(5 days)"
  event      = { type = "cron.cleanup", subject = "runs", data = jsonencode({ older_than = "<24h>" }) }`),
			Check: handled,
		}},
	})
}
