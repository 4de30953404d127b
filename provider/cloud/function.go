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

// updateMoment is how long most updates of functions take at most. What takes longer is reported as it is.
const updateMoment = 5 * time.Second

// DefaultEphemeralStorage is the size of /tmp that Lambda gives functions that ask for none, in MB.
const DefaultEphemeralStorage = 512

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
	Updating     bool   // set by AWS: whether its last update goes on, so that it may not run yet what AWS says
	Failed       bool   // set by AWS: whether its last update failed, so that it does not run what AWS says

	// Hidden is set by AWS: that the credentials may not decrypt the environment, which is not known then.
	Hidden           bool
	EphemeralStorage int32  // MB of /tmp
	KMSKeyARN        string // of the key that encrypts the environment; empty for Lambda's own
	Tracing          bool   // whether Lambda traces invocations that their caller does not
	VPC              VPC
	Version          string // set by AWS
	// Merge says that other variables than those of Environment belong to somebody else and stay; but those of Drop are not wanted any more.
	Merge bool
	Drop  []string
}

// VPC is where a function has network interfaces; the zero value is nowhere.
type VPC struct {
	SubnetIDs        []string
	SecurityGroupIDs []string
	IPv6             bool // whether it may use IPv6 in subnets that have both
}

// Is reports whether the function is in a VPC.
func (v VPC) Is() bool { return len(v.SubnetIDs)+len(v.SecurityGroupIDs) > 0 }

// config returns an empty configuration for no VPC, which is what takes a function out of one.
func (v VPC) config() *types.VpcConfig {
	config := &types.VpcConfig{SubnetIds: append([]string{}, v.SubnetIDs...), SecurityGroupIds: append([]string{}, v.SecurityGroupIDs...)}
	if v.Is() {
		config.Ipv6AllowedForDualStack = &v.IPv6
	}
	return config
}

// CreateFunction makes a function and waits until it can be invoked. Reserved concurrency is not set. The error is an [ExistsError] if
// there is a function of this name. A failure with a function returned is one of a function that was, or may have been, made.
func (c *Cloud) CreateFunction(ctx context.Context, f Function) (*Function, error) {
	output, err := retry(ctx, func() (*lambda.CreateFunctionOutput, error) {
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

			EphemeralStorage: &types.EphemeralStorage{Size: &f.EphemeralStorage},
			KMSKeyArn:        textOrNil(f.KMSKeyARN),
			TracingConfig:    f.tracing(),
			VpcConfig:        f.VPC.config(),
		})
	})
	switch {
	case hasCode(err, "ResourceConflictException"):
		// A creation whose answer was lost is repeated by the client, and then finds what it made.
		if existing, findErr := c.FindFunction(ctx, f.Name); findErr != nil || !SameMark(existing.Tags, f.Tags) {
			return nil, &ExistsError{Object: "a function named " + f.Name, ID: f.Name}
		}
	case err != nil && IsRefused(err):
		return nil, fmt.Errorf("create function %s: %w", f.Name, f.redact(err, f.Environment))
	case err != nil:
		return &f, fmt.Errorf("create function %s: %w", f.Name, f.redact(err, f.Environment))
	case output.State == types.StateActive && strings.Contains(f.ImageURI, "@"): // there is nothing more to be asked for
		f.ARN, f.Version = aws.ToString(output.FunctionArn), aws.ToString(output.Version)
		_, f.ImageDigest, _ = strings.Cut(f.ImageURI, "@")
		return &f, nil
	}
	return c.waitActive(ctx, f)
}

func (c *Cloud) waitActive(ctx context.Context, f Function) (*Function, error) {
	waiter := lambda.NewFunctionActiveV2Waiter(c.lambda, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = firstDelay, maxDelay
	})
	output, err := waiter.WaitForOutput(ctx, &lambda.GetFunctionInput{FunctionName: &f.Name}, remaining(ctx))
	if err != nil {
		return &f, f.redact(c.explain(ctx, f.Name, fmt.Errorf("wait for function %s to become active: %w", f.Name, err)), f.Environment)
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
	if output.Configuration == nil {
		return nil, fmt.Errorf("read function %q: AWS answered with something else than a function", name)
	}
	return c.function(output), nil
}

// FindSettledFunction is [Cloud.FindFunction] after an update that goes on, which it waits for a moment.
func (c *Cloud) FindSettledFunction(ctx context.Context, name string) (*Function, error) {
	var function *Function
	deadline := time.Now().Add(updateMoment)
	err := wait(ctx, updateMoment+maxDelay, fmt.Sprintf("function %s to settle", name), func() (_ bool, err error) {
		function, err = c.FindFunction(ctx, name)
		return err == nil && (!function.Updating || time.Now().After(deadline)), err
	})
	return function, err
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
		_, err := retry(ctx, func() (*lambda.UntagResourceOutput, error) {
			return c.lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &functionARN, TagKeys: removed})
		})
		if err != nil {
			return fmt.Errorf("remove tags of function %s: %w", functionARN, err)
		}
	}
	if len(set) > 0 {
		_, err := retry(ctx, func() (*lambda.TagResourceOutput, error) {
			return c.lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: &functionARN, Tags: set})
		})
		if err != nil {
			return fmt.Errorf("set tags of function %s: %w", functionARN, err)
		}
	}
	return nil
}

// SetRecursiveLoop says what Lambda does with a function that feeds itself through a queue: Terminate it, or Allow it.
func (c *Cloud) SetRecursiveLoop(ctx context.Context, name, loop string) error {
	_, err := retry(ctx, func() (*lambda.PutFunctionRecursionConfigOutput, error) {
		return c.lambda.PutFunctionRecursionConfig(ctx, &lambda.PutFunctionRecursionConfigInput{
			FunctionName: &name, RecursiveLoop: types.RecursiveLoop(loop),
		})
	})
	if err != nil {
		return fmt.Errorf("set what becomes of recursive loops of function %s: %w", name, err)
	}
	return nil
}

// RecursiveLoop returns what [Cloud.SetRecursiveLoop] set, or a [NotFoundError] if there is no such function. Where there is no such setting,
// it is the default.
func (c *Cloud) RecursiveLoop(ctx context.Context, name string) (string, error) {
	output, err := c.lambda.GetFunctionRecursionConfig(ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: &name})
	if isNoOperation(err) {
		return string(types.RecursiveLoopTerminate), nil
	}
	if hasCode(err, "ResourceNotFoundException") {
		return "", &NotFoundError{Object: "function " + name}
	}
	if err != nil {
		return "", fmt.Errorf("read what becomes of recursive loops of function %s: %w", name, err)
	}
	return string(output.RecursiveLoop), nil
}

// logging returns the function's logging configuration. Levels exist for JSON only.
func (f Function) logging() *types.LoggingConfig {
	config := &types.LoggingConfig{LogGroup: &f.LogGroup, LogFormat: types.LogFormat(f.LogFormat)}
	if config.LogFormat == types.LogFormatJson {
		config.ApplicationLogLevel = types.ApplicationLogLevel(f.LogLevel)
	}
	return config
}

// tracing returns the function's tracing configuration. PassThrough still traces what a traced caller invokes.
func (f Function) tracing() *types.TracingConfig {
	if f.Tracing {
		return &types.TracingConfig{Mode: types.TracingModeActive}
	}
	return &types.TracingConfig{Mode: types.TracingModePassThrough}
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
		Version:      aws.ToString(config.Version),
		KMSKeyARN:    aws.ToString(config.KMSKeyArn),
		Tracing:      config.TracingConfig != nil && config.TracingConfig.Mode == types.TracingModeActive,
		Architecture: string(types.ArchitectureX8664),
		LogGroup:     "/aws/lambda/" + aws.ToString(config.FunctionName),
		LogFormat:    string(types.LogFormatText),
		Updating:     config.LastUpdateStatus == types.LastUpdateStatusInProgress,
		Failed:       config.LastUpdateStatus == types.LastUpdateStatusFailed,
	}
	if len(config.Architectures) > 0 {
		f.Architecture = string(config.Architectures[0])
	}
	if config.Environment != nil {
		f.Environment, f.Hidden = config.Environment.Variables, config.Environment.Error != nil
	}
	f.EphemeralStorage = DefaultEphemeralStorage
	if storage := config.EphemeralStorage; storage != nil {
		f.EphemeralStorage = aws.ToInt32(storage.Size)
	}
	if vpc := config.VpcConfig; vpc != nil {
		f.VPC = VPC{SubnetIDs: vpc.SubnetIds, SecurityGroupIDs: vpc.SecurityGroupIds, IPv6: aws.ToBool(vpc.Ipv6AllowedForDualStack)}
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
