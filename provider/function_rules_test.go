package provider

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// TestAccFunctionRules has functions break rules about their queues and names that need no AWS. One plan tells all of them.
func TestAccFunctionRules(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	drains := func(name, attributes string) string {
		return fmt.Sprintf("queues = { q = { arn = %q, %s } }", testARN("sqs", name), attributes)
	}
	const pollers = "provisioned_pollers = "
	tests := []struct{ attributes, want string }{
		{drains("q", pollers+"{}, maximum_concurrency = 5"), `queues["q"].provisioned_pollers: Lambda takes provisioned pollers or a maximum concurrency`},
		{drains("q", pollers+"{ minimum = 5, maximum = 4 }"), `A minimum of 5 pollers is above the maximum of 4. Lower minimum, or raise maximum.`},
		{drains("q", pollers+"{ minimum = 201 }"), `between 2 and 200, got: 201`},
		{drains("q", pollers+"{ maximum = 1 }"), `between 2 and 10000, got: 1`},
		{drains("q.fifo", "batch_size = 10000"), `A batch of a FIFO queue has at most 10 messages, not 10000. Lower batch_size.`},
		{drains("q.fifo", "batching_window = 1"), `FIFO queues have no batching window. Remove batching_window.`},
		{drains("q", "batch_size = 10001"), `between 1 and 10000, got: 10001`},
		{drains("q", "batching_window = 301"), `between 0 and 300, got: 301`},
		{drains("q", "batch_size = 11"), `queues["q"].batching_window: Lambda makes batches of more than 10 messages (here 11) only if it may wait`},
		{`environment = { _HANDLER = "x" }`, `The variable _HANDLER is reserved`},
		{`environment = { A = "x" }`, `The variable "A" cannot be set in Lambda: names begin with a letter, have at least two characters`},
		{`environment = { "A-B" = "x" }`, `The variable "A-B" cannot be set`},
		{`environment = { HANDLER_QUEUES = "x" }`, `is set by the attribute send_to. Use that.`},
	}
	var config strings.Builder
	add := func(i int, name, attributes string) {
		config.WriteString(strings.Replace(lone(name, uri, "handler = \"first\"\n "+attributes), `"test"`, fmt.Sprintf(`"n%d"`, i), 1))
	}
	for i, test := range tests {
		add(i, "acme", test.attributes)
	}
	for name, want := range map[string]string{
		strings.Repeat("f", 65): "between 1 and 64, got: 65", "": "between 1 and 64, got: 0", "a b": "must be of letters, digits, - and _",
		"a.b": "must be of letters, digits, - and _",
	} {
		tests = append(tests, struct{ attributes, want string }{name, want})
		add(len(tests)-1, name, "")
	}
	w := newCLI(t, config.String())
	output, ok := w.run(t, []string{"plan"})
	for i, test := range tests {
		said := ""
		for part := range strings.SplitSeq(output, "Error: ") {
			if strings.Contains(part, fmt.Sprintf("handler_function.n%d,", i)) {
				said += part
			}
		}
		if ok || !strings.Contains(said, test.want) {
			t.Errorf("%s: got %q, want %s", test.attributes, said, test.want)
		}
	}
}

// TestAccFunctionPlannedWithItsQueue has rules broken between resources of one plan, and warnings.
func TestAccFunctionPlannedWithItsQueue(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := queueConfig(name, "function_timeout = 5") + lone(name, uri, "handler = \"first\"\n timeout = 31\n queues = { q = { arn = handler_queue.test.arn } }")
	w := newCLI(t, config)
	output, ok := w.run(t, []string{"plan"})
	want := fmt.Sprintf(`queues["q"].arn: The queue %s hides a received message for 30 seconds, but the function may take 31`, testARN("sqs", name))
	if ok || !strings.Contains(output, want) {
		t.Errorf("%s is not said in %s", want, errorsOf(output))
	}
	missing := fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s", testRegion, testAccount(), name)
	w.configure(t, lone(name, uri, fmt.Sprintf("handler = \"first\"\n reserved_concurrency = 50\n secrets = [%q]\n"+
		"queues = { q = { arn = %q, provisioned_pollers = {} } }", missing, testARN("sqs", name))))
	output, ok = w.run(t, []string{"plan"})
	for _, want := range []string{
		"Warning: Secret does not exist", "Secret " + missing + " does not exist. The app cannot start before it does",
		"200 provisioned pollers invoke the function up to 2000 times at once, but it reserves a concurrency of 50",
		"Lower provisioned_pollers.maximum to 5, or reserve more.",
	} {
		if !ok || !strings.Contains(output, want) {
			t.Errorf("%s is not said in %s", want, output)
		}
	}
}

// TestAccFunctionEnvironments sets values and attributes that are special or empty.
func TestAccFunctionEnvironments(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	values := map[string]string{
		"QUOTED": `"a\b"'c'`, "LINES": "one\ntwo\r\n\tthree", "WORDS": "über 日本 🚀", "MARKS": "<&>%s${x}%{y}=,;", "JSON1": `{"a":[1,null]}`, "SPACE": " ",
	}
	variables := ""
	for name, value := range values {
		variables += fmt.Sprintf("    %s = %s\n", name, strings.NewReplacer("${", "$${", "%{", "%%{").Replace(fmt.Sprintf("%q", value)))
	}
	large := strings.Repeat("<", 4000) // which some encoders write as 6 bytes each
	steps := []resource.TestStep{
		{
			Config:           lone(name, uri, "handler = \"first\"\n environment = {\n"+variables+"  }"),
			ConfigPlanChecks: emptyPlan(), Check: environmentIs(name, values),
		},
		{
			Config:           lone(name, uri, "handler = \"first\"\n environment = { EMPTY = \"\", NONE = null }"),
			ConfigPlanChecks: update(), Check: environmentIs(name, map[string]string{"QUOTED": "", "SPACE": ""}),
		},
		{Config: lone(name, uri, "handler = \"first\"\n environment = {}\n send_to = {}\n secrets = []\n queues = {}\n tags = {}"), ConfigPlanChecks: update()},
		{Config: lone(name, uri, "handler = \"first\"\n environment = { LARGE = \""+large+"\" }"), ConfigPlanChecks: update(), Check: environmentIs(name, map[string]string{"LARGE": large})},
		{
			Config: lone(name, uri, "handler = \"first\"\n environment = { LARGE = \""+large+large+"\" }"), PlanOnly: true,
			ExpectError: regexp.MustCompile(spaced(`environment = .*The function's environment has 8\d\d\d bytes, and Lambda allows 4096`)),
		},
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), CheckDestroy: nothingLeft(name), Steps: steps})
}

// TestAccReservationsOfAWholePlan moves reserved concurrency from one function to another, in an account of its own.
func TestAccReservationsOfAWholePlan(t *testing.T) {
	acceptance(t)
	needsImages(t)
	server, err := localaws.New(localaws.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	function := func(label, name string, reserved int, more string) string {
		return fmt.Sprintf("\nresource \"handler_function\" %q {\n  name = %q\n  handler = \"first\"\n  image_uri = handler_image.test.image_uri\n"+
			"  reserved_concurrency = %d\n  %s\n}\n", label, name, reserved, more)
	}
	w := newCLI(t, "")
	w.environment = []string{"AWS_ENDPOINT_URL=" + front.URL}
	for _, step := range []struct{ what, functions, want string }{
		{"most of it", function("a", "one", 800, ""), ""},
		{"a new name", function("a", "two", 850, ""), ""},
		{"a new path of the role", function("a", "two", 900, `role_path = "/b/"`), ""},
		{"more than there is", function("a", "two", 900, `role_path = "/b/"`) + function("b", "three", 1, ""), "reserve 1 more concurrent executions than now. The account has 100 unreserved"},
		{"from one to the other", function("a", "two", 100, `role_path = "/b/"`) + function("b", "three", 800, "depends_on = [handler_function.a]"), ""},
		{"too much of several", function("a", "two", 400, "") + function("b", "three", 501, "depends_on = [handler_function.a]"), "Not enough concurrency"},
		{"none", "", ""},
	} {
		w.configure(t, imageConfig(t, `name = "acme"`, "1")+step.functions)
		output, ok := w.run(t, []string{"apply", "-auto-approve"})
		if ok != (step.want == "") || !strings.Contains(output, step.want) {
			t.Errorf("%s: got %s", step.what, errorsOf(output))
		}
	}
	if output, ok := w.run(t, []string{"destroy", "-auto-approve"}); !ok {
		t.Error(errorsOf(output))
	}
}
