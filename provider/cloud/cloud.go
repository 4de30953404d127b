// Package cloud finds, creates, updates, deletes and waits for what the provider manages in AWS, one file per service. It returns
// errors and knows no Terraform.
package cloud

import (
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

	"github.com/lambda-land/terraform-provider-handler/provider/once"
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

	account      once.Answer[string]
	limits       once.Answer[ConcurrencyLimits]
	secretChecks once.Answers[struct{}] // by ARN
	secretKeys   once.Answers[string]   // likewise
	repositories once.Answers[string]   // URLs of those that were made if missing, by name
	logins       logins
	queueNames   queueNames
	queueURLs    sync.Map // ARN -> URL of queues seen, which spares a call for each function that uses them
	seenQueues   sync.Map // ARN -> attributes of queues seen, likewise
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
	}
}

// ARN returns the ARN of something in this region.
func (c *Cloud) ARN(service, account, resource string) string {
	return arn.ARN{Partition: c.Partition, Service: service, Region: c.Region, AccountID: account, Resource: resource}.String()
}

// optional returns nil for an empty text, which AWS would take for a value.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
