package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// leftovers lists everything but logs.
func (c *cloud) leftovers(ctx context.Context) ([]string, error) {
	var left []string
	kinds := []struct {
		name string
		list func(context.Context) ([]string, error)
	}{
		{"queue", c.queues}, {"function", c.functions}, {"mapping", c.mappings},
		{"role", c.roles}, {"repository", c.repositories}, {"secret", c.secretNames},
	}
	for _, kind := range kinds {
		names, err := kind.list(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing what is left, kind %s: %w", kind.name, err)
		}
		for _, name := range names {
			left = append(left, kind.name+" "+name)
		}
	}
	return left, nil
}

func (c *cloud) queues(ctx context.Context) ([]string, error) {
	out, err := c.sqs.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	return out.QueueUrls, nil
}

func (c *cloud) functions(ctx context.Context) ([]string, error) {
	out, err := c.lambda.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, function := range out.Functions {
		names = append(names, aws.ToString(function.FunctionName))
	}
	return names, nil
}

func (c *cloud) mappings(ctx context.Context) ([]string, error) {
	out, err := c.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, mapping := range out.EventSourceMappings {
		names = append(names, aws.ToString(mapping.UUID))
	}
	return names, nil
}

func (c *cloud) roles(ctx context.Context) ([]string, error) {
	out, err := c.iam.ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, role := range out.Roles {
		names = append(names, aws.ToString(role.RoleName))
	}
	return names, nil
}

func (c *cloud) repositories(ctx context.Context) ([]string, error) {
	out, err := c.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, repository := range out.Repositories {
		names = append(names, aws.ToString(repository.RepositoryName))
	}
	return names, nil
}

func (c *cloud) secretNames(ctx context.Context) ([]string, error) {
	out, err := c.secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, secret := range out.SecretList {
		names = append(names, aws.ToString(secret.Name))
	}
	return names, nil
}
