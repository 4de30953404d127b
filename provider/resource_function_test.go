package provider

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

const (
	testFunction = "handler_function.test"
	mutations    = `^(POST|PUT|DELETE) /`
)

// testImageURI returns the URI of the tests' app in an image of the tests' AWS, in a version that makes it another image. Where no
// images can be pushed, it is one that is taken on trust.
func testImageURI(t *testing.T, version string) string {
	t.Helper()
	if os.Getenv(endpointVariable) != "" {
		return "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:" + strings.Repeat(version, 64)
	}
	name := "function-tests"
	client := ecr.NewFromConfig(clientConfig())
	_, _ = client.CreateRepository(background(), &ecr.CreateRepositoryInput{RepositoryName: &name}) // the first test makes it
	data := dataFor(t, clientConfig())
	built, err := data.builds.builder.Build(background(), image.Source{Package: appPackage(t), Ldflags: []string{"-X main.version=" + version}})
	if err != nil {
		t.Fatal(err)
	}
	repository := strings.TrimPrefix(backend.endpoint, "http://") + "/" + name
	if err := data.registry.Push(background(), repository, built.Image); err != nil {
		t.Fatal(err)
	}
	return repository + "@" + built.Digest
}

// functionConfig is a queue and a function that drains it, both with further attributes.
func functionConfig(name, imageURI, attributes string) string {
	return fmt.Sprintf(`
resource "handler_queue" "test" {
  name             = %[1]q
  function_timeout = 10
  force_destroy    = true
}

resource "handler_queue" "other" {
  name          = "%[1]s-other"
  force_destroy = true
}

resource "handler_reset" "test" {}

resource "handler_function" "test" {
  name      = %[1]q
  image_uri = %[2]q
  %[3]s
}
`, name, imageURI, attributes)
}

const draining = `
  handler = "first"
  timeout = 10
  queues  = { main = { arn = handler_queue.test.arn } }
`

// functionIs checks what AWS says about a function.
func functionIs(name string, check func(*lambda.GetFunctionOutput) error) resource.TestCheckFunc {
	return func(*terraform.State) error {
		output, err := lambda.NewFromConfig(clientConfig()).GetFunction(background(), &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			return err
		}
		return check(output)
	}
}

// environmentIs checks variables of a function; an empty value stands for none.
func environmentIs(name string, want map[string]string) resource.TestCheckFunc {
	return functionIs(name, func(output *lambda.GetFunctionOutput) error {
		for variable, value := range want {
			if got := output.Configuration.Environment.Variables[variable]; got != value {
				return fmt.Errorf("%s: got %q, want %q", variable, got, value)
			}
		}
		return nil
	})
}

// nothingLeft checks that nothing of a function is left behind but its log group.
func nothingLeft(name string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		ctx, client := background(), lambda.NewFromConfig(clientConfig())
		var left []error
		if _, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name}); err == nil {
			left = append(left, errors.New("the function is left behind"))
		}
		mappings, err := client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &name})
		if err == nil && len(mappings.EventSourceMappings) > 0 {
			left = append(left, errors.New("a mapping is left behind"))
		}
		role := roleName(name, testRegion)
		if _, err := iam.NewFromConfig(clientConfig()).GetRole(ctx, &iam.GetRoleInput{RoleName: &role}); err == nil {
			left = append(left, errors.New("the role is left behind"))
		}
		return errors.Join(left...)
	}
}

func update(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             append(checks, plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionUpdate)),
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

func TestAccFunction(t *testing.T) {
	acceptance(t)
	name, uri, otherURI := uniqueName(t), testImageURI(t, "1"), testImageURI(t, "2")
	account := knownvalue.StringRegexp(regexp.MustCompile(`^arn:aws:lambda:us-east-1:\d{12}:function:` + name + `$`))
	maximum := func(label string, want int32) plancheck.PlanCheck {
		at := tfjsonpath.New("queues").AtMapKey(label).AtMapKey("maximum_concurrency")
		return plancheck.ExpectKnownValue(testFunction, at, knownvalue.Int32Exact(want))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), logGroupKept(name)),
		Steps: []resource.TestStep{
			{
				Config: functionConfig(name, uri, draining+`
  reset       = handler_reset.test.id
  send_to     = { second = handler_queue.other.arn }
  environment = { LEVEL = "1", EMPTY = "" }
  tags        = { team = "a" }
  reserved_concurrency = 5`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{maximum("main", 5)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					known(testFunction, "arn", account),
					known(testFunction, "log_group_name", knownvalue.StringExact("/aws/lambda/"+name)),
					known(testFunction, "mappings", knownvalue.MapSizeExact(1)),
				},
				Check: resource.ComposeTestCheckFunc(
					environmentIs(name, map[string]string{
						"HANDLER": "first", "LEVEL": "1", "HANDLER_QUEUES": "second=" + queueURLOf(name+"-other"),
					}),
					policyAllows(name, "sqs:ReceiveMessage", name),
					policyAllows(name, "sqs:SendMessage", name+"-other"),
					policyAllows(name, "sqs:SendMessage", name+"-dlq"),
				),
			},
			{
				ResourceName: testFunction, ImportState: true, ImportStateId: name,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				ImportStateVerifyIgnore: []string{"queues", "mappings"}, // labels are known to the configuration only
			},
			{
				Config: functionConfig(name, uri, draining+`
  environment = { LEVEL = "2" }
  memory_size = 512
  log         = { format = "`+logFormat()+`", retention = 7 }
  reserved_concurrency = 9`),
				ConfigPlanChecks: update(maximum("main", 9)),
				Check: resource.ComposeTestCheckFunc(
					environmentIs(name, map[string]string{"LEVEL": "2", "EMPTY": "", "HANDLER_RESET": "", "HANDLER_QUEUES": ""}),
					policyLacks(name, name+"-other"),
				),
			},
			{
				Config: functionConfig(name, otherURI, `
  handler = "second"
  timeout = 10
  queues = {
    main  = { arn = handler_queue.test.arn, batch_size = 100, batching_window = 1, filters = [jsonencode({ body = { a = [1] } })] }
    other = { arn = handler_queue.other.arn, enabled = false }
  }
  reserved_concurrency = 9`),
				ConfigPlanChecks:  update(maximum("main", 5), maximum("other", 4)),
				ConfigStateChecks: []statecheck.StateCheck{known(testFunction, "mappings", knownvalue.MapSizeExact(2))},
			},
			{
				Config: functionConfig(name, otherURI, `
  handler = "second"
  timeout = 5
  queues  = { renamed = { arn = handler_queue.other.arn } }`),
				ConfigPlanChecks: update(),
				ConfigStateChecks: []statecheck.StateCheck{known(testFunction, "mappings", knownvalue.MapExact(map[string]knownvalue.Check{
					"renamed": knownvalue.NotNull(),
				}))},
			},
			{
				Config:           functionConfig(name, otherURI, `handler = "second"`),
				ConfigPlanChecks: update(),
				Check:            policyLacks(name, name+"-other"),
			},
		},
	})
}

// logFormat returns the format that is not the default, but where the format is forgotten (moto).
func logFormat() string {
	if os.Getenv(endpointVariable) != "" {
		return "Text"
	}
	return "JSON"
}

func queueURLOf(name string) string { return backend.endpoint + "/" + testAccount() + "/" + name }

// testAccount returns the account that localaws, or else moto, has.
func testAccount() string {
	if os.Getenv(endpointVariable) != "" {
		return "123456789012"
	}
	return "000000000000"
}

func policyOf(name string) (string, error) {
	output, err := iam.NewFromConfig(clientConfig()).GetRolePolicy(background(), &iam.GetRolePolicyInput{
		RoleName: aws.String(roleName(name, testRegion)), PolicyName: aws.String("handler"),
	})
	if err != nil {
		return "", err
	}
	return url.QueryUnescape(aws.ToString(output.PolicyDocument))
}

// policyAllows checks that some statement has the action and a queue; what the statements are is checked in package cloud.
func policyAllows(name, action, queue string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		policy, err := policyOf(name)
		if err == nil && !regexp.MustCompile(regexp.QuoteMeta(action)+`.*:`+queue+`\W`).MatchString(policy) {
			err = fmt.Errorf("%s on %s is missing in %s", action, queue, policy)
		}
		return err
	}
}

func policyLacks(name, queue string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		policy, err := policyOf(name)
		if err == nil && strings.Contains(policy, queue) {
			err = fmt.Errorf("%s is still in %s", queue, policy)
		}
		return err
	}
}

func logGroupKept(name string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		client := cloudwatchlogs.NewFromConfig(clientConfig())
		group := "/aws/lambda/" + name
		output, err := client.DescribeLogGroups(background(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
		if err == nil && len(output.LogGroups) == 0 {
			err = errors.New("the log group is gone")
		}
		return err
	}
}

func TestAccFunctionResetsInPlace(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := functionConfig(name, uri, draining+"reset = handler_reset.test.id")
	const configuration = `^PUT /2015-03-31/functions/.*/configuration$`
	var mutationsBefore, configurationsBefore int
	resets := statecheck.CompareValue(compare.ValuesDiffer())
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{resets.AddStateValue(testFunction, tfjsonpath.New("reset"))}},
			{
				PreConfig: func() {
					mutationsBefore, configurationsBefore = backend.count(mutations, name), backend.count(configuration, name)
				},
				Taint:             []string{"handler_reset.test"},
				Config:            config,
				ConfigPlanChecks:  update(),
				ConfigStateChecks: []statecheck.StateCheck{resets.AddStateValue(testFunction, tfjsonpath.New("reset"))},
				Check: func(*terraform.State) error {
					changes, configurations := lambdaMutations(name)-mutationsBefore, backend.count(configuration, name)-configurationsBefore
					if changes != 1 || configurations != 1 {
						return fmt.Errorf("got %d changes and %d new configurations, want one and the same", changes, configurations)
					}
					return nil
				},
			},
		},
	})
}

// lambdaMutations counts the calls to Lambda that changed something about a function.
func lambdaMutations(name string) int { return backend.count(mutations, name) }

func TestAccFunctionIsReplacedWithoutLoss(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := functionConfig(name, uri, draining)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config},
			{
				Taint:  []string{testFunction},
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionReplace),
						plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionNoop),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
		},
	})
}
