package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

func TestAccFunctionWithRoleOfItsOwn(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client := iam.NewFromConfig(clientConfig())
	foreign := name + "-foreign"
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	output, err := client.CreateRole(background(), &iam.CreateRoleInput{RoleName: &foreign, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = client.DeleteRolePolicy(background(), &iam.DeleteRolePolicyInput{RoleName: &foreign, PolicyName: aws.String("all")})
		_, _ = client.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: &foreign})
	})
	_, err = client.PutRolePolicy(background(), &iam.PutRolePolicyInput{RoleName: &foreign, PolicyName: aws.String("all"), PolicyDocument: &allow})
	if err != nil {
		t.Fatal(err)
	}
	roleIs := func(role string) []statecheck.StateCheck {
		return []statecheck.StateCheck{known(testFunction, "role_arn", knownvalue.StringRegexp(regexp.MustCompile(`:role/`+role+`$`)))}
	}
	own, brought := functionConfig(name, uri, draining), functionConfig(name, uri, draining+fmt.Sprintf("role_arn = %q", *output.Role.Arn))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(state *terraform.State) error {
			_, err := client.GetRole(background(), &iam.GetRoleInput{RoleName: &foreign})
			return errors.Join(err, nothingLeft(name)(state))
		},
		Steps: []resource.TestStep{
			{Config: brought, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: roleIs(foreign)},
			{Config: own, ConfigPlanChecks: update(), ConfigStateChecks: roleIs(roleName(name, testRegion))},
			{Config: brought, ConfigPlanChecks: update(), ConfigStateChecks: roleIs(foreign)},
		},
	})
}

func TestAccFunctionRole(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	const boundary = "arn:aws:iam::aws:policy/AdministratorAccess"
	role := func() (*iam.GetRoleOutput, error) {
		return iam.NewFromConfig(clientConfig()).GetRole(background(), &iam.GetRoleInput{RoleName: aws.String(roleName(name, testRegion))})
	}
	bounded := func(want string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			output, err := role()
			if err != nil {
				return err
			}
			got := ""
			if output.Role.PermissionsBoundary != nil {
				got = aws.ToString(output.Role.PermissionsBoundary.PermissionsBoundaryArn)
			}
			if got != want {
				return fmt.Errorf("the role is bounded by %q, want %q", got, want)
			}
			return nil
		}
	}
	at := func(path string) []statecheck.StateCheck {
		return []statecheck.StateCheck{known(testFunction, "role_arn", knownvalue.StringRegexp(regexp.MustCompile(":role"+path+name)))}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{
				Config:            functionConfig(name, uri, draining+"role_path = \"/teams/a/\"\n permissions_boundary = \""+boundary+"\""),
				ConfigPlanChecks:  emptyPlan(),
				ConfigStateChecks: at("/teams/a/"),
				Check:             bounded(boundary),
			},
			{
				ResourceName: testFunction, ImportState: true, ImportStateId: name,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				ImportStateVerifyIgnore: []string{"queues", "mappings"}, // labels are known to the configuration only
			},
			{
				Config:            functionConfig(name, uri, draining+"role_path = \"/teams/a/\""),
				ConfigPlanChecks:  update(),
				ConfigStateChecks: at("/teams/a/"),
				Check:             bounded(""),
			},
			{
				Config: functionConfig(name, uri, draining),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionReplace)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: at("/"),
			},
			{Config: functionConfig(name, uri, draining+"role_path = \"/\""), ConfigPlanChecks: update()},
		},
	})
}

// TestAccFunctionPolicyDrift has the role's policy changed by hand, and then has the queue dead-letter nowhere.
func TestAccFunctionPolicyDrift(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := functionConfig(name, uri, draining)
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config, Check: policyAllows(name, "sqs:SendMessage", name+"-dlq")},
			{
				PreConfig: func() {
					_, err := iam.NewFromConfig(clientConfig()).PutRolePolicy(background(), &iam.PutRolePolicyInput{
						RoleName: aws.String(roleName(name, testRegion)), PolicyName: aws.String("handler"), PolicyDocument: &everything,
					})
					if err != nil {
						t.Fatal(err)
					}
				},
				Config:           config,
				ConfigPlanChecks: update(),
				Check:            resource.ComposeTestCheckFunc(policyAllows(name, "sqs:SendMessage", name+"-dlq"), policyLacks(name, `"Action":"\*"`)),
			},
			{
				Config: regexp.MustCompile(`(function_timeout = 10\n)`).ReplaceAllString(config, "$1  dead_letter = { enabled = false }\n"),
				// The queue and what may be sent to change in one apply.
				ConfigPlanChecks: update(plancheck.ExpectUnknownValue(testFunction, tfjsonpath.New("role_policy"))),
				Check:            policyLacks(name, name+"-dlq"),
			},
		},
	})
}

// TestAccFunctionDeadLettersElsewhere has a queue without a dead-letter queue of its own dead-letter to one that somebody else made.
func TestAccFunctionDeadLettersElsewhere(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client := sqs.NewFromConfig(clientConfig())
	shared := name + "-shared"
	made, err := client.CreateQueue(background(), &sqs.CreateQueueInput{QueueName: &shared})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl}) })
	config := func(queue string) string {
		return strings.Replace(functionConfig(name, uri, draining), "function_timeout = 10\n", "function_timeout = 10\n  dead_letter = { enabled = false }\n"+queue, 1)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config(""), Check: policyLacks(name, "sqs:SendMessage")},
			{
				PreConfig: func() {
					_, err := client.SetQueueAttributes(background(), &sqs.SetQueueAttributesInput{QueueUrl: aws.String(queueURLOf(name)), Attributes: map[string]string{
						"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":3}`, testARN("sqs", shared)),
					}})
					if err != nil {
						t.Fatal(err)
					}
				},
				Config: config(""), ConfigPlanChecks: update(), Check: policyAllows(name, "sqs:SendMessage", shared),
			},
			{
				Config:           config("  delay = 1\n"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionNoop)}},
				Check:            policyAllows(name, "sqs:SendMessage", shared),
			},
		},
	})
}

// TestAccFunctionLeavesTheRoleThatSomebodyMadeInstead has the role replaced by hand by another of its name.
func TestAccFunctionLeavesTheRoleThatSomebodyMadeInstead(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client, role := iam.NewFromConfig(clientConfig()), roleName(name, testRegion)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			_, err := client.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: &role})
			return err
		},
		Steps: []resource.TestStep{
			{Config: lone(name, uri, `handler = "first"`)},
			{
				PreConfig: func() {
					err := cloud.New(clientConfig()).DeleteRole(background(), role)
					_, errMade := client.CreateRole(background(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust})
					if err := errors.Join(err, errMade); err != nil {
						t.Fatal(err)
					}
				},
				Config: lone(name, uri, `handler = "first"`), Destroy: true,
			},
		},
	})
}

// givePolicy gives the role of a function a policy of somebody else, mine.
func givePolicy(t *testing.T, function string) {
	t.Helper()
	_, err := iam.NewFromConfig(clientConfig()).PutRolePolicy(background(), &iam.PutRolePolicyInput{
		RoleName: aws.String(roleName(function, testRegion)), PolicyName: aws.String("mine"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// takePolicy takes it away again.
func takePolicy(t *testing.T, function string) {
	t.Helper()
	_, err := iam.NewFromConfig(clientConfig()).DeleteRolePolicy(background(), &iam.DeleteRolePolicyInput{
		RoleName: aws.String(roleName(function, testRegion)), PolicyName: aws.String("mine"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAccRoleWithPoliciesOfOthersStays is destroyed while somebody's policies are with the role.
func TestAccRoleWithPoliciesOfOthersStays(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: lone(name, uri, `handler = "first"`)},
			{
				PreConfig: func() { givePolicy(t, name) },
				Config:    lone(name, uri, `handler = "first"`), Destroy: true,
				ExpectError: regexp.MustCompile(spaced(`Failed to delete function.*` + roleName(name, testRegion) + `: somebody gave it further policies: mine; take these away`)),
			},
			{
				PreConfig: func() { takePolicy(t, name) },
				Config:    lone(name, uri, `handler = "first"`), ConfigPlanChecks: update(),
			},
		},
	})
}

// TestAccRoleThatCouldNotBeDeletedIsNotForgotten brings a role along while somebody's policy is with the provider's own.
func TestAccRoleThatCouldNotBeDeletedIsNotForgotten(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client := iam.NewFromConfig(clientConfig())
	trust, foreign := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, name+"-foreign"
	brought, err := client.CreateRole(background(), &iam.CreateRoleInput{RoleName: &foreign, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: &foreign}) })
	withRole := lone(name, uri, fmt.Sprintf("handler = \"first\"\n role_arn = %q", *brought.Role.Arn))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: lone(name, uri, `handler = "first"`)},
			{
				PreConfig: func() { givePolicy(t, name) },
				Config:    withRole, ExpectError: regexp.MustCompile(spaced(`somebody gave it further policies: mine; take these away`)),
			},
			{
				PreConfig: func() { takePolicy(t, name) },
				Config:    withRole,
			},
		},
	})
}
