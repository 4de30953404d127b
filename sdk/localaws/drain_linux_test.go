package localaws_test

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// TestFunctionDrainsQueue goes the whole way with AWS's own clients: a program becomes an image, a function and a mapping; a message
// sent to one queue makes it send to another and write its log.
func TestFunctionDrainsQueue(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	cfg, ctx := server.Config(), t.Context()
	queues := sqs.NewFromConfig(cfg)
	in, out := createQueue(t, queues, "in"), createQueue(t, queues, "out")

	functions := lambda.NewFromConfig(cfg)
	deploy(t, server, "forward", createRole(t, iam.NewFromConfig(cfg), "forward", consumeAndSend), map[string]string{"OUT": out})
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &in, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = functions.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
		FunctionName: aws.String("forward"), EventSourceArn: aws.String(attributes.Attributes["QueueArn"]),
	})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: aws.String("a letter")}); err != nil {
		t.Fatal(err)
	}
	got, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &out, WaitTimeSeconds: 20})
	if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "a letter" {
		t.Fatalf("got %v, %v", got, err)
	}
	awaitLog(t, cloudwatchlogs.NewFromConfig(cfg), `"forwarding a letter"`)
}

// awaitLog asks for an event of the function's log until there is one: what a runtime prints arrives soon, not at once.
func awaitLog(t *testing.T, client *cloudwatchlogs.Client, pattern string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for found := 0; found == 0; {
		logged, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/forward"), FilterPattern: &pattern,
		})
		if err != nil {
			t.Fatalf("wait for %s in the log: %s", pattern, err)
		}
		found = len(logged.Events)
	}
}

// deploy makes a program of testdata a function of the same name and waits until it is active.
func deploy(t *testing.T, server *localaws.Server, program, role string, environment map[string]string) {
	t.Helper()
	client := lambda.NewFromConfig(server.Config())
	_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &program,
		PackageType:  types.PackageTypeImage,
		Code:         &types.FunctionCode{ImageUri: aws.String(push(t, server, program))},
		Role:         &role,
		Timeout:      aws.Int32(20),
		Environment:  &types.Environment{Variables: environment},
	})
	if err != nil {
		t.Fatal(err)
	}
	waiter := lambda.NewFunctionActiveV2Waiter(client, func(o *lambda.FunctionActiveV2WaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: &program}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

func createQueue(t *testing.T, client *sqs.Client, name string) (url string) {
	t.Helper()
	created, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *created.QueueUrl
}

// consumeAndSend are the statements that let a function be fed from the queue "in" and send to "out".
const consumeAndSend = `{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],` +
	`"Resource":"arn:aws:sqs:us-east-1:000000000000:in"},` +
	`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:out"}`

// createRole makes a role that Lambda may assume. Without statements it may do nothing.
func createRole(t *testing.T, client *iam.Client, name, statements string) (arn string) {
	t.Helper()
	created, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name,
		AssumeRolePolicyDocument: aws.String(
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if statements != "" {
		allow(t, client, name, statements)
	}
	return *created.Role.Arn
}

// allow makes statements all that a role may do.
func allow(t *testing.T, client *iam.Client, role, statements string) {
	t.Helper()
	_, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("all"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// push builds a program of testdata, pushes it as an image and returns its URI.
func push(t *testing.T, server *localaws.Server, program string) string {
	t.Helper()
	repository, err := ecr.NewFromConfig(server.Config()).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String("team/" + program),
	})
	if err != nil {
		t.Fatal(err)
	}
	uri := *repository.Repository.RepositoryUri + ":v1"
	reference, err := name.ParseReference(uri)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, programLayer(t, "./testdata/"+program))
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.Config(image, v1.Config{Entrypoint: []string{"/app"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(reference, image, remote.WithAuth(&authn.Basic{Username: "AWS", Password: "any"})); err != nil {
		t.Fatal(err)
	}
	return uri
}

// programLayer builds a Go program as /app of a layer.
func programLayer(t *testing.T, source string) v1.Layer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, output)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "app", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}
