package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// lone is a function without anything around it.
func lone(name, imageURI, attributes string) string {
	return fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = %q\n  image_uri = %q\n  %s\n}\n", name, imageURI, attributes)
}

// secret makes a secret with a value, or without if it is empty, and returns its ARN.
func secret(t *testing.T, name, value string) string {
	t.Helper()
	input := &secretsmanager.CreateSecretInput{Name: &name}
	if value != "" {
		input.SecretString = &value
	}
	return createSecret(t, input)
}

// createSecret makes a secret until the test ends and returns its ARN.
func createSecret(t *testing.T, input *secretsmanager.CreateSecretInput) string {
	t.Helper()
	client := secretsmanager.NewFromConfig(clientConfig())
	output, err := client.CreateSecret(background(), input)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = client.DeleteSecret(background(), &secretsmanager.DeleteSecretInput{
			SecretId: output.ARN, ForceDeleteWithoutRecovery: aws.Bool(true),
		})
	})
	return aws.ToString(output.ARN)
}

func TestAccFunctionInvalid(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	account := testAccount()
	arn := func(service, region, resource string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
	}
	queue := arn("sqs", testRegion, "some")
	text, list := secret(t, name+"-text", "hunter2"), secret(t, name+"-list", `["hunter2"]`)
	hidden := secret(t, name+"-hidden", "hunter2")
	backend.fail(t, `GetSecretValue$`, hidden)
	_, err := sqs.NewFromConfig(clientConfig()).CreateQueue(background(), &sqs.CreateQueueInput{
		QueueName: aws.String(name), Attributes: map[string]string{"VisibilityTimeout": "20"},
	})
	if err != nil {
		t.Fatal(err)
	}
	drain := func(queueARN, attributes string) string {
		return fmt.Sprintf("handler = \"first\"\n queues = { q = { arn = %q, %s } }\n", queueARN, attributes)
	}
	for _, test := range []struct{ name, attributes, want string }{
		{"queue of another region", drain(arn("sqs", "eu-west-1", "some"), ""), `(?s)queues = \{ q.*queues\["q"\]\.arn:.*is\s+in\s+region\s+eu-west-1.*us-east-1`},
		{"not a queue", drain(arn("sns", testRegion, "some"), ""), `(?s)is\s+not\s+the\s+ARN\s+of\s+a\s+queue`},
		{"not an ARN", `handler = "first"` + "\n" + `send_to = { jobs = "jobs" }`, `(?s)send_to = .*"jobs"\s+is\s+not\s+the\s+ARN`},
		{"one queue twice", fmt.Sprintf(`handler = "first"
  queues = { a = { arn = %[1]q }, b = { arn = %[1]q } }`, queue), `(?s)"a"\s+and\s+"b"\s+name\s+the\s+same\s+queue`},
		{"low visibility", drain(arn("sqs", testRegion, name), "") + "timeout = 30", `(?s)for\s+20\s+seconds.*may\s+take\s+30.*to\s+180`},
		{"reserved variable", `handler = "first"
  environment = { AWS_REGION = "hunter2" }`, `AWS_REGION is reserved`},
		{"own variable", `handler = "first"
  environment = { HANDLER_RESET = "hunter2" }`, `(?s)set\s+by\s+the\s+attribute\s+reset`},
		{"impossible variable", `handler = "first"
  environment = { "1A" = "hunter2" }`, `(?s)names\s+begin\s+with\s+a\s+letter`},
		{"large environment", `handler = "first"
  environment = { A1 = format("%4097s", "x") }`, `(?s)environment\s+has\s+\d+\s+bytes.*allows\s+4096`},
		{"not a secret's ARN", `handler = "first"
  secrets = ["acme"]`, `(?s)secrets = \["acme.*not\s+the\s+ARN\s+of\s+a\s+secret`},
		{"secret of another region", fmt.Sprintf("handler = \"first\"\nsecrets = [%q]", arn("secretsmanager", "eu-west-1", "secret:a")),
			`(?s)is\s+in\s+region\s+eu-west-1`},
		{"secret without a name", "handler = \"first\"\nsecrets = [null]", `(?s)secrets.*[Nn]ull`},
		{"queue to send to without an ARN", "handler = \"first\"\nsend_to = { a = null }", `(?s)send_to.*[Nn]ull`},
		{"secret is text", fmt.Sprintf("handler = \"first\"\nsecrets = [%q]", text), `(?s)secrets = .*Its\s+value\s+is\s+not\s+a\s+JSON\s+object`},
		{"secret is a list", fmt.Sprintf("handler = \"first\"\nsecrets = [%q]", list), `(?s)secrets = .*Its\s+value\s+is\s+not\s+a\s+JSON\s+object`},
		{"maximum above reserved", drain(queue, "maximum_concurrency = 5") + "reserved_concurrency = 4", `(?s)above\s+the\s+function's\s+reserved`},
		{"maximum below 2", drain(queue, "maximum_concurrency = 1"), `(?s)must\s+be\s+at\s+least\s+2`},
		{"reserved below 2", drain(queue, "") + "reserved_concurrency = 1", `(?s)reserved_concurrency = 1.*Reserve\s+at\s+least\s+2`},
		{"sum above reserved", fmt.Sprintf(`handler = "first"
  reserved_concurrency = 5
  queues = {
    a = { arn = %q, maximum_concurrency = 3 }
    b = { arn = "${%q}2", maximum_concurrency = 3 }
  }`, queue, queue), `(?s)its\s+2\s+queues\s+may\s+invoke\s+it\s+6\s+times`},
		{"filter that is no JSON", drain(queue, `filters = ["type = push"]`), `(?s)filters\s*= .*A\s+filter\s+is\s+a\s+JSON\s+object`},
		{"FIFO batch", drain(queue+".fifo", "batch_size = 11"), `(?s)batch\s+of\s+a\s+FIFO\s+queue\s+has\s+at\s+most\s+10`},
		{"FIFO window", drain(queue+".fifo", "batching_window = 1"), `(?s)FIFO\s+queues\s+have\s+no\s+batching\s+window`},
		{"large batch without window", drain(queue, "batch_size = 11"), `(?s)Set\s+batching_window\s+to\s+1`},
		{"level of text", "handler = \"first\"\nlog = { level = \"WARN\" }", `(?s)filters\s+by\s+level\s+only\s+if`},
		{"retention", "handler = \"first\"\nlog = { retention = 2 }", `log.retention`},
		{"role of the provider's own", fmt.Sprintf("handler = \"first\"\nrole_arn = \"arn:aws:iam::%s:role/%s\"", account, roleName(name, testRegion)),
			`(?s)role_arn = .*Remove\s+role_arn`},
		{"role and boundary", `handler = "first"
  role_arn = "arn:aws:iam::` + account + `:role/a"
  permissions_boundary = "arn:aws:iam::` + account + `:policy/a"`, `(?s)Invalid Attribute Combination.*role_arn.*permissions_boundary`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			forbidSecrets := regexp.MustCompile(`hunter2`)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				ErrorCheck: func(err error) error {
					if forbidSecrets.MatchString(err.Error()) && !strings.Contains(test.attributes, "hunter2") {
						t.Errorf("a value is shown: %s", err)
					}
					return err
				},
				Steps: []resource.TestStep{{
					Config: lone(name, uri, test.attributes), PlanOnly: true, ExpectError: regexp.MustCompile(test.want),
				}},
			})
		})
	}
	t.Run("secret that has no value yet", func(t *testing.T) {
		t.Parallel()
		empty := secret(t, name+"-empty", "")
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{{
				Config:   lone(name, uri, fmt.Sprintf("handler = \"first\"\nsecrets = [%q]", empty)),
				PlanOnly: true, ExpectNonEmptyPlan: true,
			}},
		})
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		w := newCLI(t, lone(name, uri, drain(queue, "")+"reserved_concurrency = 0"))
		if output := w.must(t, "plan"); !strings.Contains(output, "Warning: Messages may be dead-lettered unhandled") {
			t.Errorf("got %s, want a warning", output)
		}
		w.configure(t, lone(name, uri, drain(queue, "enabled = false")+"reserved_concurrency = 0"))
		if output := w.must(t, "plan"); strings.Contains(output, "Messages may be dead-lettered") {
			t.Errorf("got %s, want no warning", output)
		}
	})
	t.Run("secret that may not be looked at", func(t *testing.T) {
		t.Parallel()
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{{
				Config:   lone(name, uri, fmt.Sprintf("handler = \"first\"\nsecrets = [%q]", hidden)),
				PlanOnly: true, ExpectNonEmptyPlan: true,
			}},
		})
	})
}

func TestAccFunctionLeavesToTheApplyWhatIsNotKnown(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := fmt.Sprintf(`
resource "handler_queue" "test" {
  name             = %[1]q
  function_timeout = terraform_data.number.output
  dead_letter      = { max_receive_count = terraform_data.number.output }
}

resource "terraform_data" "number" {
  input = 5
}

resource "terraform_data" "text" {
  input = { handler = "first", uri = %[2]q, level = "WARN", format = %[3]q, variables = { A1 = "1" } }
}

resource "terraform_data" "queue" {
  input = { arn = handler_queue.test.arn, batch_size = 5 }
}

resource "handler_function" "test" {
  name                 = %[1]q
  handler              = terraform_data.text.output.handler
  image_uri            = terraform_data.text.output.uri
  environment          = terraform_data.text.output.variables
  reserved_concurrency = terraform_data.number.output
  timeout              = terraform_data.number.output
  queues               = { main = { arn = terraform_data.queue.output.arn, batch_size = terraform_data.queue.output.batch_size } }
  log                  = { format = terraform_data.text.output.format }
}
`, name, uri, logFormat())
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps:                    []resource.TestStep{{Config: config, ConfigPlanChecks: emptyPlan()}},
	})
}

func TestAccFunctionUnknownHandler(t *testing.T) {
	acceptance(t)
	needsImages(t)
	for handler, want := range map[string]string{
		"frist":        `(?s)Unknown handler.*handler = "frist".*Did\s+you\s+mean\s+"first".*first,\s+second`,
		"zzzzzzzzzzzz": `(?s)Unknown handler.*It\s+registers:\s+first,\s+second`,
	} {
		t.Run(handler, func(t *testing.T) {
			t.Parallel()
			config := lone(uniqueName(t), testImageURI(t, "1"), fmt.Sprintf("handler = %q", handler))
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: config, PlanOnly: true, ExpectError: regexp.MustCompile(want)}},
			})
		})
	}
}

func TestAccFunctionKnowsHandlersOfAnImageThatIsNotPushedYet(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := imageConfig(t, fmt.Sprintf("name = %q", name), "1") + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  image_uri = handler_image.test.image_uri
  handler   = "seconds"
}
`, name)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(`(?s)Unknown handler.*Did\s+you\s+mean\s+"second"`)},
		},
	})
	if backend.count(`CreateRepository$`, name)+backend.count(`CreateRole$`, name) != 0 {
		t.Error("something was made for a function that has no handler")
	}
}

func TestAccFunctionsMayNotReserveMoreThanTheAccountHas(t *testing.T) {
	acceptance(t)
	needsImages(t) // moto has no account settings
	name, uri := uniqueName(t), testImageURI(t, "1")
	function := func(label string, reserved int) string {
		return fmt.Sprintf(`
resource "handler_function" %[1]q {
  name                 = "%[2]s-%[1]s"
  image_uri            = %[3]q
  handler              = "first"
  reserved_concurrency = %[4]d
}
`, label, name, uri, reserved)
	}
	limits, err := cloud.New(clientConfig()).Limits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	half := limits.Total/2 + 1
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: function("a", limits.Total), PlanOnly: true, ExpectError: regexp.MustCompile(`(?s)Not enough concurrency.*reserve\s+1000`)},
			{
				Config: function("a", half) + function("b", half), PlanOnly: true,
				ExpectError: regexp.MustCompile(`(?s)Not enough concurrency.*reserve\s+1002`),
			},
		},
	})
}
