package sdk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// AWSConfig returns the configuration that the app itself calls AWS with, for further clients. It is loaded once, and idle connections of all
// clients are closed when the runtime wakes from a freeze (see [OnThaw]). The context must be one that the app gave out.
func AWSConfig(ctx context.Context) (aws.Config, error) {
	app := scopeFrom(ctx).app
	if app == nil {
		return aws.Config{}, errors.New("load the AWS configuration: the context must be derived from that given to a handler function, server or command")
	}
	return app.aws.loadConfig(ctx)
}

// clients makes what an app calls AWS with, on first use, so that a cold start pays for nothing that it does not need.
type clients struct {
	lock        lock
	config      *aws.Config
	http        *http.Client // of all clients
	environment *environ.Environment
}

// loadConfig loads the AWS configuration once. A failure is not kept: the next caller tries again.
func (c *clients) loadConfig(ctx context.Context) (aws.Config, error) {
	if err := c.lock.acquire(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	defer c.lock.release()
	return c.loadConfigLocked(ctx)
}

func (c *clients) loadConfigLocked(ctx context.Context) (aws.Config, error) {
	if c.config == nil {
		loaded, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
		}
		c.http = freezable(&loaded)
		c.config = &loaded
	}
	return *c.config, nil
}

// freezable replaces the HTTP client of a configuration, of which each AWS client would make a copy for itself, by one that they share and whose
// idle connections can be closed, as those behind the AWS SDK's own wrapping of a transport cannot. It has what the configuration asks for, such
// as certificates of one's own. Redirects, which neither SQS nor Secrets Manager make, are not followed.
func freezable(loaded *aws.Config) *http.Client {
	buildable, ok := loaded.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	transport := buildable.GetTransport()
	transport.MaxIdleConnsPerHost = max(transport.MaxIdleConnsPerHost, postponeCalls)
	shared := &http.Client{
		Transport: transport, Timeout: buildable.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	loaded.HTTPClient = shared
	return shared
}

// closeIdleConnections closes those that the AWS clients do not use at the moment.
func (c *clients) closeIdleConnections(ctx context.Context) {
	if c.lock.acquire(ctx) != nil {
		return
	}
	defer c.lock.release()
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}

// reach returns what to reach queues with: what ctx carries, or else what the environment variables say.
func (c *clients) reach(ctx context.Context) (*environ.Environment, error) {
	if given := environ.FromContext(ctx); given != nil {
		return given, nil
	}
	if err := c.lock.acquire(ctx); err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	defer c.lock.release()
	if c.environment == nil {
		queues, err := environ.ParseQueues(os.Getenv("HANDLER_QUEUES"))
		if err != nil {
			return nil, err
		}
		loaded, err := c.loadConfigLocked(ctx)
		if err != nil {
			return nil, err
		}
		c.environment = &environ.Environment{SQS: sqs.NewFromConfig(loaded), QueueURL: queues.URL}
	}
	return c.environment, nil
}

// errorCode is AWS's code of an error, "" for an error that is not from AWS.
func errorCode(err error) string {
	if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
		return apiErr.ErrorCode()
	}
	return ""
}
