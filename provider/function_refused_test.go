package provider

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

const (
	creating    = `^POST /2015-03-31/functions$`
	configuring = `^PUT /2015-03-31/functions/[^/]+/configuration$`
	reserving   = `^PUT /2017-10-31/functions/[^/]+/concurrency$`
)

// TestAccFunctionThatAWSRefuses has AWS refuse functions, each for another reason.
func TestAccFunctionThatAWSRefuses(t *testing.T) {
	acceptance(t)
	needsImages(t)
	const invalid = "InvalidParameterValueException"
	name, uri := uniqueName(t), testImageURI(t, "1")
	key := "\n kms_key_arn = " + fmt.Sprintf("%q", testARN("kms", "key/1"))
	const soon = "\n timeouts = { create = \"4s\" }"
	const two = "\n reserved_concurrency = 2" + soon
	floor := func(least string) string {
		return "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [" + least + "]."
	}
	tests := []struct {
		attributes, operation string
		status                int
		code, message         string
		blamed, advice        string
	}{
		{
			"", creating, 400, invalid, "The image manifest, config or layer media type for the source image " + uri + " is not supported.",
			"image_uri = ", "as one manifest for the function's architecture.",
		},
		{
			soon, creating, 400, invalid, "Source image " + uri + " does not exist. Provide a valid source image.",
			"image_uri = ", "The image must be in an ECR repository of this region",
		},
		{
			soon, creating, 403, "AccessDeniedException", "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
			"image_uri = ", "Let the policy of the image's repository allow lambda.amazonaws.com",
		},
		{
			key + soon, creating, 400, invalid, "Lambda was unable to configure access to your environment variables because the KMS key is invalid for " +
				"CreateGrant. Please check your KMS key settings. KMS Exception: DisabledException KMS Message: it is disabled.",
			"kms_key_arn = ", "Enable the key",
		},
		{
			soon, creating, 400, invalid, "The role defined for the function cannot be assumed by Lambda.",
			"resource \"handler_function\"", "The role must let lambda.amazonaws.com assume it",
		},
		{two, reserving, 400, invalid, floor("100"), "reserved_concurrency = 2", "value of [100]. Reserve less"},
		{two, reserving, 400, invalid, floor("50"), "reserved_concurrency = 2", "value of [50]. Reserve less"},
		{two, reserving, 400, invalid, floor("10"), "reserved_concurrency = 2", "value of [10]. Reserve less"},
		{"", creating, 429, "TooManyRequestsException", "Rate exceeded", "", "attempts, 2,.* Rate exceeded"},
		{"", creating, 429, "TooManyRequestsException", "Rate exceeded", "", "too many calls from this account; run Terraform again later"},
		{"", creating, 500, "ServiceException", "Sorry", "", "AWS failed, not what was asked of it; run Terraform again"},
		{"", creating, 400, invalid, "", "", "the value of TOKEN"},
		{
			"", creating, 400, invalid, "Lambda was unable to configure your environment variables because the environment variables you have provided " +
				"exceeded the 4KB limit. String measured: ", "environment = ", "values are left out here). Move values to secrets",
		},
	}
	config := "provider \"handler\" {\n  max_retries = 2\n}\n\nvariable \"token\" {\n  sensitive = true\n}\n\n"
	var stops []func()
	for i, test := range tests {
		function := fmt.Sprintf("%s-%d-", name, i)
		config += strings.Replace(lone(function, uri, "handler = \"first\"\n environment = { TOKEN = var.token }"+test.attributes), `"test"`, fmt.Sprintf(`"n%d"`, i), 1)
		stops = append(stops, backend.add(t, &fault{
			operation: regexp.MustCompile(test.operation), about: function,
			answer: func(w http.ResponseWriter, made call, _ func(http.ResponseWriter)) {
				message := test.message
				if message == "" || strings.HasSuffix(message, ": ") {
					message += made.body // as Lambda does
				}
				refuse(w, made, test.status, test.code, message)
			},
		}))
	}
	w := newCLI(t, config)
	w.environment = []string{"TF_VAR_token=" + planted}
	output, _, ok := w.traced(t, "apply", "-auto-approve")
	for i, test := range tests {
		function := fmt.Sprintf("%s-%d-", name, i)
		want := regexp.MustCompile(regexp.QuoteMeta(test.blamed) + ".* Function " + function + ": .*" + strings.ReplaceAll(regexp.QuoteMeta(test.advice), `\.\*`, ".*"))
		said := errorAbout(output, function)
		if ok || !want.MatchString(said) || strings.Contains(said, "operation error") {
			t.Errorf("got %q, want %s", said, want)
		}
		if err := nothingLeft(function)(nil); err != nil {
			t.Errorf("%s: %s", test.message, err)
		}
		stops[i]()
	}
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
}

// planted is a value that must be shown nowhere, which JSON and HTML write otherwise.
const planted = `hunter2-<pla"nted>\value`

// traced is [cli.run] with logs of everything. "hunter2", which is in all planted values, must not be in them, nor in what Terraform says.
func (w cli) traced(t *testing.T, args ...string) (output, logged string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log")
	output, ok = w.run(t, args, "TF_LOG=TRACE", "TF_LOG_PATH="+file)
	content, err := os.ReadFile(file)
	logged = string(content)
	if err != nil || !strings.Contains(logged, "[TRACE]") {
		t.Errorf("nothing is logged: %v", err)
	}
	for _, text := range []string{output, logged} {
		if i := strings.Index(text, "hunter2"); i >= 0 {
			t.Errorf("%v shows it: …%s…", args, text[max(0, i-500):min(len(text), i+100)])
		}
	}
	return output, logged, ok
}

// errorAbout returns what Terraform says of a function's failure.
func errorAbout(output, function string) string {
	for part := range strings.SplitSeq(output, "Error: Failed to ") {
		if strings.Contains(part, "Function "+function+":") {
			return part
		}
	}
	return ""
}

// TestAccFunctionUpdateThatAWSRefuses has an update refused with all that was sent repeated, among it what somebody else set.
func TestAccFunctionUpdateThatAWSRefuses(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := func(memory int) string {
		return "variable \"token\" {\n  sensitive = true\n}\n\n" + lone(name, uri, fmt.Sprintf("handler = \"first\"\n environment_mode = \"merge\"\n"+
			"environment = { TOKEN = var.token }\n memory_size = %d", memory))
	}
	w := newCLI(t, config(128))
	w.environment = []string{"TF_VAR_token=" + planted}
	if output, ok := w.run(t, []string{"apply", "-auto-approve"}); !ok {
		t.Fatal(output)
	}
	added := map[string]string{"HANDLER": "first", "TOKEN": planted, "OTHERS": "hunter2-of-others"}
	if err := setVariables(t.Context(), lambda.NewFromConfig(clientConfig()), name, added); err != nil {
		t.Fatal(err)
	}
	stop := backend.add(t, &fault{
		operation: regexp.MustCompile(configuring), about: name,
		answer: func(w http.ResponseWriter, made call, _ func(http.ResponseWriter)) {
			refuse(w, made, 400, "ValidationException", "Bad: "+made.body)
		},
	})
	w.configure(t, config(256))
	output, _, ok := w.traced(t, "apply", "-auto-approve")
	if ok || !strings.Contains(output, "the value of OTHERS") {
		t.Errorf("got %s", errorsOf(output))
	}
	stop()
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
}

// TestAccThrottlesAreOutlived has AWS throttle a creation several times in a row.
func TestAccThrottlesAreOutlived(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	var left atomic.Int32
	left.Store(4)
	backend.add(t, &fault{
		operation: regexp.MustCompile(`CreateQueue$`), about: name,
		answer: func(w http.ResponseWriter, made call, serve func(http.ResponseWriter)) {
			if left.Add(-1) >= 0 {
				refuse(w, made, 400, "ThrottlingException", "Rate exceeded")
				return
			}
			serve(w)
		},
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noQueues(t, name),
		Steps:                    []resource.TestStep{{Config: queueConfig(name, ""), ConfigPlanChecks: emptyPlan()}},
	})
}

func TestAccAWSThatCannotBeReached(t *testing.T) {
	acceptance(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: "provider \"handler\" {\n  max_retries = 1\n  endpoints {\n    sqs = \"http://127.0.0.1:1\"\n  }\n}\n" + queueConfig(uniqueName(t), ""),
			ExpectError: regexp.MustCompile(spaced(`Failed to create queue.*name = .*AWS cannot be reached or does not answer; check the network, ` +
				`proxies, and the provider's region and endpoints`)),
		}},
	})
}

func TestAccQueueThatAWSRefuses(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	key := fmt.Sprintf("kms_key_arn = %q", testARN("kms", "key/1"))
	const policy = `policy = jsonencode({ Version = "2012-10-17", Statement = [] })`
	tests := []struct{ attributes, code, message, want string }{
		{key, "KmsDisabled", "The key is disabled.", `kms_key_arn = .*The key is disabled. Enable the key, or name another one\.`},
		{key, "KmsAccessDenied", "No.", `kms_key_arn = .*kms:GenerateDataKey and kms:Decrypt\.`},
		{policy, "InvalidAttributeValue", "Invalid value for the parameter Policy.", `policy = .*a policy is for this queue's ARN only\.`},
		{"", "OverLimit", "Too many.", `name = .*Too many\.`},
	}
	config := ""
	var stops []func()
	for i, test := range tests {
		queue := fmt.Sprintf("%s-%d", name, i)
		config += strings.Replace(queueConfig(queue, test.attributes), `"test"`, fmt.Sprintf(`"n%d"`, i), 1)
		stops = append(stops, backend.refuse(t, `CreateQueue$`, queue+`"`, http.StatusBadRequest, test.code, test.message))
	}
	w := newCLI(t, config)
	output, ok := w.run(t, []string{"apply", "-auto-approve"})
	for i, test := range tests {
		_, said, _ := strings.Cut(output, fmt.Sprintf("Error: Failed to create queue with handler_queue.n%d,", i))
		said, _, _ = strings.Cut(said, "Error: ")
		if ok || !regexp.MustCompile(test.want).MatchString(said) {
			t.Errorf("got %q, want %s", said, test.want)
		}
		stops[i]()
	}
	if err := noQueues(t, name+"-0-dlq", name+"-3-dlq")(nil); err != nil {
		t.Error(err)
	}
}
