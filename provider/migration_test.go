package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	functiontypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestAccMigration goes through the guide from the AWS provider with the configurations that are in it, while messages come in.
// In the second round the objects are not as this provider would have made them.
func TestAccMigration(t *testing.T) {
	for name, adapt := range map[string][]string{
		"alike": nil,
		"unlike": {
			"acme-webhooks-dlq", "acme-webhooks-dead",
			"  function_response_types = [\"ReportBatchItemFailures\"]\n", "",
			"{ max_receive_count = 5 }", "{ enabled = false }",
		},
	} {
		t.Run(name, func(t *testing.T) {
			acceptance(t)
			needsImages(t)
			m := newMigration(t, adapt...)
			m.begin(t)
			uuid := m.mapping(t)
			stop := m.keepSending(t)
			if m.byAWS {
				m.thereAndBack(t, uuid)
			}
			for _, step := range []struct {
				files []string
				plan  string
			}{
				{[]string{"handler.tf", "import.tf", "removed.tf", "role.tf"}, "2 to import, 0 to add, 1 to change, 0 to destroy."},
				{[]string{"handler-own-role.tf", "role.tf"}, " 0 to destroy."},
				{[]string{"handler-own-role.tf"}, ""}, // the role goes, if Terraform has made it
			} {
				m.write(t, step.files...)
				if output := m.must(t, "plan"); !strings.Contains(output, step.plan) {
					t.Errorf("the plan of %v lacks %q: %s", step.files, step.plan, output)
				}
				m.must(t, "apply", "-auto-approve")
				m.must(t, "plan", "-detailed-exitcode")
				if got := m.mapping(t); got != uuid {
					t.Errorf("after %v the mapping is %s, want %s", step.files, got, uuid)
				}
				m.waitForMore(t)
			}
			m.account(t, stop())

			stop = m.keepSending(t)
			m.forget(t)
			m.waitForMore(t)
			m.account(t, stop())
		})
	}
}

// migration is a function with all around it, and the guide's configurations.
type migration struct {
	cli
	name, deadLetters, image string
	blocks                   map[string]string // configurations by file
	byAWS                    bool              // whether the AWS provider makes what was there before
}

// newMigration reads the guide, with other names and what else is to be replaced in it.
func newMigration(t *testing.T, adapt ...string) *migration {
	t.Helper()
	m := &migration{name: uniqueName(t), image: testImageURI(t, "1"), blocks: map[string]string{}, byAWS: os.Getenv(mirrorVariable) != ""}
	there := strings.NewReplacer(adapt...)
	here := strings.NewReplacer("https://sqs.eu-west-1.amazonaws.com/123456789012", backend.endpoint+"/"+testAccount(),
		"acme-webhooks", m.name, "handler     = \"webhooks\"", "handler = \"first\"", "HANDLER = \"webhooks\"", "HANDLER = \"first\"",
	)
	for _, block := range guideBlocks(t, "from-aws-lambda-function.md", "terraform") {
		file, content, _ := strings.Cut(strings.TrimPrefix(block, "# "), "\n")
		m.blocks[file] = here.Replace(there.Replace(content))
	}
	own := strings.Replace(m.blocks["handler.tf"], "  role_arn    = aws_iam_role.webhooks.arn\n", "", 1)
	m.blocks["handler-own-role.tf"] = strings.Replace(own, "{ enabled = false }", "{ max_receive_count = 5 }", 1)
	m.deadLetters = regexp.MustCompile(`name += "(` + m.name + `-\w+)"`).FindStringSubmatch(m.blocks["before.tf"])[1]
	m.cli = newCLI(t, "")
	return m
}

// write has the configuration be that of these files of the guide.
func (m *migration) write(t *testing.T, files ...string) {
	t.Helper()
	config := fmt.Sprintf("variable \"image_uri\" {\n  default = %q\n}\n", m.image)
	for _, file := range files {
		if m.blocks[file] == "" {
			t.Fatalf("the guide has no %s", file)
		}
		if m.byAWS || strings.HasPrefix(file, "handler") || file == "import.tf" {
			config += m.blocks[file]
		}
	}
	if !m.byAWS {
		m.configure(t, strings.ReplaceAll(config, "aws_iam_role.webhooks.arn", fmt.Sprintf("%q", m.roleARN())))
		return
	}
	write(t, m.directory, "main.tf", `terraform {
  required_providers {
    handler = { source = "lambda-land/handler" }
    aws     = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}
`+config)
}

func (m *migration) roleARN() string { return "arn:aws:iam::" + testAccount() + ":role/" + m.name }

// begin makes what was there before.
func (m *migration) begin(t *testing.T) {
	t.Helper()
	if m.byAWS {
		m.installProviders(t)
		m.write(t, "before.tf", "role.tf")
		for _, args := range [][]string{{"init"}, {"apply", "-auto-approve"}} {
			m.must(t, args...)
		}
		return
	}
	ctx, config := background(), clientConfig()
	role, logs, queues, functions := iam.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config), sqs.NewFromConfig(config), lambda.NewFromConfig(config)
	arn := func(service, resource string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, testRegion, testAccount(), resource)
	}
	group := "/aws/lambda/" + m.name
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":%q},`+
		`{"Effect":"Allow","Action":"logs:*","Resource":%q}]}`, arn("sqs", m.name), arn("logs", "log-group:"+group+":*"))
	_, errRole := role.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &m.name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	_, errPolicy := role.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &m.name, PolicyName: aws.String("own"), PolicyDocument: &policy})
	_, errGroup := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	_, errRetention := logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: aws.Int32(30)})
	_, errDead := queues.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName: &m.deadLetters, Attributes: map[string]string{"MessageRetentionPeriod": "1209600", "MaximumMessageSize": "262144"},
	})
	_, errQueue := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &m.name, Attributes: map[string]string{
		"VisibilityTimeout": "180", "MaximumMessageSize": "262144",
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, arn("sqs", m.deadLetters)),
	}})
	_, errFunction := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &m.name, Role: aws.String(m.roleARN()), PackageType: functiontypes.PackageTypeImage,
		Code: &functiontypes.FunctionCode{ImageUri: &m.image}, Timeout: aws.Int32(30), MemorySize: aws.Int32(256),
		Environment: &functiontypes.Environment{Variables: map[string]string{"HANDLER": "first", "LOG_LEVEL": "info"}},
	})
	if err := errors.Join(errRole, errPolicy, errGroup, errRetention, errDead, errQueue, errFunction); err != nil {
		t.Fatal(err)
	}
	waiter := lambda.NewFunctionActiveV2Waiter(functions, func(o *lambda.FunctionActiveV2WaiterOptions) { o.MinDelay = 100 * time.Millisecond })
	if err := waiter.Wait(ctx, &lambda.GetFunctionInput{FunctionName: &m.name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	input := &lambda.CreateEventSourceMappingInput{EventSourceArn: aws.String(arn("sqs", m.name)), FunctionName: &m.name, BatchSize: aws.Int32(10)}
	if strings.Contains(m.blocks["before.tf"], "ReportBatchItemFailures") {
		input.FunctionResponseTypes = []functiontypes.FunctionResponseType{functiontypes.FunctionResponseTypeReportBatchItemFailures}
	}
	if _, err := functions.CreateEventSourceMapping(ctx, input); err != nil {
		t.Fatal(err)
	}
}

// thereAndBack changes the owners and then goes the guide's way back to the AWS provider.
func (m *migration) thereAndBack(t *testing.T, uuid string) {
	t.Helper()
	m.write(t, "handler.tf", "import.tf", "removed.tf", "role.tf")
	m.must(t, "apply", "-auto-approve")
	m.forget(t)
	placeholder := regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f-]{27}"`)
	m.blocks["back.tf"] = placeholder.ReplaceAllString(m.blocks["back.tf"], fmt.Sprintf("%q", uuid))
	m.write(t, "before.tf", "role.tf", "back.tf")
	if output := m.must(t, "plan"); !regexp.MustCompile(`5 to import, 0 to add, \d to change, 0 to destroy`).MatchString(output) {
		t.Errorf("the way back is no import alone: %s", output)
	}
	m.must(t, "apply", "-auto-approve")
	if got := m.mapping(t); got != uuid {
		t.Errorf("back again the mapping is %s, want %s", got, uuid)
	}
	m.waitForMore(t)
}

// forget has the state forget what the provider manages, which changes nothing in AWS.
func (m *migration) forget(t *testing.T) {
	t.Helper()
	m.must(t, "state", "rm", "handler_function.webhooks", "handler_queue.webhooks")
}

// installProviders has both providers come from a mirror, as terraform init wants of those that are not overridden.
func (m *migration) installProviders(t *testing.T) {
	t.Helper()
	binary, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	mirror := t.TempDir()
	platform := "linux_amd64"
	for from, to := range map[string]string{
		filepath.Join(os.Getenv(mirrorVariable), providerHost(), "hashicorp", "aws", "5.100.0", platform): "hashicorp/aws/5.100.0/" + platform,
		binary: "lambda-land/handler/0.0.1/" + platform,
	} {
		link := filepath.Join(mirror, providerHost(), to)
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, link); err != nil {
			t.Fatal(err)
		}
	}
	write(t, m.directory, "cli.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
}

// mapping returns the UUID of the only mapping.
func (m *migration) mapping(t *testing.T) string {
	t.Helper()
	found, err := lambda.NewFromConfig(clientConfig()).ListEventSourceMappings(background(), &lambda.ListEventSourceMappingsInput{FunctionName: &m.name})
	if err != nil || len(found.EventSourceMappings) != 1 {
		t.Fatalf("got mappings %v, %v; want one", found, err)
	}
	return *found.EventSourceMappings[0].UUID
}

// keepSending sends messages until stop is called, which returns their IDs.
func (m *migration) keepSending(t *testing.T) (stop func() []string) {
	t.Helper()
	client, url := sqs.NewFromConfig(clientConfig()), queueURLOf(m.name)
	done, result := make(chan struct{}), make(chan []string, 1)
	go func() {
		var ids []string
		defer func() { result <- ids }()
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			sent, err := client.SendMessage(background(), &sqs.SendMessageInput{
				QueueUrl: &url, MessageBody: aws.String(`{"note":"moving"}`),
				MessageAttributes: map[string]types.MessageAttributeValue{
					"type": {DataType: aws.String("String"), StringValue: aws.String("ping.sent")},
				},
			})
			if err != nil {
				t.Errorf("a message could not be sent: %v", err)
				return
			}
			ids = append(ids, *sent.MessageId)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() []string {
		close(done)
		return <-result
	}
}

// handledBy returns the IDs of the messages that a function has logged as handled.
func handledBy(t *testing.T, function string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(clientConfig()),
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/" + function)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(background())
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range page.Events {
			var line struct{ EventID, Outcome string }
			if json.Unmarshal([]byte(*event.Message), &line) == nil && line.Outcome == "handled" {
				ids[line.EventID] = true
			}
		}
	}
	return ids
}

// waitForMore waits until messages were handled that were not handled before.
func (m *migration) waitForMore(t *testing.T) {
	t.Helper()
	before := len(handledBy(t, m.name))
	for deadline := time.Now().Add(time.Minute); len(handledBy(t, m.name)) == before; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is handled any more")
		}
	}
}

// account waits until all messages are handled, and finds none of them lost or dead-lettered.
func (m *migration) account(t *testing.T, sent []string) {
	t.Helper()
	missing := sent
	for deadline := time.Now().Add(time.Minute); len(missing) > 0; time.Sleep(100 * time.Millisecond) {
		handled := handledBy(t, m.name)
		missing = nil
		for _, id := range sent {
			if !handled[id] {
				missing = append(missing, id)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d messages %d are not handled: %v", len(sent), len(missing), missing)
		}
	}
	t.Logf("%d messages were sent, all were handled", len(sent))
}
