package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// isMarked reports whether a queue has the mark of an unfinished creation.
func isMarked(t *testing.T, name string) bool {
	t.Helper()
	output, err := sqs.NewFromConfig(clientConfig()).ListQueueTags(background(), &sqs.ListQueueTagsInput{QueueUrl: aws.String(queueURLOf(name))})
	if err != nil {
		t.Error(err)
		return false
	}
	return cloud.IsMarked(output.Tags)
}

// TestAccMarksGoWhileARunGoesOn holds an apply up until what it has made first has no mark any more, so that no other run takes it over.
func TestAccMarksGoWhileARunGoesOn(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	backend.before(t, `^POST /2015-03-31/functions$`, name, func() {
		deadline := time.Now().Add(time.Minute)
		for isMarked(t, name) || isMarked(t, name+"-dlq") {
			if time.Now().After(deadline) {
				t.Error("the queue was marked for a minute")
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: queueConfig(name, "") + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  image_uri = %q
  handler   = "first"
  queues    = { main = { arn = handler_queue.test.arn } }
}
`, name, testImageURI(t, "1")),
			ConfigPlanChecks: emptyPlan(),
		}},
	})
}

// TestAccDeadLetterQueueIsMarkedUntilTheStateNamesIt has the update fail that makes the dead-letter queue; the next one goes on with it.
func TestAccDeadLetterQueueIsMarkedUntilTheStateNamesIt(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	var heal func()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "dead_letter = { enabled = false }")},
			{
				PreConfig:   func() { heal = backend.fail(t, `SetQueueAttributes$`, "/"+name+`"`) },
				Config:      queueConfig(name, ""),
				ExpectError: regexp.MustCompile("Failed to update queue"),
			},
			{
				PreConfig: func() {
					heal()
					if !isMarked(t, name+"-dlq") {
						t.Error("the dead-letter queue that no state names is not marked")
					}
				},
				Config: queueConfig(name, ""), ConfigPlanChecks: emptyPlan(),
			},
		},
	})
}

// TestAccMarkOfADeadLetterQueueIsSeen has the update fail after the queue got its dead-letter queue.
func TestAccMarkOfADeadLetterQueueIsSeen(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	var heal func()
	tagged := "tags = { team = \"a\" }"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "dead_letter = { enabled = false }")},
			{
				PreConfig:   func() { heal = backend.fail(t, `\.TagQueue$`, "/"+name+`"`) },
				Config:      queueConfig(name, tagged),
				ExpectError: regexp.MustCompile("Failed to update queue"),
			},
			{
				PreConfig: func() { heal() }, Config: queueConfig(name, tagged), ConfigPlanChecks: emptyPlan(),
				Check: func(*terraform.State) error {
					if isMarked(t, name+"-dlq") {
						return errors.New("the dead-letter queue is still marked")
					}
					return nil
				},
			},
		},
	})
}

// TestAccDeadLetterQueueThatFillsAtTheLastMomentStays has a message die after it was found empty, before it is cut off.
func TestAccDeadLetterQueueThatFillsAtTheLastMomentStays(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name, name+"-dlq"),
		Steps: []resource.TestStep{
			{Config: queueConfig(name, "")},
			{
				PreConfig: func() {
					backend.before(t, `SetQueueAttributes$`, "/"+name+`"`, func() { put(t, name, "dead-lettered") })
				},
				Config:      queueConfig(name, "dead_letter = { enabled = false }"),
				ExpectError: regexp.MustCompile(`(?s)Failed to update queue.*` + name + `-dlq\s+holds\s+messages`),
			},
			{
				PreConfig: func() {
					if held := messages(t, name+"-dlq"); held != 1 {
						t.Errorf("the dead-letter queue holds %d messages, want 1", held)
					}
					purge(t, name+"-dlq")
				},
				Config: queueConfig(name, "dead_letter = { enabled = false }"), ConfigPlanChecks: emptyPlan(),
				Check: noQueues(t, name+"-dlq"),
			},
		},
	})
}

// TestMarksThatStayAreTakenOffInTheEnd has AWS refuse it at first.
func TestMarksThatStayAreTakenOffInTheEnd(t *testing.T) {
	var made creations
	refused, calls := errors.New("refused"), 0
	object := &markedObject{unmark: func(context.Context) error {
		calls++
		if calls == 1 {
			return refused
		}
		return nil
	}}
	made.marked = append(made.marked, object)
	if err := object.takeMarkOff(t.Context()); !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
	if err := errors.Join(made.finish(t.Context()), made.finish(t.Context()), object.takeMarkOff(t.Context())); err != nil || calls != 2 {
		t.Errorf("got %v after %d calls, want nil after 2", err, calls)
	}
}
