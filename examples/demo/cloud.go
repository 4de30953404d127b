package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// region is where the demo's AWS is.
const region = "us-east-1"

// cloudEnv is the environment that makes programs use the AWS behind endpoint.
func cloudEnv(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region, // for version 1 of the AWS CLI
		"AWS_ACCESS_KEY_ID=demo",
		"AWS_SECRET_ACCESS_KEY=demo",
	}
}

// cloud is AWS as its clients see it.
type cloud struct {
	ecr     *ecr.Client
	iam     *iam.Client
	lambda  *lambda.Client
	logs    *cloudwatchlogs.Client
	secrets *secretsmanager.Client
	sqs     *sqs.Client
}

// newCloud makes the clients of the AWS behind endpoint. Nothing of the user's AWS settings has a part in it.
func newCloud(endpoint string) *cloud {
	settings := aws.Config{
		Region:       region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("demo", "demo", ""),
		HTTPClient:   &http.Client{Transport: plainBodies{}},
	}
	return &cloud{
		ecr:     ecr.NewFromConfig(settings),
		iam:     iam.NewFromConfig(settings),
		lambda:  lambda.NewFromConfig(settings),
		logs:    cloudwatchlogs.NewFromConfig(settings),
		secrets: secretsmanager.NewFromConfig(settings),
		sqs:     sqs.NewFromConfig(settings),
	}
}

// plainBodies sends requests without showing net/http that their bodies are io.WriterTos. smithy-go v1.28.9 closes a body once
// the answer has begun to arrive, and its WriteTo then fails with io.EOF. Where a server is as fast as one on the same machine,
// net/http may still be looking for more of the body at that time; it closes the connection, and the answer is cut.
type plainBodies struct{}

func (plainBodies) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		request = request.Clone(request.Context())
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return http.DefaultTransport.RoundTrip(request)
}

func (c *cloud) createSecret(ctx context.Context, name, value string) (arn string, err error) {
	out, err := c.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		return "", fmt.Errorf("creating secret %s: %w", name, err)
	}
	return aws.ToString(out.ARN), nil
}

func (c *cloud) deleteSecret(ctx context.Context, arn string) error {
	input := &secretsmanager.DeleteSecretInput{SecretId: &arn, ForceDeleteWithoutRecovery: aws.Bool(true)}
	if _, err := c.secrets.DeleteSecret(ctx, input); err != nil {
		return fmt.Errorf("deleting secret %s: %w", arn, err)
	}
	return nil
}

// depth returns how many messages a queue holds: visible, being handled, and delayed.
func (c *cloud) depth(ctx context.Context, queueURL string) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := c.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("counting the messages of %s: %w", queueURL, err)
	}
	total := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("counting the messages of %s: attribute %s: %w", queueURL, name, err)
		}
		total += n
	}
	return total, nil
}

// redrive moves all messages of a dead-letter queue to a queue and waits until they are there. The queue is named, as SQS knows
// the way back only of messages that it has dead-lettered itself.
func (c *cloud) redrive(ctx context.Context, deadLetterURL, queueURL string) error {
	source, err := c.queueARN(ctx, deadLetterURL)
	if err != nil {
		return err
	}
	destination, err := c.queueARN(ctx, queueURL)
	if err != nil {
		return err
	}
	input := &sqs.StartMessageMoveTaskInput{SourceArn: &source, DestinationArn: &destination}
	if _, err := c.sqs.StartMessageMoveTask(ctx, input); err != nil {
		return fmt.Errorf("moving the messages of %s to %s: %w", source, destination, err)
	}
	return poll(ctx, 50*time.Millisecond, func() (bool, error) {
		depth, err := c.depth(ctx, deadLetterURL)
		return depth == 0, err
	})
}

func (c *cloud) queueARN(ctx context.Context, queueURL string) (string, error) {
	name := types.QueueAttributeNameQueueArn
	out, err := c.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{name},
	})
	if err != nil {
		return "", fmt.Errorf("finding the ARN of %s: %w", queueURL, err)
	}
	return out.Attributes[string(name)], nil
}

// deployment is what a function is made of at the moment.
type deployment struct {
	modified time.Time // when its configuration or code last changed, to the millisecond
	reset    string    // its HANDLER_RESET
}

func (c *cloud) deployment(ctx context.Context, function string) (deployment, error) {
	out, err := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return deployment{}, fmt.Errorf("looking at function %s: %w", function, err)
	}
	modified, err := time.Parse("2006-01-02T15:04:05.000-0700", aws.ToString(out.LastModified))
	if err != nil {
		return deployment{}, fmt.Errorf("looking at function %s: LastModified: %w", function, err)
	}
	d := deployment{modified: modified}
	if out.Environment != nil {
		d.reset = out.Environment.Variables["HANDLER_RESET"]
	}
	return d, nil
}
