package provider

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// settings are what Lambda says about a function's rarer settings.
type settings struct {
	Storage    int32
	Key        string
	Tracing    types.TracingMode
	Subnets    []string
	Groups     []string
	LogGroup   string
	Recursion  types.RecursiveLoop
	MinPollers int32
	MaxPollers int32
}

func settingsOf(name string) (settings, error) {
	client := lambda.NewFromConfig(clientConfig())
	config, err1 := client.GetFunctionConfiguration(background(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	mappings, err2 := client.ListEventSourceMappings(background(), &lambda.ListEventSourceMappingsInput{FunctionName: &name})
	if err := errors.Join(err1, err2); err != nil {
		return settings{}, err
	}
	got := settings{Storage: *config.EphemeralStorage.Size, Key: aws.ToString(config.KMSKeyArn), Tracing: config.TracingConfig.Mode}
	if !isMoto() {
		recursion, err := client.GetFunctionRecursionConfig(background(), &lambda.GetFunctionRecursionConfigInput{FunctionName: &name})
		if err != nil {
			return settings{}, err
		}
		got.LogGroup, got.Recursion = aws.ToString(config.LoggingConfig.LogGroup), recursion.RecursiveLoop
	}
	if vpc := config.VpcConfig; vpc != nil && len(vpc.SubnetIds) > 0 {
		got.Subnets, got.Groups = vpc.SubnetIds, vpc.SecurityGroupIds
	}
	if pollers := mappings.EventSourceMappings[0].ProvisionedPollerConfig; pollers != nil && pollers.MinimumPollers != nil {
		got.MinPollers, got.MaxPollers = *pollers.MinimumPollers, *pollers.MaximumPollers
	}
	return got, nil
}

// settingsAre checks what a function's settings are. Moto has neither keys, log groups of one's own nor recursion, and changes neither
// storage nor tracing once there is a function.
func settingsAre(name string, want settings) resource.TestCheckFunc {
	if isMoto() {
		want.Storage, want.Tracing = 1024, types.TracingModeActive
		want.Key, want.LogGroup, want.Recursion = "", "", ""
	}
	return func(*terraform.State) error {
		got, err := settingsOf(name)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return errors.New(diff)
		}
		return nil
	}
}

func logGroupGone(group string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		output, err := cloudwatchlogs.NewFromConfig(clientConfig()).DescribeLogGroups(background(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
		if err == nil && len(output.LogGroups) > 0 {
			err = fmt.Errorf("the log group %s is still there", group)
		}
		return err
	}
}

// TestAccFunctionSettings sets, changes, imports and removes every setting that a function can do without.
func TestAccFunctionSettings(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	key := "arn:aws:kms:us-east-1:" + testAccount() + ":key/11111111-1111-1111-1111-111111111111"
	logGroup := "/acc/" + name
	if isMoto() {
		logGroup = "/aws/lambda/" + name
	}
	config := func(notOnMoto, attributes, queue string) string {
		if isMoto() {
			notOnMoto = "ephemeral_storage = 1024\n tracing = true\n"
		}
		return functionConfig(name, uri, "handler = \"first\"\n timeout = 10\n queues = { main = { arn = handler_queue.test.arn, "+queue+" } }\n"+
			notOnMoto+attributes)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), logGroupGone("/acc/"+name), logGroupKept(name)),
		Steps: []resource.TestStep{
			{
				Config: config(`
  ephemeral_storage = 1024
  kms_key_arn       = "`+key+`"
  tracing           = true
  recursive_loop    = "Allow"
  log               = { group = "/acc/`+name+`", keep = false, retention = 3 }
`, `
  vpc    = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1", "sg-2"] }
  policy = jsonencode([{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::acme/*" }])
`, "provisioned_pollers = { minimum = 3 }"),
				ConfigPlanChecks: emptyPlan(),
				ConfigStateChecks: []statecheck.StateCheck{
					known(testFunction, "log_group_name", knownvalue.StringExact(logGroup)),
					known(testFunction, "version", knownvalue.StringExact("$LATEST")),
					known(testFunction, "role_policy", knownvalue.StringRegexp(regexp.MustCompile(`ec2:CreateNetworkInterface.*xray:PutTraceSegments.*s3:GetObject`))),
				},
				Check: settingsAre(name, settings{
					Storage: 1024, Key: key, Tracing: types.TracingModeActive, Subnets: []string{"subnet-1"}, Groups: []string{"sg-1", "sg-2"},
					LogGroup: "/acc/" + name, Recursion: types.RecursiveLoopAllow, MinPollers: 3, MaxPollers: 200,
				}),
			},
			{
				ResourceName: testFunction, ImportState: true, ImportStateId: name,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				ImportStateVerifyIgnore: []string{"queues", "mappings", "policy", "log.keep"}, // which are known to the configuration only
			},
			{
				Config: config(`
  ephemeral_storage = 2048
  log               = { group = "/acc/`+name+`-2", keep = false }
`, `
  vpc    = { subnet_ids = ["subnet-2"], security_group_ids = ["sg-2"], ipv6 = true }
  policy = jsonencode({ Version = "2012-10-17", Statement = { Effect = "Deny", Action = "s3:*", Resource = "*" } })
`, "maximum_concurrency = 7"),
				ConfigPlanChecks: update(),
				Check: resource.ComposeTestCheckFunc(
					settingsAre(name, settings{
						Storage: 2048, Tracing: types.TracingModePassThrough, Subnets: []string{"subnet-2"}, Groups: []string{"sg-2"},
						LogGroup: "/acc/" + name + "-2", Recursion: types.RecursiveLoopTerminate,
					}),
					unlessMoto(policyLacks(name, "xray:")), policyLacks(name, "s3:GetObject"),
				),
			},
			{
				Config:           config("", "", "provisioned_pollers = {}"),
				ConfigPlanChecks: update(),
				Check: resource.ComposeTestCheckFunc(
					settingsAre(name, settings{
						Storage: 512, Tracing: types.TracingModePassThrough, LogGroup: "/aws/lambda/" + name,
						Recursion: types.RecursiveLoopTerminate, MinPollers: 2, MaxPollers: 200,
					}),
					policyLacks(name, "ec2:"), policyLacks(name, "s3:"), logGroupGone("/acc/"+name+"-2"),
				),
			},
			{Config: config("", "", "batch_size = 5"), ConfigPlanChecks: update()},
		},
	})
}

// TestAccFunctionIsDestroyedInOrder: its mappings first, so that no message is received for it any more, then its network interfaces, which would
// hold its security groups.
func TestAccFunctionIsDestroyedInOrder(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	detached, mapped, deleted := 0, 0, 0
	backend.before(t, `^DELETE /2015-03-31/functions/`, name, func() {
		deleted++
		left, err := lambda.NewFromConfig(clientConfig()).ListEventSourceMappings(background(), &lambda.ListEventSourceMappingsInput{FunctionName: &name})
		if err != nil {
			t.Error(err)
			return
		}
		mapped = len(left.EventSourceMappings)
		detached = backend.count(`^PUT /2015-03-31/functions/`+name+`/configuration$`, `"VpcConfig":{"SecurityGroupIds":[],"SubnetIds":[]}`)
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{{
			Config: functionConfig(name, uri, draining+"vpc = { subnet_ids = [\"subnet-1\"], security_group_ids = [\"sg-1\"] }"),
		}},
	})
	if deleted != 1 || detached != 1 || mapped != 0 {
		t.Errorf("the function was deleted %d times, with %d mappings, and detached %d times before", deleted, mapped, detached)
	}
}

// TestAccFunctionMergesItsEnvironment leaves the variables alone that somebody else sets, and takes its own away.
func TestAccFunctionMergesItsEnvironment(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client := lambda.NewFromConfig(clientConfig())
	setOther := func(value string) func() {
		return func() {
			output, err := client.GetFunctionConfiguration(background(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
			if err != nil {
				t.Fatal(err)
			}
			output.Environment.Variables["OTHERS"] = value
			if err := setVariables(background(), client, name, output.Environment.Variables); err != nil {
				t.Fatal(err)
			}
		}
	}
	merging := func(environment string) string {
		return functionConfig(name, uri, draining+"environment_mode = \"merge\"\n environment = "+environment)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: merging(`{ OWN = "1", GOES = "1" }`)},
			{PreConfig: setOther("1"), Config: merging(`{ OWN = "1", GOES = "1" }`), PlanOnly: true},
			{
				Config: merging(`{ OWN = "2" }`), ConfigPlanChecks: update(),
				Check: environmentIs(name, map[string]string{"OWN": "2", "GOES": "", "OTHERS": "1", "HANDLER": "first"}),
			},
			{
				Config: functionConfig(name, uri, draining+`environment = { OWN = "2" }`), ConfigPlanChecks: update(),
				Check: environmentIs(name, map[string]string{"OWN": "2", "OTHERS": ""}),
			},
			{Config: functionConfig(name, uri, draining+"reset = \"1\"\n send_to = { other = handler_queue.other.arn }")},
			{
				PreConfig: setOther("3"), Config: merging(`{}`), ConfigPlanChecks: update(),
				Check: environmentIs(name, map[string]string{"OTHERS": "3", "HANDLER_RESET": "", "HANDLER_QUEUES": ""}),
			},
		},
	})
}

// isMoto reports whether the tests' AWS is a moto server.
func isMoto() bool { return os.Getenv(endpointVariable) != "" }

// unlessMoto leaves a check out on moto.
func unlessMoto(check resource.TestCheckFunc) resource.TestCheckFunc {
	if isMoto() {
		return func(*terraform.State) error { return nil }
	}
	return check
}
