package sdk

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// clients makes what an app calls AWS with, on first use, so that a cold start pays for nothing that it does not need.
type clients struct {
	mu          sync.Mutex
	config      *aws.Config
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
		c.config = &loaded
	}
	return *c.config, nil
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
