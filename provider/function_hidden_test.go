package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestAccEnvironmentThatMayNotBeDecrypted has AWS show an error instead of the variables, among which are those of somebody else.
func TestAccEnvironmentThatMayNotBeDecrypted(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client := lambda.NewFromConfig(clientConfig())
	config := func(own string) string {
		return lone(name, uri, "handler = \"first\"\n environment_mode = \"merge\"\n environment = { OWN = \""+own+"\" }")
	}
	variables := regexp.MustCompile(`"Environment":\s*\{[^{}]*\{[^{}]*\}[^{}]*\}`)
	var stop func()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config("1")},
			{
				PreConfig: func() {
					if err := setVariables(background(), client, name, map[string]string{"HANDLER": "first", "OWN": "1", "OTHERS": "precious"}); err != nil {
						t.Fatal(err)
					}
					stop = backend.alter(t, functionReads, name, func(answer string) string {
						return variables.ReplaceAllString(answer, `"Environment":{"Error":{"ErrorCode":"AccessDeniedException","Message":"no"}}`)
					})
				},
				Config: config("1"), PlanOnly: true,
			},
			{Config: config("2"), ExpectError: regexp.MustCompile(spaced(`Failed to update function.*AccessDeniedException.*kms:Decrypt`))},
			{
				PreConfig: func() { stop() },
				Config:    config("2"), ConfigPlanChecks: update(), Check: environmentIs(name, map[string]string{"OWN": "2", "OTHERS": "precious"}),
			},
		},
	})
}

// TestAccFunctionKeepsKeysThatMayNotBeSeen has a secret's key be permitted by who may look at it, and the function updated by who may not.
func TestAccFunctionKeepsKeysThatMayNotBeSeen(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	key := testARN("kms", "key/11111111-1111-1111-1111-111111111111")
	made, err := secretsmanager.NewFromConfig(clientConfig()).CreateSecret(background(), &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: aws.String(`{"A1":"b"}`), KmsKeyId: &key,
	})
	if err != nil {
		t.Fatal(err)
	}
	permits := policyAllows(name, "kms:Decrypt", "key/11111111-1111-1111-1111-111111111111")
	config := func(memory int) string {
		return lone(name, uri, fmt.Sprintf("handler = \"first\"\n memory_size = %d\n secrets = [%q]", memory, *made.ARN))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config(128), Check: permits},
			{PreConfig: func() { backend.fail(t, `DescribeSecret$`, *made.ARN) }, Config: config(128), PlanOnly: true},
			{Config: config(256), ConfigPlanChecks: update(), Check: permits},
		},
	})
}

// TestAccFunctionAppliesASavedPlanAfterAKeyChanged has the queue that a function sends to encrypted between plan and apply.
func TestAccFunctionAppliesASavedPlanAfterAKeyChanged(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := func(memory int) string {
		return lone(name, uri, fmt.Sprintf("handler = \"first\"\n memory_size = %d\n send_to = { a = %q }", memory, testARN("sqs", name)))
	}
	other := newCLI(t, queueConfig(name, ""))
	other.must(t, "apply", "-auto-approve")
	w := newCLI(t, config(128))
	w.must(t, "apply", "-auto-approve")
	w.configure(t, config(256))
	w.must(t, "plan", "-out=saved")
	other.configure(t, queueConfig(name, fmt.Sprintf("kms_key_arn = %q", testARN("kms", "key/1"))))
	other.must(t, "apply", "-auto-approve")
	w.must(t, "apply", "saved")
	w.must(t, "plan", "-detailed-exitcode")
	if err := policyAllows(name, "kms:GenerateDataKey", "key/1")(nil); err != nil {
		t.Error(err)
	}
	w.must(t, "destroy", "-auto-approve")
	other.must(t, "destroy", "-auto-approve")
}
