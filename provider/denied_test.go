package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const (
	deployer  = "arn:aws:sts::000000000000:assumed-role/deploy/run"
	forbidden = "this test forbids it"
)

// denials are how AWS names what the calls of the tests below are about: by operation, with the part of path or body that names it.
var denials = []struct {
	operation        *regexp.Regexp
	name             *regexp.Regexp
	action, resource string
}{
	{
		regexp.MustCompile(`^POST /2015-03-31/functions$`), regexp.MustCompile(`"FunctionName":"([^"]+)"`),
		"lambda:CreateFunction", "arn:aws:lambda:us-east-1:000000000000:function:",
	},
	{
		regexp.MustCompile(`^AmazonSQS\.CreateQueue$`), regexp.MustCompile(`"QueueName":"([^"]+)"`),
		"sqs:createqueue", "arn:aws:sqs:us-east-1:000000000000:", // SQS writes them in lower case
	},
	{
		regexp.MustCompile(`\.CreateRepository$`), regexp.MustCompile(`"repositoryName":"([^"]+)"`),
		"ecr:CreateRepository", "arn:aws:ecr:us-east-1:000000000000:repository/",
	},
	{
		regexp.MustCompile(`^POST /v2/.+/blobs/uploads/$`), regexp.MustCompile(`^/v2/(.+)/blobs/`),
		"ecr:InitiateLayerUpload", "arn:aws:ecr:us-east-1:000000000000:repository/",
	},
}

// denialOf returns what AWS says to who may not make a call; of calls that are not in denials, without naming action and resource.
func denialOf(made call) string {
	for _, known := range denials {
		if name := known.name.FindStringSubmatch(made.body); known.operation.MatchString(made.operation) && name != nil {
			return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s%s because no identity-based policy allows the %[2]s "+
				"action, as %[5]s", deployer, known.action, known.resource, name[1], forbidden)
		}
	}
	return forbidden
}

func TestAccDenialsShowTheMissingStatement(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	for name, test := range map[string]struct {
		operation, about string // about is what follows the name in the request: the dead-letter queue's is longer
		config           func(name string) string
		summary          string
		action, resource string
	}{
		"function": {
			`^POST /2015-03-31/functions$`, `"`, func(name string) string { return functionConfig(name, uri, draining) },
			"Failed to create function", "lambda:CreateFunction", "arn:aws:lambda:us-east-1:000000000000:function:",
		},
		"queue": {
			`CreateQueue$`, `"`, func(name string) string {
				return fmt.Sprintf("resource \"handler_queue\" \"test\" {\n  name = %q\n}\n", name)
			},
			"Failed to create queue", "sqs:CreateQueue", "arn:aws:sqs:us-east-1:000000000000:",
		},
		"repository": {
			`\.CreateRepository$`, `"`, func(name string) string { return imageConfig(t, fmt.Sprintf("name = %q", name), "1") },
			"Failed to create repository", "ecr:CreateRepository", "arn:aws:ecr:us-east-1:000000000000:repository/",
		},
		"push": {
			`^POST /v2/`, "/", func(name string) string { return imageConfig(t, fmt.Sprintf("name = %q", name), "1") },
			"Failed to push image", "ecr:InitiateLayerUpload", "arn:aws:ecr:us-east-1:000000000000:repository/",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(test.action, "ecr:") {
				needsImages(t)
			}
			name := uniqueName(t)
			stop := backend.fail(t, test.operation, name+test.about)
			w := newCLI(t, test.config(name))
			said, err := w.command("apply", "-auto-approve").CombinedOutput()
			statement := fmt.Sprintf(`{"Effect": "Allow", "Action": %q, "Resource": %q}`, test.action, test.resource+name)
			if err == nil || !strings.Contains(string(said), "\n  "+statement+"\n") {
				t.Errorf("there is no line %s in:\n%s", statement, said)
			}
			want := fmt.Sprintf("AWS denies %s on %s%s to %s, because no identity-based policy allows", test.action, test.resource, name, deployer)
			for _, part := range []string{"Error: " + test.summary, want, "; add this statement to a policy of these credentials: "} {
				if got := flat(said); !strings.Contains(got, part) || strings.Contains(got, "operation error") {
					t.Errorf("%q is not said, or too much, in:\n%s", part, said)
				}
			}
			stop()
			for _, command := range []string{"apply", "destroy"} {
				if output, ok := w.run(t, []string{command, "-auto-approve"}); !ok {
					t.Errorf("%s: %s", command, output)
				}
			}
		})
	}
}

func TestSentenceKeepsStatements(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"read queue q: operation error SQS: GetQueueAttributes, AWS denies a on b; add this:\n\n  {\"Effect\": \"Allow\"}": "Read queue q: AWS denies " +
			"a on b; add this:\n\n  {\"Effect\": \"Allow\"}",
		"find log group g: operation error CloudWatch Logs: DescribeLogGroups, no answer": "Find log group g: no answer.",
		" create queue q: name taken. ": "Create queue q: name taken.",
		"":                              "",
	} {
		if got := sentence(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
