package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const createFirst = "lifecycle { create_before_destroy = true }\n"

// replacedLast checks that resources are replaced, the new one made first, and that nothing is left to do then.
func replacedLast(addresses ...string) resource.ConfigPlanChecks {
	checks := emptyPlan()
	for _, address := range addresses {
		checks.PreApply = append(checks.PreApply, plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreateBeforeDestroy))
	}
	return checks
}

// drainingConfig is a queue and the function of the same name that drains it, whose successors are made first.
func drainingConfig(name, imageURI, attributes string) string {
	return queueConfig(name, "function_timeout = 10\n"+createFirst) + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  image_uri = %q
  %s
}
`, name, imageURI, draining+attributes)
}

func TestAccCreateBeforeDestroyRenames(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	renamed := name + "-2"
	var sent []*load
	drain := func(queue string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			l := startLoad(t, queue)
			l.awaitNext(t)
			l.account(t)
			sent = append(sent, l)
			return nil
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(noQueues(t, name, name+"-dlq", renamed, renamed+"-dlq"), nothingLeft(renamed)),
		Steps: []resource.TestStep{
			{Config: drainingConfig(name, uri, createFirst), Check: drain(name)},
			{
				Config:           drainingConfig(renamed, uri, createFirst),
				ConfigPlanChecks: replacedLast(testQueue, testFunction),
				Check:            resource.ComposeTestCheckFunc(noQueues(t, name, name+"-dlq"), nothingLeft(name), drain(renamed)),
			},
		},
	})
	if len(sent) != 2 {
		t.Errorf("messages were sent to %d queues, want 2", len(sent))
	}
}

// TestAccCreateBeforeDestroyKeepsMessages renames a queue that holds a message. All else is replaced, and the next apply goes on.
func TestAccCreateBeforeDestroyKeepsMessages(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	renamed := name + "-2"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq", renamed, renamed+"-dlq"),
		Steps: []resource.TestStep{
			{Config: drainingConfig(name, uri, createFirst)},
			{
				PreConfig:   func() { put(t, name, "delayed") },
				Config:      drainingConfig(renamed, uri, createFirst),
				ExpectError: regexp.MustCompile(`(?s)Failed to delete queue.*` + name + `\s+holds\s+messages,\s+about\s+1,`),
			},
			{
				PreConfig: func() {
					if held := messages(t, name); held != 1 {
						t.Fatalf("the old queue holds %d messages, want 1", held)
					}
					purge(t, name)
				},
				Config: drainingConfig(renamed, uri, createFirst), ConfigPlanChecks: emptyPlan(),
				Check: resource.ComposeTestCheckFunc(noQueues(t, name, name+"-dlq"), nothingLeft(name)),
			},
		},
	})
}

func TestAccCreateBeforeDestroyReset(t *testing.T) {
	acceptance(t)
	const address = "handler_reset.test"
	name := uniqueName(t)
	config := "resource \"handler_reset\" \"test\" {\n" + createFirst + "}\n" +
		drainingConfig(name, testImageURI(t, "1"), "reset = handler_reset.test.id")
	differ := statecheck.CompareValue(compare.ValuesDiffer())
	checks := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{
			differ.AddStateValue(address, tfjsonpath.New("id")),
			statecheck.CompareValuePairs(address, tfjsonpath.New("id"), testFunction, tfjsonpath.New("reset"), compare.ValuesSame()),
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: checks()},
			{
				Taint: []string{address}, Config: config, ConfigStateChecks: checks(),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreateBeforeDestroy),
						plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionUpdate),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
		},
	})
}

func TestAccCreateBeforeDestroySchedule(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := func(name, queue string) string {
		return queueConfig(queue, "force_destroy = true") +
			bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup+createFirst)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noSchedules(name, name+"-2"),
		Steps: []resource.TestStep{
			{Config: config(name, name)},
			{Config: config(name+"-2", name), ConfigPlanChecks: replacedLast(testSchedule), Check: noSchedules(name)},
		},
	})
}

// TestAccCreateBeforeDestroyImage has a function follow an image from one repository that its resource owns to another.
func TestAccCreateBeforeDestroyImage(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	config := func(repository string) string {
		return imageOf(appPackage(t), "", fmt.Sprintf("name = %q", repository), createFirst) + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  handler   = "first"
  image_uri = handler_image.test.image_uri
}
`, name)
	}
	runs := functionIs(name, func(output *lambda.GetFunctionOutput) error {
		if got := aws.ToString(output.Code.ImageUri); !strings.Contains(got, "/"+name+"-2@sha256:") {
			return fmt.Errorf("the function runs %s", got)
		}
		return nil
	})
	checks := replacedLast(testImage)
	checks.PreApply = append(checks.PreApply, plancheck.ExpectResourceAction(testFunction, plancheck.ResourceActionUpdate))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name+"-2"),
		Steps: []resource.TestStep{
			{Config: config(name), Check: imageCount(t, name, 1)},
			{
				Config: config(name + "-2"), ConfigPlanChecks: checks,
				Check: resource.ComposeTestCheckFunc(noRepository(t, name), imageCount(t, name+"-2", 1), runs),
			},
		},
	})
}

// TestAccCreateBeforeDestroyImagesOfOthersRepository has two images in one repository that something else owns, and moves them to another.
func TestAccCreateBeforeDestroyImagesOfOthersRepository(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	client := ecr.NewFromConfig(clientConfig())
	for _, repository := range []string{name, name + "-2"} {
		if _, err := client.CreateRepository(background(), &ecr.CreateRepositoryInput{RepositoryName: &repository}); err != nil {
			t.Fatal(err)
		}
	}
	config := func(repository string) string {
		url := fmt.Sprintf("url = \"%s/%s\"", strings.TrimPrefix(backend.endpoint, "http://"), repository)
		first := imageOf(appPackage(t), "", url, createFirst)
		second := imageOf(appPackage(t), "ldflags = [\"-X main.version=2\"]", url, createFirst)
		return first + strings.Replace(second, "\"test\"", "\"second\"", 1)
	}
	both := []string{testImage, "handler_image.second"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             imageCount(t, name+"-2", 2), // they are not deleted: something may still refer to them
		Steps: []resource.TestStep{
			{Config: config(name), Check: imageCount(t, name, 2)},
			{Taint: both, Config: config(name), ConfigPlanChecks: replacedLast(both...), Check: imageCount(t, name, 2)},
			{Config: config(name + "-2"), ConfigPlanChecks: replacedLast(both...), Check: imageCount(t, name+"-2", 2)},
		},
	})
}

// TestAccCreateBeforeDestroyUnderOneName asks for what names do not allow. What is there stays as it is, and goes on when it is asked for otherwise.
func TestAccCreateBeforeDestroyUnderOneName(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	for address, want := range map[string]string{
		testQueue:    `Failed to create queue.*a\s+queue\s+named\s+` + name + `\s+exists`,
		testFunction: `Failed to create function.*a\s+function\s+named\s+` + name + `\s+exists`,
	} {
		t.Run(address, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             resource.ComposeTestCheckFunc(noQueues(t, name, name+"-dlq"), nothingLeft(name)),
				Steps: []resource.TestStep{
					{Config: drainingConfig(name, uri, createFirst)},
					{Taint: []string{address}, Config: drainingConfig(name, uri, createFirst), ExpectError: regexp.MustCompile(`(?is)` + want)},
					{
						PreConfig: func() {
							if err := drains(name, name)(nil); err != nil {
								t.Error(err)
							}
						},
						Config: strings.ReplaceAll(drainingConfig(name, uri, ""), createFirst, ""), ConfigPlanChecks: emptyPlan(),
					},
				},
			})
		})
	}
}
