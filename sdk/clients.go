package sdk

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// clients makes what an app calls AWS with, on first use, so that a cold start pays for nothing that it does not need.
type clients struct {
	mu          sync.Mutex
	config      *aws.Config
	http        *http.Client // of all clients
	environment *environ.Environment
}

// loadConfig loads the AWS configuration once. A failure is not kept: the next caller tries again.
func (c *clients) loadConfig(ctx context.Context) (aws.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
	shared := &http.Client{
		Transport: buildable.GetTransport(), Timeout: buildable.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	loaded.HTTPClient = shared
	return shared
}

// CloseIdleConnections closes those that the AWS clients do not use at the moment.
func (c *clients) CloseIdleConnections() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}

// reach returns what to reach queues with: what ctx carries, or else what the environment variables say.
func (c *clients) reach(ctx context.Context) (*environ.Environment, error) {
	if given := environ.FromContext(ctx); given != nil {
		return given, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
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
