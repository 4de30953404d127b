package lambda

import (
	"context"
	"net/http"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Operations on settings that functions of localaws do not have, or that have no effect here. Tools read them all the same.

// RecursionConfig tells what becomes of a function that feeds itself. It is kept and not enforced.
type RecursionConfig struct {
	RecursiveLoop string
}

// PutFunctionRecursionConfigInput changes a function's RecursionConfig.
type PutFunctionRecursionConfigInput struct {
	FunctionName  string `json:"-" path:"FunctionName"`
	RecursiveLoop string
}

// PutFunctionRecursionConfig changes a function's RecursionConfig.
func (s *Service) PutFunctionRecursionConfig(ctx context.Context, in PutFunctionRecursionConfigInput) (*RecursionConfig, error) {
	var violated constraints
	violated.oneOf(in.RecursiveLoop, "recursiveLoop", "Terminate", "Allow")
	if err := violated.err(); err != nil {
		return nil, err
	}
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.recursiveLoop = in.RecursiveLoop
	return &RecursionConfig{f.recursiveLoop}, nil
}

// GetFunctionRecursionConfig returns a function's RecursionConfig.
func (s *Service) GetFunctionRecursionConfig(ctx context.Context, in FunctionInput) (*RecursionConfig, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return &RecursionConfig{f.recursiveLoop}, nil
}

// GetFunctionCodeSigningConfigOutput tells that a function's code is not signed.
type GetFunctionCodeSigningConfigOutput struct {
	CodeSigningConfigArn string `json:",omitempty"`
	FunctionName         string
}

// GetFunctionCodeSigningConfig always finds none: images are not signed this way.
func (s *Service) GetFunctionCodeSigningConfig(ctx context.Context, in FunctionInput) (*GetFunctionCodeSigningConfigOutput, error) {
	ref, err := s.existingUnqualified(ctx, in.FunctionName)
	return &GetFunctionCodeSigningConfigOutput{FunctionName: ref.name}, err
}

// GetRuntimeManagementConfigOutput tells how a function's runtime is updated.
type GetRuntimeManagementConfigOutput struct {
	UpdateRuntimeOn string
	FunctionArn     string
}

// GetRuntimeManagementConfig is always Auto: an image brings its own runtime.
func (s *Service) GetRuntimeManagementConfig(ctx context.Context, in FunctionInput) (*GetRuntimeManagementConfigOutput, error) {
	out, err := s.GetFunctionConfiguration(ctx, in)
	if err != nil {
		return nil, err
	}
	return &GetRuntimeManagementConfigOutput{UpdateRuntimeOn: "Auto", FunctionArn: out.FunctionArn}, nil
}

// GetPolicy never finds a policy: nobody else can be given access.
func (s *Service) GetPolicy(ctx context.Context, in FunctionInput) (*wire.Empty, error) {
	if _, err := s.GetFunctionConfiguration(ctx, in); err != nil {
		return nil, err
	}
	return nil, noSuchResource()
}

// GetFunctionEventInvokeConfig never finds one: asynchronous invocations are made as they are by default.
func (s *Service) GetFunctionEventInvokeConfig(ctx context.Context, in FunctionInput) (*wire.Empty, error) {
	ref, err := parseReference(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if ref.qualifier == "" {
		ref.qualifier = "$LATEST"
	}
	return nil, notFound("The function %s doesn't have an EventInvokeConfig", ref.qualified())
}

// ListFunctionEventInvokeConfigsOutput is always empty.
type ListFunctionEventInvokeConfigsOutput struct {
	FunctionEventInvokeConfigs []wire.Empty
}

// ListFunctionEventInvokeConfigs lists none.
func (s *Service) ListFunctionEventInvokeConfigs(ctx context.Context, in FunctionInput) (*ListFunctionEventInvokeConfigsOutput, error) {
	_, err := s.existingUnqualified(ctx, in.FunctionName)
	return &ListFunctionEventInvokeConfigsOutput{[]wire.Empty{}}, err
}

// GetFunctionUrlConfig never finds one: functions have no URL.
func (s *Service) GetFunctionUrlConfig(context.Context, FunctionInput) (*wire.Empty, error) {
	return nil, noSuchResource()
}

// ListFunctionUrlConfigsOutput is always empty.
type ListFunctionUrlConfigsOutput struct {
	FunctionUrlConfigs []wire.Empty
}

// ListFunctionUrlConfigs lists none.
func (s *Service) ListFunctionUrlConfigs(ctx context.Context, in FunctionInput) (*ListFunctionUrlConfigsOutput, error) {
	_, err := s.existingUnqualified(ctx, in.FunctionName)
	return &ListFunctionUrlConfigsOutput{[]wire.Empty{}}, err
}

// GetProvisionedConcurrencyConfig never finds one: runtimes start when they are needed.
func (s *Service) GetProvisionedConcurrencyConfig(ctx context.Context, in FunctionInput) (*wire.Empty, error) {
	if _, err := s.GetFunctionConfiguration(ctx, in); err != nil {
		return nil, err
	}
	return nil, wire.Errorf("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function").
		WithStatus(http.StatusNotFound)
}
