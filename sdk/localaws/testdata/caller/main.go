// Command caller is a function that calls AWS as its event says, and answers with what it got, or with "CODE: message" of the error.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type request struct {
	Do    string
	Name  string
	Names []string
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, in request) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", err
	}
	answer, err := call(ctx, cfg, in)
	if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
		return apiErr.ErrorCode() + ": " + apiErr.ErrorMessage(), nil
	}
	return answer, err
}

func call(ctx context.Context, cfg aws.Config, in request) (answer string, err error) {
	queues, secrets := sqs.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
	switch answer = "done"; in.Do {
	case "send":
		_, err = queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &in.Name, MessageBody: aws.String("m")})
	case "send batch":
		_, err = queues.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
			QueueUrl: &in.Name, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("a"), MessageBody: aws.String("m")}},
		})
	case "list queues":
		_, err = queues.ListQueues(ctx, &sqs.ListQueuesInput{})
	case "secret":
		var value *secretsmanager.GetSecretValueOutput
		if value, err = secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &in.Name}); err == nil {
			answer = *value.SecretString
		}
	case "describe secret":
		_, err = secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &in.Name})
	case "secrets":
		return batch(ctx, secrets, in.Names)
	case "log":
		_, err = cloudwatchlogs.NewFromConfig(cfg).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &in.Name})
	case "function":
		_, err = awslambda.NewFromConfig(cfg).GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: &in.Name})
	case "repository":
		_, err = ecr.NewFromConfig(cfg).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{in.Name}})
	case "role":
		_, err = iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &in.Name})
	case "session":
		_, err = sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &in.Name, RoleSessionName: aws.String("caller")})
	case "who":
		var identity *sts.GetCallerIdentityOutput
		if identity, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			answer = *identity.Arn
		}
	default:
		return "", fmt.Errorf("unknown request %q", in.Do)
	}
	return answer, err
}

// batch lists the values and then the errors of secrets.
func batch(ctx context.Context, client *secretsmanager.Client, names []string) (string, error) {
	out, err := client.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: names})
	if err != nil {
		return "", err
	}
	var all []string
	for _, value := range out.SecretValues {
		all = append(all, *value.Name+"="+*value.SecretString)
	}
	for _, failure := range out.Errors {
		all = append(all, *failure.ErrorCode+": "+*failure.Message)
	}
	return strings.Join(all, "; "), nil
}
