package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const testQueue = "handler_queue.test"

// queueURL returns the URL of a queue, or an empty one if there is none of this name.
func queueURL(t *testing.T, name string) string {
	t.Helper()
	output, err := sqs.NewFromConfig(clientConfig()).GetQueueUrl(background(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return ""
	}
	return aws.ToString(output.QueueUrl)
}

// send puts a message into a queue.
func send(t *testing.T, name string) {
	t.Helper()
	url := queueURL(t, name)
	input := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("precious")}
	if _, err := sqs.NewFromConfig(clientConfig()).SendMessage(background(), input); err != nil {
		t.Fatal(err)
	}
}

// setQueue changes an attribute behind Terraform's back.
func setQueue(t *testing.T, name, attribute, value string) {
	t.Helper()
	url := queueURL(t, name)
	input := &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{attribute: value}}
	if _, err := sqs.NewFromConfig(clientConfig()).SetQueueAttributes(background(), input); err != nil {
		t.Fatal(err)
	}
}

func known(address, attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), value)
}

func queueConfig(name, attributes string) string {
	return fmt.Sprintf("resource \"handler_queue\" \"test\" {\n  name = %q\n  %s\n}\n", name, attributes)
}

// noQueues checks that a test left no queue behind.
func noQueues(t *testing.T, names ...string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		for _, name := range names {
			if url := queueURL(t, name); url != "" {
				return fmt.Errorf("%s is left behind", url)
			}
		}
		return nil
	}
}

func TestAccQueue(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq"),
		Steps: []resource.TestStep{
			{
				Config:           queueConfig(name, ""),
				ConfigPlanChecks: emptyPlan(),
				ConfigStateChecks: []statecheck.StateCheck{
					known(testQueue, "visibility_timeout", knownvalue.Int32Exact(360)),
					known(testQueue, "message_retention", knownvalue.Int32Exact(345600)),
					known(testQueue, "arn", knownvalue.StringRegexp(regexp.MustCompile(`^arn:aws:sqs:us-east-1:\d{12}:`+name+`$`))),
					known(testQueue, "dead_letter_arn", knownvalue.StringRegexp(regexp.MustCompile(`:`+name+`-dlq$`))),
				},
			},
			{
				ResourceName: testQueue, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "url",
				ImportStateIdFunc: func(*terraform.State) (string, error) { return queueURL(t, name), nil },
			},
			{
				Config: queueConfig(name, `
  function_timeout  = 10
  message_retention = 3600
  delay             = 5
  receive_wait_time = 20
  max_message_size  = 2048
  dead_letter       = { max_receive_count = 7, message_retention = 86400 }
  tags              = { team = "a" }`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(testQueue, tfjsonpath.New("visibility_timeout"), knownvalue.Int32Exact(60)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{
				Config: queueConfig(name, `
  visibility_timeout = 77
  tags               = { team = "b" }
  dead_letter        = { enabled = false }`),
				ConfigPlanChecks: emptyPlan(),
				Check:            noQueues(t, name+"-dlq"),
				ConfigStateChecks: []statecheck.StateCheck{
					known(testQueue, "visibility_timeout", knownvalue.Int32Exact(77)),
					known(testQueue, "dead_letter_arn", knownvalue.Null()),
				},
			},
			{Config: queueConfig(name, ""), ConfigPlanChecks: emptyPlan()}, // the name of the dead-letter queue is taken for a minute in AWS
		},
	})
}

func TestAccQueueFIFO(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name+".fifo", name+"-dlq.fifo"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name+".fifo", "content_based_deduplication = true"), ConfigPlanChecks: emptyPlan()},
			{Config: queueConfig(name+".fifo", "high_throughput = true"), ConfigPlanChecks: emptyPlan()},
			{
				ResourceName: testQueue, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "url",
				ImportStateIdFunc: func(*terraform.State) (string, error) { return queueURL(t, name+".fifo"), nil },
			},
		},
	})
}

func TestAccQueueRefusesToLoseMessages(t *testing.T) {
	acceptance(t)
	for test, holder := range map[string]string{"itself": "", "dead letters": "-dlq"} {
		t.Run(test, func(t *testing.T) {
			name := uniqueName(t)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             noQueues(t, name, name+"-dlq"),
				Steps: []resource.TestStep{
					{Config: queueConfig(name, "")},
					{
						PreConfig:   func() { send(t, name+holder) },
						Config:      queueConfig(name, ""),
						Destroy:     true,
						ExpectError: regexp.MustCompile(`(?s)Failed to delete queue.*` + name + holder + `\s+holds\s+messages,\s+about\s+1,.*force_destroy`),
					},
					{Config: queueConfig(name, "force_destroy = true")},
				},
			})
		})
	}
}

func TestAccQueueDrift(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := sqs.NewFromConfig(clientConfig())
	remove := func(name string) {
		url := queueURL(t, name)
		if _, err := client.DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{
			PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testQueue, action)},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}
	}
	steps := []resource.TestStep{
		{Config: queueConfig(name, "function_timeout = 10")},
		{
			PreConfig:        func() { setQueue(t, name, "VisibilityTimeout", "1") },
			Config:           queueConfig(name, "function_timeout = 10"),
			ConfigPlanChecks: expect(plancheck.ResourceActionUpdate),
		},
		{
			PreConfig:        func() { setQueue(t, name, "RedrivePolicy", "") },
			Config:           queueConfig(name, "function_timeout = 10"),
			ConfigPlanChecks: expect(plancheck.ResourceActionUpdate),
		},
	}
	renamed := name + "-2" // a deleted queue's name is taken for a minute
	steps = append(steps,
		resource.TestStep{Config: queueConfig(renamed, "dead_letter = { enabled = false }")},
		resource.TestStep{
			PreConfig:          func() { remove(renamed) },
			RefreshState:       true,
			ExpectNonEmptyPlan: true,
			RefreshPlanChecks: resource.RefreshPlanChecks{
				PostRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionCreate)},
			},
		},
	)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps})
}

func TestAccQueueKeepsDefaultTags(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := func(byDefault, own string) string {
		return fmt.Sprintf("provider \"handler\" {\n  default_tags = %s\n}\n", byDefault) + queueConfig(name, "tags = "+own)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config:           config(`{ team = "a", cost = "1" }`, `{ team = "b" }`),
				ConfigPlanChecks: emptyPlan(),
				ConfigStateChecks: []statecheck.StateCheck{known(testQueue, "tags_all", knownvalue.MapExact(map[string]knownvalue.Check{
					"team": knownvalue.StringExact("b"), "cost": knownvalue.StringExact("1"),
				}))},
			},
			{Config: config(`{ cost = "2" }`, `{}`), ConfigPlanChecks: emptyPlan()},
			{
				Config: config(`{}`, `null`), ConfigPlanChecks: emptyPlan(),
				ConfigStateChecks: []statecheck.StateCheck{known(testQueue, "tags_all", knownvalue.Null())},
			},
		},
	})
}

func TestAccQueueInvalid(t *testing.T) {
	acceptance(t)
	for _, test := range []struct{ name, config, want string }{
		{"name", queueConfig("a b", ""), `must be of letters, digits`},
		{"dead-letter name", queueConfig(strings.Repeat("q", 78), ""), `Shorten the name by\s+2`},
		{"two timeouts", queueConfig("q", "function_timeout = 1\n visibility_timeout = 6"), `function_timeout,visibility_timeout`},
		{"FIFO only", queueConfig("q", "high_throughput = true"), `Only FIFO queues have high_throughput`},
		{"retention", queueConfig("q", "message_retention = 59"), `between 60 and 1209600`},
		{"key", queueConfig("q", `kms_key_arn = "mine"`), `must be the ARN of a KMS key`},
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

func TestAccQueueExistsWithOtherAttributes(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := sqs.NewFromConfig(clientConfig())
	output, err := client.CreateQueue(background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"DelaySeconds": "9"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: output.QueueUrl}) })
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name+"-dlq"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, ""), ExpectError: regexp.MustCompile(`(?s)Failed to create queue.*import\s+it\s+or\s+choose`)},
		},
	})
}

func TestAccQueueLeavesADeadLetterQueueOfSomebodyElse(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := sqs.NewFromConfig(clientConfig())
	for name, delay := range map[string]string{name: "9", name + "-dlq": "0"} {
		output, err := client.CreateQueue(background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"DelaySeconds": delay}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = client.DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: output.QueueUrl}) })
	}
	for made := time.Now().Unix(); time.Now().Unix() == made; { // SQS tells when a queue was made, in seconds
		time.Sleep(10 * time.Millisecond)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:      queueConfig(name, "dead_letter = { message_retention = 345600 }"), // as it is by default
			ExpectError: regexp.MustCompile(`(?s)Failed to create queue.*name = "` + name + `".*import\s+it\s+or\s+choose`),
		}},
	})
	if queueURL(t, name+"-dlq") == "" {
		t.Error("the other's dead-letter queue is gone")
	}
}

func TestAccQueueDoesNotTakeOverASharedDeadLetterQueue(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	shared := name + "-shared"
	client := sqs.NewFromConfig(clientConfig())
	output, err := client.CreateQueue(background(), &sqs.CreateQueueInput{QueueName: &shared})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: output.QueueUrl}) })
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:%s:%s:%s","maxReceiveCount":3}`, testRegion, testAccount(), shared)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "dead_letter = { enabled = false }")},
			{
				PreConfig:        func() { setQueue(t, name, "RedrivePolicy", policy) },
				Config:           queueConfig(name, "dead_letter = { enabled = false }\n delay = 1"),
				ConfigPlanChecks: emptyPlan(),
			},
		},
	})
	if queueURL(t, shared) == "" {
		t.Error("the shared dead-letter queue is gone")
	}
}

// TestAccQueueEncryptionDrift has somebody change the key of the queue, that of its dead-letter queue, and encrypt nothing.
func TestAccQueueEncryptionDrift(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	client := sqs.NewFromConfig(clientConfig())
	set := func(queue, key, own string) func() {
		return func() {
			attributes := map[string]string{"KmsMasterKeyId": key}
			if own != "" {
				attributes["SqsManagedSseEnabled"] = own
			}
			_, err := client.SetQueueAttributes(background(), &sqs.SetQueueAttributesInput{QueueUrl: aws.String(queueURLOf(queue)), Attributes: attributes})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	repaired := func(prepare func(), attributes, key, own string) resource.TestStep {
		check := func(queue string) resource.TestCheckFunc {
			return func(*terraform.State) error {
				output, err := client.GetQueueAttributes(background(), &sqs.GetQueueAttributesInput{
					QueueUrl: aws.String(queueURLOf(queue)), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
				})
				if err != nil {
					return err
				}
				if got := output.Attributes["KmsMasterKeyId"]; got != key || key == "" && output.Attributes["SqsManagedSseEnabled"] != own {
					return fmt.Errorf("%s: got key %q, SSE-SQS %s", queue, got, output.Attributes["SqsManagedSseEnabled"])
				}
				return nil
			}
		}
		return resource.TestStep{
			PreConfig: prepare, Config: queueConfig(name, attributes), Check: resource.ComposeTestCheckFunc(check(name), check(name+"-dlq")),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		}
	}
	const alias = "alias/aws/sqs"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "")},
			repaired(set(name, "", "false"), "", "", "true"),
			repaired(set(name+"-dlq", "", "false"), "", "", "true"),
			repaired(set(name+"-dlq", alias, ""), "", "", "true"),
			repaired(nil, `kms_key_arn = "`+alias+`"`, alias, ""),
			repaired(set(name, "", "true"), `kms_key_arn = "`+alias+`"`, alias, ""),
			repaired(set(name+"-dlq", "", "true"), `kms_key_arn = "`+alias+`"`, alias, ""),
			repaired(nil, "", "", "true"),
		},
	})
}

func TestAccQueueWarnsOfKeysByAlias(t *testing.T) {
	acceptance(t)
	for key, warns := range map[string]bool{
		"alias/aws/sqs": false, "alias/mine": true, testARN("kms", "alias/mine"): true, testARN("kms", "alias/aws/sqs"): false, testARN("kms", "key/1"): false,
	} {
		output := newCLI(t, queueConfig(uniqueName(t), fmt.Sprintf("kms_key_arn = %q", key))).must(t, "plan")
		if got := strings.Contains(output, "Warning: Key is named by an alias"); got != warns {
			t.Errorf("%s: warned %v, want %v", key, got, warns)
		}
	}
}
