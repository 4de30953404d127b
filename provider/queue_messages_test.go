package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// put has a queue hold a message: visible, in flight, delayed, or a dead letter.
func put(t *testing.T, name, how string) {
	t.Helper()
	client := sqs.NewFromConfig(clientConfig())
	input := &sqs.SendMessageInput{QueueUrl: aws.String(queueURLOf(name)), MessageBody: aws.String("precious")}
	switch how {
	case "delayed":
		input.DelaySeconds = 900
	case "dead-lettered":
		input.QueueUrl = aws.String(queueURLOf(name + "-dlq"))
	}
	if _, err := client.SendMessage(background(), input); err != nil {
		t.Fatal(err)
	}
	if how != "in flight" {
		return
	}
	output, err := client.ReceiveMessage(background(), &sqs.ReceiveMessageInput{QueueUrl: input.QueueUrl, VisibilityTimeout: 900})
	if err != nil || len(output.Messages) != 1 {
		t.Fatalf("receive: got %v, %v", output, err)
	}
}

// purge throws the messages of a queue away.
func purge(t *testing.T, name string) {
	t.Helper()
	input := &sqs.PurgeQueueInput{QueueUrl: aws.String(queueURLOf(name))}
	if _, err := sqs.NewFromConfig(clientConfig()).PurgeQueue(background(), input); err != nil {
		t.Fatal(err)
	}
}

// TestAccQueueHoldsOnToMessages destroys, renames and taints queues that hold a message, in each of the ways in which they may.
func TestAccQueueHoldsOnToMessages(t *testing.T) {
	acceptance(t)
	for how, holder := range map[string]string{"visible": "", "in flight": "", "delayed": "", "dead-lettered": "-dlq"} {
		t.Run(how, func(t *testing.T) {
			name := uniqueName(t)
			refused := regexp.MustCompile(`(?s)Failed to delete queue.*/` + name + holder + `\s+holds\s+messages,\s+about\s+1,.*force_destroy`)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             noQueues(t, name, name+"-dlq", name+"-2", name+"-2-dlq"),
				Steps: []resource.TestStep{
					{Config: queueConfig(name, "")},
					{PreConfig: func() { put(t, name, how) }, Config: queueConfig(name, ""), Destroy: true, ExpectError: refused},
					{Config: queueConfig(name+"-2", ""), ExpectError: refused},
					{Config: queueConfig(name, ""), Taint: []string{testQueue}, ExpectError: refused},
					{
						PreConfig: func() {
							if held := messages(t, name+holder); held != 1 {
								t.Errorf("the queue holds %d messages, want 1", held)
							}
							purge(t, name+holder)
						},
						Config: queueConfig(name, ""), Destroy: true,
					},
				},
			})
		})
	}
}

// TestAccQueueSaysThatItIsReplaced reads what Terraform says of a plan that gives a queue another name, and of one that makes it another type.
func TestAccQueueSaysThatItIsReplaced(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	w := newCLI(t, queueConfig(name, ""))
	w.must(t, "apply", "-auto-approve")
	for _, replacement := range []string{name + "-2", name + ".fifo"} {
		w.configure(t, queueConfig(replacement, ""))
		output := w.must(t, "plan")
		for _, want := range []string{
			"Warning: Queue is replaced", "so " + name + " is destroyed and " + replacement + " is made. Messages do not move.",
			"handler_queue.test must be replaced", "Plan: 1 to add, 0 to change, 1 to destroy.",
		} {
			if !strings.Contains(output, want) {
				t.Errorf("%s: the plan does not say %q: %s", replacement, want, output)
			}
		}
	}
	w.configure(t, queueConfig(name, "delay = 1"))
	if output := w.must(t, "plan"); strings.Contains(output, "is replaced") {
		t.Errorf("an update is said to replace: %s", output)
	}
	w.must(t, "destroy", "-auto-approve")
}

// TestAccQueueIsRenamedUnderItsFunction replaces a drained queue in both orders; its function stays and drains the new one alone.
func TestAccQueueIsRenamedUnderItsFunction(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	for order, lifecycle := range map[string]string{"destroy first": "", "create first": createFirst} {
		t.Run(order, func(t *testing.T) {
			name := uniqueName(t)
			config := func(queue string) string {
				return queueConfig(queue, "function_timeout = 10\n"+lifecycle) + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  image_uri = %q
  %s
}
`, name, uri, draining)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             resource.ComposeTestCheckFunc(noQueues(t, name+"-2", name+"-2-dlq"), nothingLeft(name)),
				Steps: []resource.TestStep{
					{Config: config(name), Check: drains(name, name)},
					{
						Config: config(name + "-2"), ConfigPlanChecks: update(),
						Check: resource.ComposeTestCheckFunc(noQueues(t, name, name+"-dlq"), drains(name, name+"-2")),
					},
				},
			})
		})
	}
}

// drains checks which queue a function drains, and that it drains no other.
func drains(function, queue string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		output, err := lambda.NewFromConfig(clientConfig()).ListEventSourceMappings(background(),
			&lambda.ListEventSourceMappingsInput{FunctionName: &function})
		if err != nil {
			return err
		}
		var arns []string
		for _, mapping := range output.EventSourceMappings {
			arns = append(arns, aws.ToString(mapping.EventSourceArn))
		}
		if want := testARN("sqs", queue); !slices.Equal(arns, []string{want}) {
			return fmt.Errorf("function %s drains %q, want %s", function, arns, want)
		}
		return nil
	}
}
