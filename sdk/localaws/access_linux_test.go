package localaws_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

const (
	callerARN = "arn:aws:sts::000000000000:assumed-role/worker/caller"
	outARN    = "arn:aws:sqs:us-east-1:000000000000:out"

	sendOut    = `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + outARN + `"}`
	readSecret = `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue",` +
		`"Resource":"arn:aws:secretsmanager:us-east-1:000000000000:secret:acme-??????"}`
	readBatch = `{"Effect":"Allow","Action":"secretsmanager:BatchGetSecretValue","Resource":"*"}`
)

// deployCaller starts a server with a queue, two secrets and the function "caller", whose role "worker" has no policy.
func deployCaller(t *testing.T) (server *localaws.Server, out string) {
	t.Helper()
	server = localaws.Start(t)
	cfg := server.Config()
	out = createQueue(t, sqs.NewFromConfig(cfg), "out")
	for _, name := range []string{"acme", "other"} {
		_, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: &name, SecretString: aws.String("value of " + name),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	deploy(t, server, "caller", createRole(t, iam.NewFromConfig(cfg), "worker", ""), nil)
	return server, out
}

// ask has the function caller call AWS and returns its answer.
func ask(t *testing.T, server *localaws.Server, event map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	invoked, err := lambda.NewFromConfig(server.Config()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("caller"), Payload: payload,
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer string
	if err := json.Unmarshal(invoked.Payload, &answer); err != nil || invoked.FunctionError != nil {
		t.Fatalf("%v failed: %s", event, invoked.Payload)
	}
	return answer
}

// denied is the answer to what no policy allows.
func denied(code, action, resource string) string {
	if resource != "" {
		resource = " on resource: " + resource
	}
	return code + ": User: " + callerARN + " is not authorized to perform: " + action + resource +
		" because no identity-based policy allows the " + action + " action"
}

func TestFunctionsActAsTheirRoles(t *testing.T) {
	t.Parallel()
	server, out := deployCaller(t)
	roles := iam.NewFromConfig(server.Config())
	const explicitly = " with an explicit deny in an identity-based policy"
	send, sendBatch := map[string]any{"Do": "send", "Name": out}, map[string]any{"Do": "send batch", "Name": out}
	secret, both := map[string]any{"Do": "secret", "Name": "acme"}, map[string]any{"Do": "secrets", "Names": []string{"acme", "other"}}
	sendDenied := denied("AccessDenied", "sqs:sendmessage", outARN)
	secretDenied := denied("AccessDeniedException", "secretsmanager:GetSecretValue", "acme")
	// The steps use one runtime: what a policy allows counts at once, for a process that has made its clients.
	for _, step := range []struct {
		name       string
		statements string // those of the role from here on; empty if they stay
		event      map[string]any
		want       string
	}{
		{"who", "", map[string]any{"Do": "who"}, callerARN},
		{"no policy", "", send, sendDenied},
		{"no policy, batch", "", sendBatch, sendDenied},
		{"no policy, secret", "", secret, secretDenied},
		{"no policy, secrets", "", both, denied("AccessDeniedException", "secretsmanager:BatchGetSecretValue", "")},
		{"allowed", sendOut, send, "done"},
		{"allowed, batch", "", sendBatch, "done"},
		{"another secret", sendOut + "," + readSecret, map[string]any{"Do": "secret", "Name": "other"},
			denied("AccessDeniedException", "secretsmanager:GetSecretValue", "other")},
		{"secret", "", secret, "value of acme"},
		{"another action", "", map[string]any{"Do": "describe secret", "Name": "acme"},
			denied("AccessDeniedException", "secretsmanager:DescribeSecret", "acme")},
		{"some of a batch", readSecret + "," + readBatch, both,
			"acme=value of acme; " + denied("AccessDeniedException", "secretsmanager:GetSecretValue", "other")},
		{"all of a batch", `{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}`, both, "acme=value of acme; other=value of other"},
		{"explicit deny", sendOut + `,{"Effect":"Deny","Action":"sqs:*","NotResource":"arn:aws:sqs:*:*:in"}`, send,
			"AccessDenied: User: " + callerARN + " is not authorized to perform: sqs:sendmessage on resource: " + outARN + explicitly},
		{"condition", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}`,
			send, "done"},
		{"allowed no more", readSecret, send, sendDenied},
		{"list", "", map[string]any{"Do": "list queues"}, denied("AccessDenied", "sqs:listqueues", "arn:aws:sqs:us-east-1:000000000000:")},
		{"logs", "", map[string]any{"Do": "log", "Name": "g"},
			denied("AccessDeniedException", "logs:CreateLogGroup", "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:")},
		{"lambda", "", map[string]any{"Do": "function", "Name": "caller"},
			denied("AccessDeniedException", "lambda:GetFunction", "arn:aws:lambda:us-east-1:000000000000:function:caller")},
		{"ecr", "", map[string]any{"Do": "repository", "Name": "team/caller"},
			denied("AccessDeniedException", "ecr:DescribeRepositories", "arn:aws:ecr:us-east-1:000000000000:repository/team/caller")},
		{"iam", "", map[string]any{"Do": "role", "Name": "worker"},
			denied("AccessDenied", "iam:GetRole", "arn:aws:iam::000000000000:role/worker")},
		{"sts", "", map[string]any{"Do": "session", "Name": "arn:aws:iam::000000000000:role/worker"},
			denied("AccessDenied", "sts:AssumeRole", "arn:aws:iam::000000000000:role/worker")},
		{"everything", `{"Effect":"Allow","Action":"*","Resource":"*"}`, map[string]any{"Do": "log", "Name": "g"}, "done"},
		{"everything, lambda", "", map[string]any{"Do": "function", "Name": "caller"}, "done"},
		{"everything, ecr", "", map[string]any{"Do": "repository", "Name": "team/caller"}, "done"},
		{"everything, iam", "", map[string]any{"Do": "role", "Name": "worker"}, "done"},
	} {
		if step.statements != "" {
			allow(t, roles, "worker", step.statements)
		}
		if got := ask(t, server, step.event); got != step.want {
			t.Errorf("%s:\ngot  %s\nwant %s", step.name, got, step.want)
		}
	}
}

func TestOtherCredentialsMayDoEverything(t *testing.T) {
	t.Parallel()
	server, out := deployCaller(t)
	if got := ask(t, server, map[string]any{"Do": "send", "Name": out}); !strings.HasPrefix(got, "AccessDenied: ") {
		t.Errorf("the function: got %s", got)
	}
	cfg := server.Config()
	if _, err := sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &out, MessageBody: aws.String("m")}); err != nil {
		t.Errorf("the account: %s", err)
	}
	session, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::000000000000:role/worker"), RoleSessionName: aws.String("ci"),
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := aws.Credentials{AccessKeyID: *session.Credentials.AccessKeyId, SecretAccessKey: "any", SessionToken: "any"}
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
	if _, err := sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &out, MessageBody: aws.String("m")}); err != nil {
		t.Errorf("a session that a client assumed: %s", err)
	}
}

func TestQueuePolicyBindsFunctions(t *testing.T) {
	t.Parallel()
	server, out := deployCaller(t)
	queues, send := sqs.NewFromConfig(server.Config()), map[string]any{"Do": "send", "Name": out}
	statement := func(effect, principal string) string {
		return `{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"SQS:SendMessage","Resource":"` + outARN + `"}`
	}
	const role, account = `{"AWS":"arn:aws:iam::000000000000:role/worker"}`, `{"AWS":"000000000000"}`
	const stranger = `{"AWS":"arn:aws:iam::000000000000:role/stranger"}`
	none := denied("AccessDenied", "sqs:sendmessage", outARN)
	explicit, _, _ := strings.Cut(none, "because")
	explicit += "with an explicit deny in a resource-based policy"
	for _, test := range []struct{ name, statements, want string }{
		{"its role", statement("Allow", role), "done"},
		{"its session", statement("Allow", `{"AWS":"`+callerARN+`"}`), "done"},
		{"everybody", statement("Allow", `"*"`), "done"},
		{"another role", statement("Allow", stranger), none},
		{"the account, which leaves it to roles", statement("Allow", account), none},
		{"denied to the account", statement("Allow", role) + "," + statement("Deny", account), explicit},
		{"denied to all but its role", statement("Allow", `"*"`) + "," +
			`{"Effect":"Deny","NotPrincipal":` + role + `,"Action":"*","Resource":"*"}`, "done"},
		{"denied without TLS, for which all requests pass", statement("Allow", role) +
			`,{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, "done"},
	} {
		_, err := queues.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
			QueueUrl: &out, Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[` + test.statements + `]}`},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, server, send); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

// watch is a log that tells of a message.
type watch struct {
	slog.Handler
	message string
	seen    chan struct{} // gets a value for the message, unless it holds one
}

func (w watch) Enabled(context.Context, slog.Level) bool { return true }
func (w watch) WithAttrs([]slog.Attr) slog.Handler       { return w }

func (w watch) Handle(_ context.Context, record slog.Record) error {
	if record.Message == w.message {
		select {
		case w.seen <- struct{}{}:
		default:
		}
	}
	return nil
}

func TestMappingNeedsThePermissionsOfItsRole(t *testing.T) {
	t.Parallel()
	log := watch{slog.DiscardHandler, "receive messages", make(chan struct{}, 1)}
	server, err := localaws.New(localaws.Config{Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg, ctx := server.Config(), t.Context()
	queues, roles, functions := sqs.NewFromConfig(cfg), iam.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	in, out := createQueue(t, queues, "in"), createQueue(t, queues, "out")
	deploy(t, server, "forward", createRole(t, roles, "forward", ""), map[string]string{"OUT": out})
	create := func() error {
		_, err := functions.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
			FunctionName: aws.String("forward"), EventSourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:in"),
		})
		return err
	}
	for missing, actions := range map[string]string{
		"ReceiveMessage":     `"sqs:DeleteMessage","sqs:GetQueueAttributes"`,
		"DeleteMessage":      `"sqs:ReceiveMessage","sqs:GetQueueAttributes"`,
		"GetQueueAttributes": `"sqs:ReceiveMessage","sqs:DeleteMessage"`,
	} {
		allow(t, roles, "forward", `{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}`)
		err := create()
		want := "The provided execution role does not have permissions to call " + missing + " on SQS"
		apiErr, ok := errors.AsType[smithy.APIError](err)
		if !ok || apiErr.ErrorCode() != "InvalidParameterValueException" || apiErr.ErrorMessage() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}

	send := func(body string) {
		t.Helper()
		if _, err := queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	arrives := func(body string) {
		t.Helper()
		got, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &out, WaitTimeSeconds: 20})
		if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != body {
			t.Fatalf("got %v, %v, want %s", got, err, body)
		}
	}
	allow(t, roles, "forward", consumeAndSend)
	if err := create(); err != nil {
		t.Fatal(err)
	}
	send("first")
	arrives("first")

	allow(t, roles, "forward", sendOut)
	select {
	case <-log.seen: // the mapping's poller was refused
	case <-time.After(time.Minute):
		t.Fatal("the mapping receives without the permission")
	}
	send("second")
	// Nobody but this test may receive the message now, and it gives it back untouched.
	got, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &in, WaitTimeSeconds: 20, VisibilityTimeout: 1})
	if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "second" {
		t.Fatalf("got %v, %v, want the message that the mapping may not receive", got, err)
	}
	allow(t, roles, "forward", consumeAndSend)
	arrives("second")
}
