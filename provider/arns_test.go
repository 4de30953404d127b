package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestAccARNsOfSomethingElse has every attribute that takes an ARN get one of another service, region or account, or none at all. One plan
// tells all of them.
func TestAccARNsOfSomethingElse(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	const (
		elsewhere = "arn:aws:%s:eu-west-1:000000000000:%s"
		here      = "arn:aws:%s:us-east-1:000000000000:%s"
		global    = "arn:aws:%s::000000000000:%s"
		foreign   = "arn:aws:%s::999999999999:%s"
	)
	of := func(format, service, resource string) string { return fmt.Sprintf(format, service, resource) }
	isNot := func(arn, form string) string { return fmt.Sprintf("%q is not the ARN of a %s.", arn, form) }
	isIn := func(arn, thing, user string) string {
		return fmt.Sprintf("The %s %s is in region eu-west-1, but the %s will be in us-east-1", thing, arn, user)
	}
	belongs := func(arn, thing string) string {
		return fmt.Sprintf("The %s %s belongs to account 999999999999, but the credentials are of account %s.", thing, arn, testAccount())
	}
	const (
		queue      = "queue, which is of the form arn:aws:sqs:us-east-1:ACCOUNT:NAME"
		secretForm = "secret, which is of the form arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:NAME"
		key        = "KMS key, which is of the form arn:aws:kms:us-east-1:ACCOUNT:key/ID"
		role       = "role, which is of the form arn:aws:iam::ACCOUNT:role/NAME"
		policy     = "policy, which is of the form arn:aws:iam::ACCOUNT:policy/NAME"
	)
	var tests []struct{ kind, attribute, want string }
	add := func(kind, attribute, arn, want string) {
		tests = append(tests, struct{ kind, attribute, want string }{kind, fmt.Sprintf(attribute, arn), want})
	}
	for _, attribute := range []string{`queues = { a = { arn = %q } }`, `send_to = { a = %q }`} {
		for _, arn := range []string{
			"", "jobs", of(here, "sns", "jobs"), of(here, "sqs", "jobs:again"), "arn:aws:sqs:us-east-1::jobs",
			"arn:aws-cn:sqs:us-east-1:000000000000:jobs", "https://sqs.us-east-1.amazonaws.com/000000000000/jobs",
		} {
			add("function", attribute, arn, isNot(arn, queue))
		}
		add("function", attribute, of(elsewhere, "sqs", "jobs"), isIn(of(elsewhere, "sqs", "jobs"), "queue", "function"))
	}
	for _, arn := range []string{"", "acme", of(here, "secretsmanager", "acme"), of(here, "ssm", "parameter/acme")} {
		add("function", `secrets = [%q]`, arn, isNot(arn, secretForm))
	}
	add("function", `secrets = [%q]`, of(elsewhere, "secretsmanager", "secret:acme"), isIn(of(elsewhere, "secretsmanager", "secret:acme"), "secret", "function"))
	for _, arn := range []string{of(global, "iam", "user/x"), of(global, "iam", "role/"), "arn:aws:iam::1:role/x"} {
		add("function", `role_arn = %q`, arn, isNot(arn, role))
	}
	add("function", `role_arn = %q`, of(foreign, "iam", "role/x"), belongs(of(foreign, "iam", "role/x"), "role"))
	for kind, more := range map[string]string{"function": "", "schedule": "queue_arn = " + fmt.Sprintf("%q", testARN("sqs", "q")) + scheduledCleanup} {
		add(kind, more+"\n kms_key_arn = %q", of(elsewhere, "kms", "key/1"), isIn(of(elsewhere, "kms", "key/1"), "KMS key", kind))
		add(kind, more+"\n permissions_boundary = %q", of(foreign, "iam", "policy/x"), belongs(of(foreign, "iam", "policy/x"), "policy"))
	}
	for _, arn := range []string{"admin", of(global, "iam", "role/x")} {
		add("function", `permissions_boundary = %q`, arn, isNot(arn, policy))
	}
	for _, kind := range []string{"function", "queue"} {
		add(kind, `kms_key_arn = %q`, of(here, "kms", "1"), isNot(of(here, "kms", "1"), key))
	}
	add("queue", `kms_key_arn = %q`, of(elsewhere, "kms", "key/1"), isIn(of(elsewhere, "kms", "key/1"), "KMS key", "queue"))
	add("schedule", "queue_arn = %q"+scheduledCleanup, of(elsewhere, "sqs", "q"), isIn(of(elsewhere, "sqs", "q"), "queue", "schedule"))
	add("schedule", "queue_arn = %q"+scheduledCleanup, of(here, "sns", "q"), isNot(of(here, "sns", "q"), queue))

	var config strings.Builder
	for i, test := range tests {
		block := map[string]func() string{
			"function": func() string { return lone(fmt.Sprintf("n%d", i), uri, "handler = \"first\"\n "+test.attribute) },
			"queue":    func() string { return queueConfig(fmt.Sprintf("n%d", i), test.attribute) },
			"schedule": func() string { return bareSchedule(fmt.Sprintf("n%d", i), test.attribute) },
		}[test.kind]()
		config.WriteString(strings.Replace(block, `"test"`, fmt.Sprintf(`"n%d"`, i), 1))
	}
	w := newCLI(t, config.String())
	output, ok := w.run(t, []string{"plan"})
	if ok {
		t.Fatal("all is accepted")
	}
	for i, test := range tests {
		where := regexp.MustCompile(fmt.Sprintf(`Error: Invalid %s with handler_%[1]s\.n%d, `, test.kind, i))
		said := ""
		if at := where.FindStringIndex(output); at != nil {
			said, _, _ = strings.Cut(output[at[1]:], "Error: ")
		}
		if !strings.Contains(said, test.want) {
			t.Errorf("%s: got %q, want %s", test.attribute, said, test.want)
		}
	}
}
