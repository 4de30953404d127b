// Package cloud finds, creates, updates, deletes and waits for what the provider manages in AWS, one file per service. It returns
// errors and knows no Terraform.
package cloud

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/hashicorp/aws-sdk-go-base/v2/endpoints"
)

// Cloud is one region of one AWS account. It is safe for concurrent use.
type Cloud struct {
	// Region is the region that everything is in, such as eu-west-1.
	Region string
	// Partition is the first part of this region's ARNs, such as aws or aws-cn.
	Partition string

	ecr     *ecr.Client
	iam     *iam.Client
	lambda  *lambda.Client
	logs    *cloudwatchlogs.Client
	secrets *secretsmanager.Client
	sqs     *sqs.Client
	sts     *sts.Client

	account remembered[string]
	limits  remembered[ConcurrencyLimits]

	mu           sync.Mutex
	secretChecks map[string]*remembered[struct{}] // by ARN
	logins       map[string]*regionLogin          // by region
	repositories map[string]*remembered[string]   // URLs of those that were made if missing, by name
	queueURLs    sync.Map                         // ARN -> URL of queues seen, which spares a call for each function that uses them
}

// New returns the region that config names. It makes no call.
func New(config aws.Config) *Cloud {
	partition := "aws"
	if found, ok := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), config.Region); ok {
		partition = found.ID()
	}
	return &Cloud{
		Region:    config.Region,
		Partition: partition,
		ecr:       ecr.NewFromConfig(config),
		iam:       iam.NewFromConfig(config),
		lambda:    lambda.NewFromConfig(config),
		logs:      cloudwatchlogs.NewFromConfig(config),
		secrets:   secretsmanager.NewFromConfig(config),
		sqs:       sqs.NewFromConfig(config),
		sts:       sts.NewFromConfig(config),

		secretChecks: map[string]*remembered[struct{}]{},
		logins:       map[string]*regionLogin{},
		repositories: map[string]*remembered[string]{},
	}
}

// remembered is an answer that is asked for once, when it is first needed. A refusal is an answer, too; that the one who asked went
// away is none.
type remembered[T any] struct {
	mu    sync.Mutex
	known bool
	value T
	err   error
}

func (r *remembered[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.value, r.err = ask(ctx)
		r.known = ctx.Err() == nil
	}
	return r.value, r.err
}

// arn returns the ARN of something in this region.
func (c *Cloud) arn(service, account, resource string) string {
	return arn.ARN{Partition: c.Partition, Service: service, Region: c.Region, AccountID: account, Resource: resource}.String()
}
