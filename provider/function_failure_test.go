package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

func TestAccFunctionLeavesNothingWhenItCannotBeMade(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	for name, fault := range map[string]string{
		"role":        `^PutRolePolicy$`,
		"function":    `^POST /2015-03-31/functions$`,
		"concurrency": `^PUT /2017-10-31/functions/.*/concurrency$`,
		"mapping":     `^POST /2015-03-31/event-source-mappings`,
	} {
		t.Run(name, func(t *testing.T) {
			name := uniqueName(t)
			stop := backend.fail(t, fault, name)
			config := functionConfig(name, uri, draining+"reserved_concurrency = 2")
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             nothingLeft(name),
				Steps: []resource.TestStep{
					{Config: config, ExpectError: regexp.MustCompile(`(?s)Failed to create function.*this\s+test\s+forbids\s+it`)},
					{
						PreConfig: func() {
							if err := nothingLeft(name)(nil); err != nil {
								t.Error(err)
							}
							stop()
						},
						Config:           config,
						ConfigPlanChecks: emptyPlan(),
					},
				},
			})
		})
	}
}

func TestAccFunctionThatCannotBeCleanedUpIsTainted(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	stopMapping := backend.fail(t, `^POST /2015-03-31/event-source-mappings`, name)
	stopDelete := backend.fail(t, `^DELETE /2015-03-31/functions/`, name)
	config := functionConfig(name, uri, draining)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(`(?s)Failed to clean up function.*the\s+next\s+apply\s+goes\s+on`)},
			{
				PreConfig: func() {
					stopMapping()
					stopDelete()
				},
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionReplace)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
		},
	})
}

func TestAccFunctionOfSomebodyElseIsNotTouched(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	first := lone(name, uri, `handler = "first"`)
	second := `
resource "handler_function" "second" {
  name      = "` + name + `"
  image_uri = "` + uri + `"
  handler   = "second"
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: first},
			{
				Config:      first + second,
				ExpectError: regexp.MustCompile(`(?s)Failed to create function.*A\s+function\s+named\s+` + name + `\s+exists;\s+import\s+it`),
			},
			{Config: first, ConfigPlanChecks: emptyPlan(), Check: environmentIs(name, map[string]string{"HANDLER": "first"})},
		},
	})
}

func TestAccFunctionUpdateThatFailsIsDoneLater(t *testing.T) {
	acceptance(t)
	name, uri, otherURI := uniqueName(t), testImageURI(t, "1"), testImageURI(t, "2")
	client := lambda.NewFromConfig(clientConfig())
	stop := backend.fail(t, `^PUT /2015-03-31/event-source-mappings/`, name)
	changed := functionConfig(name, otherURI, draining+"reserved_concurrency = 4\n memory_size = 512")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: functionConfig(name, uri, draining)},
			{Config: changed, ExpectError: regexp.MustCompile(`(?s)Failed to update function.*this\s+test\s+forbids\s+it`)},
			{
				PreConfig: stop,
				Config:    changed, ConfigPlanChecks: update(),
				Check: func(*terraform.State) error {
					output, err := client.ListEventSourceMappings(context.Background(), &lambda.ListEventSourceMappingsInput{FunctionName: &name})
					if err != nil || len(output.EventSourceMappings) != 1 {
						return errors.Join(err, errors.New("there is not one mapping"))
					}
					if got := output.EventSourceMappings[0].ScalingConfig; got == nil || *got.MaximumConcurrency != 4 {
						return fmt.Errorf("got scaling %v, want a maximum of 4", got)
					}
					return nil
				},
			},
		},
	})
}

func TestAccFunctionOfAQueueThatDoesNotExist(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	arn := fmt.Sprintf("arn:aws:sqs:%s:%s:none", testRegion, testAccount())
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:      lone(name, uri, fmt.Sprintf("handler = \"first\"\nsend_to = { second = %q }", arn)),
			ExpectError: regexp.MustCompile(`(?s)Failed to create function.*send_to = \{.*` + arn + `\s+does\s+not\s+exist.*[Cc]reate\s+it`),
		}},
	})
	if err := nothingLeft(name)(nil); err != nil {
		t.Error(err)
	}
}

func TestAccFunctionLeavesARoleOfSomebodyElse(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client, role := iam.NewFromConfig(clientConfig()), roleName(name, testRegion)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if _, err := client.CreateRole(background(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteRole(background(), &iam.DeleteRoleInput{RoleName: &role}) })
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:      lone(name, uri, `handler = "first"`),
			ExpectError: regexp.MustCompile(`(?s)Failed to create function.*Create\s+role`),
		}},
	})
	if _, err := client.GetRole(background(), &iam.GetRoleInput{RoleName: &role}); err != nil {
		t.Errorf("the role is gone: %s", err)
	}
}

// TestAccFunctionOfAnotherProcessIsLeftAlone has another process make the function, with the same role and a mapping, between the look
// for such a function and its creation.
func TestAccFunctionOfAnotherProcessIsLeftAlone(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	client := lambda.NewFromConfig(clientConfig())
	for name, test := range map[string]struct {
		status int // of the failure, if it is another than that the function exists
		want   string
	}{
		"exists":  {0, `(?s)name\s+=.*A\s+function\s+named\s+\S+\s+exists;\s+import\s+it`},
		"refused": {http.StatusForbidden, `(?s)Failed to create function.*this\s+test\s+fails\s+it`},
		"unclear": {http.StatusInternalServerError, `(?s)Failed to create function.*this\s+test\s+fails\s+it`},
	} {
		t.Run(name, func(t *testing.T) {
			name := uniqueName(t)
			role := roleName(name, testRegion)
			const creation = `^POST /2015-03-31/functions$`
			backend.before(t, creation, name, func() {
				roleARN := fmt.Sprintf("arn:aws:iam::%s:role/%s", testAccount(), role)
				_, err := client.CreateFunction(background(), &lambda.CreateFunctionInput{
					FunctionName: &name, Role: &roleARN, PackageType: types.PackageTypeImage, Code: &types.FunctionCode{ImageUri: &uri},
				})
				if err != nil {
					t.Error(err)
				}
			})
			if test.status != 0 {
				backend.refuse(t, creation, name, test.status, "ServiceException", "this test fails it")
			}
			t.Cleanup(func() {
				_, _ = client.DeleteFunction(background(), &lambda.DeleteFunctionInput{FunctionName: &name})
				_ = cloud.New(clientConfig()).DeleteRole(background(), role)
			})
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: "provider \"handler\" {\n  max_retries = 1\n}\n" + lone(name, uri, `handler = "first"`), ExpectError: regexp.MustCompile(test.want)}},
			})
			if _, err := client.GetFunction(background(), &lambda.GetFunctionInput{FunctionName: &name}); err != nil {
				t.Errorf("the other's function is gone: %s", err)
			}
			if _, err := policyOf(name); err != nil {
				t.Errorf("the role of the other's function is gone: %s", err)
			}
		})
	}
}
