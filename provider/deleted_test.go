package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

func deleteQueue(t *testing.T, name string) {
	t.Helper()
	if _, err := sqs.NewFromConfig(clientConfig()).DeleteQueue(background(), &sqs.DeleteQueueInput{QueueUrl: aws.String(queueURL(t, name))}); err != nil {
		t.Fatal(err)
	}
}

// TestAccQueuesDeletedByHand deletes the queues that a function drains and sends to. An update that still needs them says so; others take
// their place, as a deleted queue's name is taken for a minute.
func TestAccQueuesDeletedByHand(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	const uses = `
  handler = "first"
  queues  = { main = { arn = %s } }
  send_to = { other = %s }
  `
	queues := func(suffix string) string {
		return fmt.Sprintf("\nresource \"handler_queue\" \"main\" {\n  name = \"%s-main%[2]s\"\n}\n\nresource \"handler_queue\" \"other\" {\n  "+
			"name = \"%[1]s-other%[2]s\"\n  dead_letter = { enabled = false }\n}\n", name, suffix)
	}
	byReference := fmt.Sprintf(uses, "handler_queue.main.arn", "handler_queue.other.arn")
	arn := testARN("sqs", name+"-main")
	byARN := fmt.Sprintf(uses, fmt.Sprintf("%q", arn), fmt.Sprintf("%q", testARN("sqs", name+"-other")))
	created := func(address string) plancheck.PlanCheck {
		return plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), noQueues(t, name+"-main-2", name+"-main-2-dlq", name+"-other-2")),
		Steps: []resource.TestStep{
			{Config: queues("") + lone(name, uri, byReference)},
			{
				PreConfig: func() {
					for _, suffix := range []string{"-main", "-main-dlq", "-other"} {
						deleteQueue(t, name+suffix)
					}
				},
				Config: lone(name, uri, byARN+"memory_size = 512"),
				ExpectError: regexp.MustCompile(spaced(`Failed to update function.*queues = .*queues\["main"\]\.arn: Function ` + name + `: Queue ` + arn +
					` does not exist; create it first|Failed to update function.*send_to = .* does not exist; create it first`)),
			},
			{
				Config:           queues("-2") + lone(name, uri, byReference+"memory_size = 512"),
				ConfigPlanChecks: update(created("handler_queue.main"), created("handler_queue.other")),
				Check:            policyAllows(name, "sqs:ReceiveMessage", name+"-main-2"),
			},
		},
	})
}

func TestAccDeadLetterQueueDeletedByHand(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "")},
			{
				PreConfig:          func() { deleteQueue(t, name+"-dlq") },
				RefreshState:       true,
				ExpectNonEmptyPlan: true,
				RefreshPlanChecks: resource.RefreshPlanChecks{
					PostRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionUpdate)},
				},
			},
			{Config: queueConfig(name, "dead_letter = { enabled = false }"), ConfigPlanChecks: emptyPlan()},
		},
	})
}

// TestAccQueueDeletedByHandLeavesItsDeadLetters deletes a queue whose dead-letter queue holds a message. SQS lets none of the name be made for
// a minute. Without another apply, destroying it removes what is left.
func TestAccQueueDeletedByHandLeavesItsDeadLetters(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "")},
			{
				PreConfig: func() {
					put(t, name, "dead-lettered")
					deleteQueue(t, name)
				},
				Config: queueConfig(name, "delay = 1"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testQueue, plancheck.ResourceActionUpdate)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: func(*terraform.State) error {
					if held := messages(t, name+"-dlq"); held != 1 {
						return fmt.Errorf("the dead-letter queue holds %d messages, want 1", held)
					}
					return nil
				},
			},
			{
				PreConfig: func() {
					purge(t, name+"-dlq")
					deleteQueue(t, name)
				},
				Config: queueConfig(name, "delay = 1"), Destroy: true,
			},
		},
	})
}

// TestAccFunctionForgetsAQueueDeletedByHand takes a queue out of send_to that is gone already.
func TestAccFunctionForgetsAQueueDeletedByHand(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	for _, mode := range []string{environmentReplace, environmentMerge} {
		t.Run(mode, func(t *testing.T) {
			name := uniqueName(t)
			if _, err := sqs.NewFromConfig(clientConfig()).CreateQueue(background(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
				t.Fatal(err)
			}
			attributes := "handler = \"first\"\n environment_mode = \"" + mode + "\"\n"
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             nothingLeft(name),
				Steps: []resource.TestStep{
					{Config: lone(name, uri, fmt.Sprintf("%s send_to = { a = %q }", attributes, testARN("sqs", name)))},
					{
						PreConfig: func() { deleteQueue(t, name) }, Config: lone(name, uri, attributes), ConfigPlanChecks: update(),
						Check: environmentIs(name, map[string]string{"HANDLER_QUEUES": ""}),
					},
				},
			})
		})
	}
}

func TestAccRepositoryDeletedByHand(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	remove := func(name string) {
		if _, err := ecr.NewFromConfig(clientConfig()).DeleteRepository(background(), &ecr.DeleteRepositoryInput{RepositoryName: &name, Force: true}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { remove(name + "-source") })
	config := imageConfig(t, fmt.Sprintf("name = %q", name), "1") + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %[1]q
  handler   = "first"
  image_uri = handler_image.test.image_uri
}

resource "handler_function" "built" {
  name       = "%[1]s-built"
  handler    = "first"
  source     = { package = %[2]q }
  repository = { name = "%[1]s-source" }
}
`, name, appPackage(t))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), nothingLeft(name+"-built"), noRepository(t, name)),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: emptyPlan()},
			{
				PreConfig: func() {
					remove(name)
					remove(name + "-source")
				},
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction("handler_image.test", plancheck.ResourceActionCreate),
						plancheck.ExpectResourceAction("handler_function.built", plancheck.ResourceActionUpdate),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: resource.ComposeTestCheckFunc(imageCount(t, name, 1), imageCount(t, name+"-source", 1)),
			},
		},
	})
}
