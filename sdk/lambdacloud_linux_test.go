package sdk_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// deployCareless makes a function of the handler "h" of [careless] with a timeout of so many seconds, which consumes the queue "in" with its
// visibility timeout, in batches of the size. The queue has the messages already. What is received three times goes to "dead".
func (c *cloud) deployCareless(t *testing.T, timeout, visibility, batchSize int32, orders map[string]string) (in, dead string) {
	t.Helper()
	dead, deadARN := c.queue(t, "dead", nil)
	in, arn := c.queue(t, "in", map[string]string{
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":3}`, deadARN),
		"VisibilityTimeout": strconv.Itoa(int(visibility)),
	})
	c.sendAll(t, in, orders)
	client, function := lambda.NewFromConfig(c.Config()), aws.String("careless")
	_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: function, PackageType: lambdatypes.PackageTypeImage, Timeout: &timeout, Role: aws.String(c.allowedAll(t)),
		Code: &lambdatypes.FunctionCode{ImageUri: aws.String(c.pushThisBinary(t))},
		Environment: &lambdatypes.Environment{Variables: map[string]string{
			"SDK_TEST_APP": "careless", "HANDLER": "h", "GOCOVERDIR": t.TempDir(),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	waiter := lambda.NewFunctionActiveV2Waiter(client, func(o *lambda.FunctionActiveV2WaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: function}, time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateEventSourceMapping(t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName: function, EventSourceArn: &arn, BatchSize: &batchSize, Enabled: aws.Bool(true),
		FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
	})
	if err != nil {
		t.Fatal(err)
	}
	return in, dead
}

// allowedAll makes a role that Lambda may assume and that may do everything.
func (c *cloud) allowedAll(t *testing.T) (arn string) {
	t.Helper()
	client, role := iam.NewFromConfig(c.Config()), aws.String("all")
	created, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: aws.String(
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: role, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Role.Arn
}

// pushThisBinary pushes an image whose program runs this test binary, and returns its URI. localaws runs images without isolating them.
func (c *cloud) pushThisBinary(t *testing.T) (uri string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Appendf(nil, "#!/bin/sh\nexec '%s'\n", binary)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "app", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(script))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(script); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if image, err = mutate.Config(image, v1.Config{Entrypoint: []string{"/app"}}); err != nil {
		t.Fatal(err)
	}
	created, err := ecr.NewFromConfig(c.Config()).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("careless")})
	if err != nil {
		t.Fatal(err)
	}
	uri = *created.Repository.RepositoryUri + ":v1"
	reference, err := name.ParseReference(uri)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(reference, image, remote.WithAuth(&authn.Basic{Username: "AWS", Password: "any"})); err != nil {
		t.Fatal(err)
	}
	return uri
}

// logged counts the events of the function's log with the text.
func (c *cloud) logged(t *testing.T, text string) (n int) {
	t.Helper()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(c.Config()), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/aws/lambda/careless"), FilterPattern: aws.String(strconv.Quote(text)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Events)
	}
	return n
}

// runtimes is how many processes the function has had.
func (c *cloud) runtimes(t *testing.T) int {
	t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(c.Config()).DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: aws.String("/aws/lambda/careless"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.LogStreams)
}

// sendAll sends a message for [careless] for each ID with what to do.
func (c *cloud) sendAll(t *testing.T, url string, orders map[string]string) {
	t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: &url}
	for _, id := range slices.Sorted(maps.Keys(orders)) {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: orderFor(id, orders[id])})
	}
	if out, err := c.sqs.SendMessageBatch(t.Context(), in); err != nil || len(out.Failed) > 0 {
		t.Fatalf("%v, %v", out, err)
	}
}

// TestExitUnderLambda: what ends its process comes again until the dead-letter queue has it, and takes nothing with it.
func TestExitUnderLambda(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	in, dead := c.deployCareless(t, 2, 3, 1, map[string]string{"bad": "exit 3", "one": "", "two": "", "three": ""})
	await(t, "all messages to be settled", func() bool { return c.count(t, in) == 0 })
	messages := c.receive(t, dead, 1)
	if len(messages) != 1 || *messages[0].Body != *orderFor("bad", "exit 3") {
		t.Errorf("got %d messages in the dead-letter queue, want that which ends the process", len(messages))
	}
	for text, want := range map[string]int{`"one" ends`: 1, `"two" ends`: 1, `"three" ends`: 1, `"bad" begins`: 2} {
		if got := c.logged(t, text); got < want { // more if a process took as long to start as messages are hidden
			t.Errorf("got %d lines with %s, want %d", got, text, want)
		}
	}
}

// TestCarelessBatchUnderLambda: a message that fails must not cost the others of its batch, nor the process, whether it crashes or hangs.
func TestCarelessBatchUnderLambda(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"never", "nil-pointer"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t)
			orders := map[string]string{"bad": verb, "one": "", "two": "permanent", "three": "until-the-end"}
			in, dead := c.deployCareless(t, 3, 30, 10, orders)
			if messages := c.receive(t, dead, 20); len(messages) != 1 || *messages[0].Body != *orderFor("two", "permanent") {
				t.Errorf("got %d messages in the dead-letter queue, want that which failed permanently", len(messages))
			}
			await(t, "the batch to be settled", func() bool { return c.count(t, in) == 1 })
			await(t, "the message to come again", func() bool { return c.logged(t, `"bad" begins`) == 2 })
			for text, want := range map[string]int{`"one" ends`: 1, `"three" ends true`: 1, "timed out": 0, "Runtime exited": 0} {
				if got := c.logged(t, text); got != want {
					t.Errorf("got %d lines with %s, want %d", got, text, want)
				}
			}
			if n := c.runtimes(t); n != 1 {
				t.Errorf("got %d runtimes, want 1", n)
			}
		})
	}
}
