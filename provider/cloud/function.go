package cloud

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Function is a Lambda function that runs an image.
type Function struct {
	Name         string
	ARN          string // set by AWS
	ImageURI     string
	ImageDigest  string // set by AWS: what ImageURI stood for when the function was last updated
	Architecture string // x86_64 or arm64
	RoleARN      string
	MemorySize   int32 // MB
	Timeout      int32 // seconds
	Environment  map[string]string
	LogGroup     string
	LogFormat    string // Text or JSON
	LogLevel     string // only with JSON
	Tags         map[string]string
	Reserved     *int32 // reserved concurrency; nil for none
}

// CreateFunction makes a function and waits until it can be invoked. Reserved concurrency is not set. The error is an [ExistsError] if
// there is a function of this name. A failure with a function returned is one of a function that was, or may have been, made.
func (c *Cloud) CreateFunction(ctx context.Context, f Function) (*Function, error) {
	_, err := retry(ctx, func() (*lambda.CreateFunctionOutput, error) {
		return c.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName:  &f.Name,
			PackageType:   types.PackageTypeImage,
			Code:          &types.FunctionCode{ImageUri: &f.ImageURI},
			Role:          &f.RoleARN,
			Architectures: []types.Architecture{types.Architecture(f.Architecture)},
			MemorySize:    &f.MemorySize,
			Timeout:       &f.Timeout,
			Environment:   &types.Environment{Variables: f.Environment},
			LoggingConfig: f.logging(),
			Tags:          f.Tags,
		})
	})
	switch {
	case hasCode(err, "ResourceConflictException"):
		return nil, &ExistsError{Object: "a function named " + f.Name}
	case err != nil && isRefused(err):
		return nil, fmt.Errorf("create function %s: %w", f.Name, redact(err))
	case err != nil:
		return &f, fmt.Errorf("create function %s: %w", f.Name, redact(err))
	}
	waiter := lambda.NewFunctionActiveV2Waiter(c.lambda, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = firstDelay, maxDelay
	})
	output, err := waiter.WaitForOutput(ctx, &lambda.GetFunctionInput{FunctionName: &f.Name}, remaining(ctx))
	if err != nil {
		return &f, fmt.Errorf("wait for function %s to become active: %w", f.Name, c.explain(ctx, f.Name, err))
	}
	return c.function(output), nil
}

// FindFunction returns a function, or a [NotFoundError].
func (c *Cloud) FindFunction(ctx context.Context, name string) (*Function, error) {
	output, err := c.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if hasCode(err, "ResourceNotFoundException") {
		return nil, &NotFoundError{Object: "function " + name}
	}
	if err != nil {
		return nil, fmt.Errorf("read function %s: %w", name, err)
	}
	return c.function(output), nil
}

// UpdateConfiguration gives a function everything of f but its image and its reserved concurrency, and waits until new runtimes
// have it. Runtimes that are warm are thrown away by it.
func (c *Cloud) UpdateConfiguration(ctx context.Context, f Function) (*Function, error) {
	_, err := retry(ctx, func() (*lambda.UpdateFunctionConfigurationOutput, error) {
		return c.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName:  &f.Name,
			Role:          &f.RoleARN,
			MemorySize:    &f.MemorySize,
			Timeout:       &f.Timeout,
			Environment:   &types.Environment{Variables: f.Environment},
			LoggingConfig: f.logging(),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("update configuration of function %s: %w", f.Name, redact(err))
	}
	return c.waitUpdated(ctx, f.Name)
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
		return nil, fmt.Errorf("wait for the update of function %s: %w", name, c.explain(ctx, name, err))
	}
	return c.function(output), nil
}

// DeleteFunction deletes a function, but not the mappings that invoke it. That it does not exist is fine.
func (c *Cloud) DeleteFunction(ctx context.Context, name string) error {
	_, err := retry(ctx, func() (*lambda.DeleteFunctionOutput, error) {
		return c.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name})
	})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return fmt.Errorf("delete function %s: %w", name, err)
	}
	return nil
}

// TagFunction turns the tags old of a function into the tags want.
func (c *Cloud) TagFunction(ctx context.Context, functionARN string, old, want map[string]string) error {
	set, removed := tagChanges(old, want)
	if len(removed) > 0 {
		if _, err := c.lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &functionARN, TagKeys: removed}); err != nil {
			return fmt.Errorf("remove tags of function %s: %w", functionARN, err)
		}
	}
	if len(set) > 0 {
		if _, err := c.lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: &functionARN, Tags: set}); err != nil {
			return fmt.Errorf("set tags of function %s: %w", functionARN, err)
		}
	}
	return nil
}

// logging returns the function's logging configuration. Levels exist for JSON only.
func (f Function) logging() *types.LoggingConfig {
	config := &types.LoggingConfig{LogGroup: &f.LogGroup, LogFormat: types.LogFormat(f.LogFormat)}
	if config.LogFormat == types.LogFormatJson {
		config.ApplicationLogLevel = types.ApplicationLogLevel(f.LogLevel)
	}
	return config
}

func (c *Cloud) function(output *lambda.GetFunctionOutput) *Function {
	config := output.Configuration
	f := &Function{
		Name:         aws.ToString(config.FunctionName),
		ARN:          aws.ToString(config.FunctionArn),
		RoleARN:      aws.ToString(config.Role),
		MemorySize:   aws.ToInt32(config.MemorySize),
		Timeout:      aws.ToInt32(config.Timeout),
		Tags:         output.Tags,
		Architecture: string(types.ArchitectureX8664),
		LogGroup:     "/aws/lambda/" + aws.ToString(config.FunctionName),
		LogFormat:    string(types.LogFormatText),
	}
	if len(config.Architectures) > 0 {
		f.Architecture = string(config.Architectures[0])
	}
	if config.Environment != nil {
		f.Environment = config.Environment.Variables
	}
	if logging := config.LoggingConfig; logging != nil {
		f.LogFormat, f.LogLevel = string(logging.LogFormat), string(logging.ApplicationLogLevel)
		if logging.LogGroup != nil {
			f.LogGroup = *logging.LogGroup
		}
	}
	if code := output.Code; code != nil {
		f.ImageURI = aws.ToString(code.ImageUri)
		var byDigest bool
		if _, f.ImageDigest, byDigest = strings.Cut(f.ImageURI, "@"); !byDigest {
			_, f.ImageDigest, _ = strings.Cut(aws.ToString(code.ResolvedImageUri), "@")
		}
	}
	if output.Concurrency != nil {
		f.Reserved = output.Concurrency.ReservedConcurrentExecutions
	}
	return f
}

// explain adds to the waiter's error why AWS says that the function failed.
func (c *Cloud) explain(ctx context.Context, name string, err error) error {
	output, findErr := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	switch {
	case findErr != nil:
		return err
	case output.State == types.StateFailed:
		return fmt.Errorf("%w: %s: %s", err, output.StateReasonCode, aws.ToString(output.StateReason))
	case output.LastUpdateStatus == types.LastUpdateStatusFailed:
		return fmt.Errorf("%w: %s: %s", err, output.LastUpdateStatusReasonCode, aws.ToString(output.LastUpdateStatusReason))
	default:
		return err
	}
}

// redact keeps environment values, which Lambda repeats in its answer to an environment that is too large, out of the error.
func redact(err error) error {
	const measured = "String measured:"
	if before, _, ok := strings.Cut(err.Error(), measured); ok {
		return fmt.Errorf("%s(the environment's values are left out here)", before)
	}
	return err
}

// remaining returns the time until ctx ends, as the SDK's waiters want it. Without a deadline it is what Lambda may take at most.
func remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(time.Until(deadline), time.Second)
	}
	return 10 * time.Minute
}
