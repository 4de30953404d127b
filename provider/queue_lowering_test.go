package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// timeoutCalls tells the calls that set timeouts of a queue and of the function of the same name.
type timeoutCalls struct {
	name string
	seen int
}

var (
	visibilityOf = regexp.MustCompile(`"VisibilityTimeout":"(\d+)"`)
	timeoutOf    = regexp.MustCompile(`"Timeout":(\d+)`)
)

// next returns what was called since it was asked last, such as "visibility 60" or "timeout 10", whether it succeeded or not.
func (c *timeoutCalls) next() []string {
	backend.mu.Lock()
	defer backend.mu.Unlock()
	var called []string
	for _, made := range backend.calls[c.seen:] {
		switch {
		case made.operation == "AmazonSQS.SetQueueAttributes" && strings.Contains(made.body, "/"+c.name+`"`):
			if found := visibilityOf.FindStringSubmatch(made.body); found != nil {
				called = append(called, "visibility "+found[1])
			}
		case made.operation == "PUT /2015-03-31/functions/"+c.name+"/configuration":
			if found := timeoutOf.FindStringSubmatch(made.body); found != nil {
				called = append(called, "timeout "+found[1])
			}
		}
	}
	c.seen = len(backend.calls)
	return called
}

// are checks what was called since the last check.
func (c *timeoutCalls) are(want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := c.next(); !slices.Equal(got, want) {
			return fmt.Errorf("called %q, want %q", got, want)
		}
		return nil
	}
}

// TestAccQueueVisibilityIsNeverBelowItsFunctionsTimeout lowers and raises the timeouts of a queue and its function together. The queue's
// visibility timeout is lowered below the function's old timeout, so that it must wait for it. Whichever of the calls fails, it is still not too
// low, and the next apply does the rest.
func TestAccQueueVisibilityIsNeverBelowItsFunctionsTimeout(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := func(timeout int) string {
		return queueConfig(name, fmt.Sprintf("function_timeout = %d", timeout)) + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  image_uri = %q
  handler   = "first"
  timeout   = %d
  queues    = { main = { arn = handler_queue.test.arn } }
}
`, name, uri, timeout)
	}
	called := &timeoutCalls{name: name}
	called.next()
	var heal func()
	failing := func(operation, about string) func() {
		return func() { heal = backend.fail(t, operation, about) }
	}
	lower := []string{"visibility 60", "timeout 5", "visibility 30"}
	healed := func(want ...string) func() {
		return func() {
			heal()
			if got := called.next(); !slices.Equal(got, want) {
				t.Errorf("before the failure %q was called, want %q", got, want)
			}
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config(60), Check: called.are()},
			{Config: config(5), ConfigPlanChecks: emptyPlan(), Check: called.are(lower...)},
			{Config: config(60), ConfigPlanChecks: emptyPlan(), Check: called.are("visibility 360", "timeout 60")},
			{
				PreConfig:   failing(`^PUT .*/configuration$`, "/"+name+"/"),
				Config:      config(5),
				ExpectError: regexp.MustCompile("Failed to update function"),
			},
			{PreConfig: healed(lower[:2]...), Config: config(5), ConfigPlanChecks: emptyPlan(), Check: called.are(lower[1:]...)},
			{Config: config(60), ConfigPlanChecks: emptyPlan(), Check: called.are("visibility 360", "timeout 60")},
			{
				PreConfig:   failing(`SetQueueAttributes$`, `"VisibilityTimeout":"30"},"QueueUrl":"`+queueURLOf(name)),
				Config:      config(5),
				ExpectError: regexp.MustCompile("Failed to update function"),
			},
			{PreConfig: healed(lower...), Config: config(5), ConfigPlanChecks: emptyPlan(), Check: called.are("visibility 30")},
		},
	})
}

// timeoutsConfig is a queue and, unless there is none, the function that drains it, in one configuration.
func timeoutsConfig(name, uri string, queue, function int) string {
	config := queueConfig(name, fmt.Sprintf("visibility_timeout = %d", queue))
	if function > 0 {
		config += lone(name, uri, fmt.Sprintf("handler = \"first\"\n timeout = %d\n queues = { main = { arn = handler_queue.test.arn } }", function))
	}
	return config
}

// TestAccQueueVisibilityWaitsForOthers lowers the timeout of a queue that is drained by a function of another configuration.
func TestAccQueueVisibilityWaitsForOthers(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	queue, function := newCLI(t, timeoutsConfig(name, uri, 60, 0)), newCLI(t, lone(name, uri, fmt.Sprintf(
		"handler = \"first\"\n timeout = 50\n queues = { main = { arn = %q } }", testARN("sqs", name))))
	called := &timeoutCalls{name: name}
	queue.must(t, "apply", "-auto-approve")
	function.must(t, "apply", "-auto-approve")
	called.next()
	expect := func(want ...string) {
		t.Helper()
		if got := called.next(); !slices.Equal(got, want) {
			t.Errorf("called %q, want %q", got, want)
		}
	}
	queue.configure(t, timeoutsConfig(name, uri, 30, 0))
	for _, want := range [][]string{{"visibility 50"}, nil} { // the second time there is nothing to lower
		output := queue.must(t, "apply", "-auto-approve")
		if !strings.Contains(output, "Warning: Visibility timeout is lowered later") || !strings.Contains(output, "Function "+name+" drains queue "+name) {
			t.Errorf("got %s, want a warning that names the function", output)
		}
		expect(want...)
	}
	function.configure(t, lone(name, uri, fmt.Sprintf("handler = \"first\"\n timeout = 5\n queues = { main = { arn = %q } }", testARN("sqs", name))))
	function.must(t, "apply", "-auto-approve")
	queue.must(t, "apply", "-auto-approve")
	queue.must(t, "plan", "-detailed-exitcode")
	expect("timeout 5", "visibility 30")
	function.must(t, "destroy", "-auto-approve")
	queue.must(t, "destroy", "-auto-approve")
}

// TestAccQueueVisibilityIsLoweredWhenItsFunctionGoes lowers the timeout of a queue while the function that needs it is destroyed, or leaves it.
func TestAccQueueVisibilityIsLoweredWhenItsFunctionGoes(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	for how, without := range map[string]func(name string) string{
		"destroyed": func(name string) string { return timeoutsConfig(name, uri, 30, 0) },
		"leaves": func(name string) string {
			return timeoutsConfig(name, uri, 30, 0) + lone(name, uri, "handler = \"first\"\n timeout = 50")
		},
	} {
		t.Run(how, func(t *testing.T) {
			name := uniqueName(t)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps: []resource.TestStep{
					{Config: timeoutsConfig(name, uri, 60, 50)},
					{Config: without(name), ConfigPlanChecks: emptyPlan()},
				},
			})
		})
	}
}

// TestAccQueueVisibilityBelowAFunctionThatStays lowers the timeout of the queue alone, in one configuration with its function.
func TestAccQueueVisibilityBelowAFunctionThatStays(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: timeoutsConfig(name, uri, 60, 50)},
			{Config: timeoutsConfig(name, uri, 30, 50), PlanOnly: true, ExpectError: regexp.MustCompile(spaced(`queue \S+ hides a received message for 30 seconds`))},
			{Config: timeoutsConfig(name, uri, 50, 50), ConfigPlanChecks: emptyPlan()},
		},
	})
}
