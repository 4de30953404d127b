package provider

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestAccImportsByTheRightID gives what AWS would take, too, or what names nothing.
func TestAccImportsByTheRightID(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := lone(name, uri, `handler = "first"`) + queueConfig(name, "") + "resource \"handler_reset\" \"test\" {}\n" +
		bareSchedule(name, "queue_arn = handler_queue.test.arn\n"+scheduledCleanup)
	for address, ids := range map[string][]string{
		testFunction:         {testARN("lambda", "function:"+name), name + ":1", " " + name, " "},
		testQueue:            {testARN("sqs", name), name, "http://host/1", " "},
		testSchedule:         {"default/" + name, testARN("scheduler", "schedule/default/"+name), " "},
		"handler_reset.test": {" "},
	} {
		for _, id := range ids {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps: []resource.TestStep{{
					Config: config, ResourceName: address, ImportState: true, ImportStateId: id,
					ExpectError: regexp.MustCompile(`Failed to import (function|queue|schedule|reset)[^"]*"` + regexp.QuoteMeta(id) + `"\s+is\s+not\s+the`),
				}},
			})
		}
	}
}

func TestAccQueueOfAnotherRegionIsNotImported(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	for _, url := range []string{"https://sqs.eu-west-1.amazonaws.com/000000000000/" + name, "https://eu-west-1.queue.amazonaws.com/000000000000/" + name} {
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{{
				Config: queueConfig(name, ""), ResourceName: testQueue, ImportState: true, ImportStateId: url,
				ExpectError: regexp.MustCompile(`Failed to import queue[^"]*is\s+in\s+region\s+eu-west-1`),
			}},
		})
	}
}
