// Package cloud finds, creates, updates, deletes and waits for what the provider manages in AWS, one file per service. It returns
// errors and knows no Terraform.
package cloud

import (
	"cmp"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
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

	ecr       *ecr.Client
	iam       *iam.Client
	lambda    *lambda.Client
	logs      *cloudwatchlogs.Client
	scheduler *scheduler.Client
	secrets   *secretsmanager.Client
	sqs       *sqs.Client
	sts       *sts.Client

	account      once.Answer[string]
	limits       once.Answer[ConcurrencyLimits]
	secretNames  once.Answers[SecretVariables] // by ARN
	secretKeys   once.Answers[string]          // likewise
	repositories once.Answers[string]          // URLs of those that were made if missing, by name
	logins       logins
	queueNames   queueNames
	claims       claims
	lists        lists
	queueURLs    sync.Map // ARN -> URL of queues seen, which spares a call for each function that uses them
	seenQueues   sync.Map // ARN -> attributes of queues seen, likewise
}

// Endpoints are URLs of services that are not where config says; those of the others are empty.
type Endpoints struct {
	ECR, IAM, Lambda, Logs, Scheduler, SecretsManager, SQS, STS string
	// STSRegion is the region whose STS is called, such as us-east-1; empty for that of config.
	STSRegion string
}

// New returns the region that config names. It makes no call.
func New(config aws.Config) *Cloud { return NewAt(config, Endpoints{}) }

// NewAt is [New] with some services elsewhere.
func NewAt(config aws.Config, places Endpoints) *Cloud {
	partition := "aws"
	if found, ok := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), config.Region); ok {
		partition = found.ID()
	}
	c := new(Cloud)
	config.APIOptions = append(slices.Clip(config.APIOptions), c.tellDenials)
	*c = Cloud{
		Region:    config.Region,
		Partition: partition,
		ecr:       ecr.NewFromConfig(at(config, places.ECR)),
		iam:       iam.NewFromConfig(at(config, places.IAM)),
		lambda:    lambda.NewFromConfig(at(config, places.Lambda)),
		logs:      cloudwatchlogs.NewFromConfig(at(config, places.Logs)),
		scheduler: scheduler.NewFromConfig(at(config, places.Scheduler)),
		secrets:   secretsmanager.NewFromConfig(at(config, places.SecretsManager)),
		sqs:       sqs.NewFromConfig(at(config, places.SQS)),
		sts: sts.NewFromConfig(at(config, places.STS), func(options *sts.Options) {
			options.Region = cmp.Or(places.STSRegion, options.Region)
		}),
	}
	return c
}

// at returns config with the service at a URL, unless that is empty. What environment and files say about endpoints does not count then,
// FIPS and dual-stack ones included.
func at(config aws.Config, endpoint string) aws.Config {
	if endpoint != "" {
		config.BaseEndpoint, config.ConfigSources = &endpoint, nil
	}
	return config
}

// ARN returns the ARN of something in this region.
func (c *Cloud) ARN(service, account, resource string) string {
	return arn.ARN{Partition: c.Partition, Service: service, Region: c.Region, AccountID: account, Resource: resource}.String()
}

// textOrNil returns nil for an empty text, which AWS would take for a value.
func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
