package cloud

import (
	"context"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// UpdateConfiguration gives a function everything of f but its image and its reserved concurrency, and waits until new runtimes
// have it. Runtimes that are warm are thrown away by it.
func (c *Cloud) UpdateConfiguration(ctx context.Context, f Function) (*Function, error) {
	var variables map[string]string
	_, err := retry(ctx, func() (_ *lambda.UpdateFunctionConfigurationOutput, err error) {
		var revision *string
		variables, revision, err = c.environment(ctx, f)
		if err != nil {
			return nil, err
		}
		return c.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName:     &f.Name,
			RevisionId:       revision,
			Role:             &f.RoleARN,
			MemorySize:       &f.MemorySize,
			Timeout:          &f.Timeout,
			Environment:      &types.Environment{Variables: variables},
			EphemeralStorage: &types.EphemeralStorage{Size: &f.EphemeralStorage},
			KMSKeyArn:        &f.KMSKeyARN,
			LoggingConfig:    f.logging(),
			TracingConfig:    f.tracing(),
			VpcConfig:        f.VPC.config(),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("update configuration of function %s: %w", f.Name, f.redact(err, variables))
	}
	return c.waitUpdated(ctx, f.Name)
}

// environment returns what the function's environment is to be: that of f or, if f is merged, what is there, changed by f. Then it is only
// right for the revision that was read; Lambda refuses it for another.
func (c *Cloud) environment(ctx context.Context, f Function) (variables map[string]string, revision *string, err error) {
	if !f.Merge {
		return f.Environment, nil, nil
	}
	found, err := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.Name})
	if err != nil {
		return nil, nil, err
	}
	variables = map[string]string{}
	if found.Environment != nil {
		if hidden := found.Environment.Error; hidden != nil {
			return nil, nil, fmt.Errorf("keep the variables of others, which AWS does not show (%s): let the policy of the function's KMS key allow "+
				"these credentials kms:Decrypt", aws.ToString(hidden.ErrorCode))
		}
		maps.Copy(variables, found.Environment.Variables)
	}
	for _, name := range f.Drop {
		delete(variables, name)
	}
	maps.Copy(variables, f.Environment)
	return variables, found.RevisionId, nil
}

// UpdateCode gives a function the image and the architecture of f, and waits until new runtimes have it.
func (c *Cloud) UpdateCode(ctx context.Context, f Function) (*Function, error) {
	_, err := retry(ctx, func() (*lambda.UpdateFunctionCodeOutput, error) {
		return c.lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
			FunctionName:  &f.Name,
			ImageUri:      &f.ImageURI,
			Architectures: []types.Architecture{types.Architecture(f.Architecture)},
		})
	})
	if err != nil {
		return nil, fmt.Errorf("update image of function %s to %s: %w", f.Name, f.ImageURI, err)
	}
	return c.waitUpdated(ctx, f.Name)
}

func (c *Cloud) waitUpdated(ctx context.Context, name string) (*Function, error) {
	waiter := lambda.NewFunctionUpdatedV2Waiter(c.lambda, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = firstDelay, maxDelay
	})
	output, err := waiter.WaitForOutput(ctx, &lambda.GetFunctionInput{FunctionName: &name}, remaining(ctx))
	if err != nil {
		return nil, c.explain(ctx, name, fmt.Errorf("wait for the update of function %s: %w", name, err))
	}
	return c.function(output), nil
}

// DetachFunction takes a function out of its VPC and waits until it is: its network interfaces then go within minutes, and with the function
// they would keep its security groups from being deleted for up to 40.
func (c *Cloud) DetachFunction(ctx context.Context, name string) error {
	_, err := retry(ctx, func() (*lambda.UpdateFunctionConfigurationOutput, error) {
		return c.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, VpcConfig: VPC{}.config()})
	})
	if hasCode(err, "ResourceNotFoundException") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take function %s out of its VPC: %w", name, err)
	}
	_, err = c.waitUpdated(ctx, name)
	return err
}
