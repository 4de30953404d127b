package lambda

import (
	"context"
	"maps"
	"slices"
)

// ConfigurationChange is what a request says about a function's configuration; nil and empty members change nothing.
type ConfigurationChange struct {
	Role             string
	Description      *string
	Timeout          *int // seconds
	MemorySize       *int // MB
	VpcConfig        *VpcConfig
	DeadLetterConfig *DeadLetterConfig
	Environment      *Environment
	KMSKeyArn        *string
	TracingConfig    *TracingConfig
	ImageConfig      *ImageConfig
	EphemeralStorage *EphemeralStorage
	LoggingConfig    *LoggingConfig
}

// validate checks what can be told from the request alone.
func (c ConfigurationChange) validate(violated constraints) error {
	violated.matches(c.Role, "role", roles, rolePattern)
	violated.between(c.Timeout, "timeout", 1, 900)
	violated.between(c.MemorySize, "memorySize", 128, 10240)
	if c.Description != nil {
		violated.atMost(*c.Description, "description", 256)
	}
	if c.EphemeralStorage != nil {
		violated.between(&c.EphemeralStorage.Size, "ephemeralStorage.size", 512, 10240)
	}
	if c.TracingConfig != nil {
		violated.oneOf(c.TracingConfig.Mode, "tracingConfig.mode", "Active", "PassThrough")
	}
	if l := c.LoggingConfig; l != nil {
		violated.oneOf(l.LogFormat, "loggingConfig.logFormat", "JSON", "Text")
		violated.oneOf(l.ApplicationLogLevel, "loggingConfig.applicationLogLevel", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
		violated.oneOf(l.SystemLogLevel, "loggingConfig.systemLogLevel", "DEBUG", "INFO", "WARN")
		violated.matches(l.LogGroup, "loggingConfig.logGroup", logGroups, `[\.\-_/#A-Za-z0-9]+`)
		violated.atMost(l.LogGroup, "loggingConfig.logGroup", 512)
	}
	if err := violated.err(); err != nil {
		return err
	}
	return validateEnvironment(c.Environment)
}

// validateCreation checks what can be told from the request for a new function alone.
func validateCreation(in CreateFunctionInput) error {
	var violated constraints
	validateArchitectures(&violated, in.Architectures)
	violated.oneOf(in.PackageType, "packageType", "Zip", "Image")
	if in.Role == "" {
		violated = append(violated, "Value null at 'role' failed to satisfy constraint: Member must not be null")
	}
	if err := in.validate(violated); err != nil {
		return err
	}
	switch {
	case in.PackageType != "Image":
		return invalidParameter("localaws runs functions with PackageType Image only, so PackageType must be Image and Code.ImageUri be set.")
	case in.Runtime != "" || in.Handler != "" || len(in.Layers) > 0:
		return invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.")
	case in.Code.ImageUri == "":
		return invalidParameter("Please provide ImageUri when creating a function with packageType Image.")
	case in.SnapStart != nil && in.SnapStart.ApplyOn == "PublishedVersions":
		return invalidParameter("Container images are not supported for SnapStart enabled functions.")
	case len(in.Tags) > maxTags:
		return invalidParameter("Number of tags exceeds resource tag limit.")
	}
	return nil
}

func validateArchitectures(violated *constraints, architectures []string) {
	switch {
	case len(architectures) > 1:
		violated.violate(architectures, "architectures", "Member must have length less than or equal to 1")
	case len(architectures) == 1 && !slices.Contains([]string{"x86_64", "arm64"}, architectures[0]):
		violated.violate(architectures, "architectures", "Member must satisfy constraint: [Member must satisfy enum value set: "+
			"[x86_64, arm64], Member must not be null]")
	}
}

// apply returns the configuration with the changes made.
func (c ConfigurationChange) apply(to FunctionConfiguration) (FunctionConfiguration, error) {
	logging, err := mergeLogging(*to.LoggingConfig, c.LoggingConfig)
	if err != nil {
		return to, err
	}
	to.LoggingConfig = &logging
	to.LastModified = modified()
	if c.Role != "" {
		to.Role = c.Role
	}
	set(&to.Description, c.Description)
	set(&to.Timeout, c.Timeout)
	set(&to.MemorySize, c.MemorySize)
	set(&to.KMSKeyArn, c.KMSKeyArn)
	if c.Environment != nil {
		to.Environment = &Environment{maps.Clone(c.Environment.Variables)}
		if to.Environment.Variables == nil {
			to.Environment = nil
		}
	}
	if c.ImageConfig != nil {
		to.ImageConfigResponse = &ImageConfigResponse{c.ImageConfig}
		if len(c.ImageConfig.EntryPoint) == 0 && len(c.ImageConfig.Command) == 0 && c.ImageConfig.WorkingDirectory == "" {
			to.ImageConfigResponse = nil
		}
	}
	if c.VpcConfig != nil {
		to.VpcConfig = vpc(*c.VpcConfig)
	}
	if c.DeadLetterConfig != nil {
		to.DeadLetterConfig = c.DeadLetterConfig
	}
	if c.TracingConfig != nil && c.TracingConfig.Mode != "" {
		to.TracingConfig = c.TracingConfig
	}
	if c.EphemeralStorage != nil {
		to.EphemeralStorage = c.EphemeralStorage
	}
	return to, nil
}

func set[T any](member, value *T) {
	if value != nil {
		*member = *value
	}
}

// vpc is how answers show a VPC's configuration: it has an ID as soon as there is a subnet.
func vpc(c VpcConfig) *VpcConfig {
	if len(c.SubnetIds) == 0 {
		return &VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}}
	}
	c.VpcId = "vpc-localaws"
	return &c
}

// UpdateFunctionConfigurationInput describes a change of configuration.
type UpdateFunctionConfigurationInput struct {
	FunctionName string `json:"-" path:"FunctionName"`
	RevisionId   string
	Runtime      string
	Handler      string
	Layers       []string
	ConfigurationChange
}

// UpdateFunctionConfiguration changes the configuration of the latest version. Invocations see the old one until LastUpdateStatus is
// Successful, and none does afterwards.
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in UpdateFunctionConfigurationInput) (*FunctionConfiguration, error) {
	ref, err := s.unqualified(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := in.validate(nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	_, err = s.updatableLocked(ref, in.RevisionId)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if in.Runtime != "" || in.Handler != "" || len(in.Layers) > 0 {
		return nil, invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.")
	}
	if err := s.validateRole(in.Role, ref); err != nil {
		return nil, err
	}
	return s.update(ref, in.RevisionId, false, func(v *version) (*imageSource, error) {
		v.config, err = in.apply(v.config)
		return nil, err
	})
}

// updatableLocked finds a function that can be updated now.
func (s *Service) updatableLocked(ref reference, revision string) (*function, error) {
	f := s.functions[ref.arn]
	if f == nil {
		return nil, functionNotFound(ref)
	}
	c := f.latest.config
	if c.State == "Pending" {
		return nil, conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
	}
	if c.LastUpdateStatus == "InProgress" {
		return nil, conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", ref.arn)
	}
	if revision != "" && revision != c.RevisionId {
		return nil, preconditionFailed()
	}
	return f, nil
}

// update changes the latest version and deploys it. The change returns the image to change to, or nil to keep what there is.
func (s *Service) update(
	ref reference, revision string, publish bool, change func(*version) (*imageSource, error),
) (*FunctionConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.updatableLocked(ref, revision)
	if err != nil {
		return nil, err
	}
	changed := *f.latest
	source, err := change(&changed)
	if err != nil {
		return nil, err
	}
	*f.latest = changed
	f.latest.config.LastUpdateStatus = "InProgress"
	f.latest.config.LastUpdateStatusReason, f.latest.config.LastUpdateStatusReasonCode = "The function is being created.", "Creating"
	f.latest.touch()
	answer := *f.latest.show(f.ref)
	s.startLocked(func(ctx context.Context) { s.deploy(ctx, f, source, publish) })
	return &answer, nil
}

// UpdateFunctionCodeInput names a function's new image.
type UpdateFunctionCodeInput struct {
	FunctionName  string `json:"-" path:"FunctionName"`
	ImageUri      string
	ZipFile       []byte
	S3Bucket      string
	Publish       bool
	DryRun        bool
	RevisionId    string
	Architectures []string
}

// UpdateFunctionCode changes the image of the latest version. A tag is resolved now and not again.
func (s *Service) UpdateFunctionCode(ctx context.Context, in UpdateFunctionCodeInput) (*FunctionConfiguration, error) {
	ref, err := s.unqualified(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	var violated constraints
	validateArchitectures(&violated, in.Architectures)
	if err := violated.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	f, err := s.updatableLocked(ref, in.RevisionId)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if in.ImageUri == "" {
		return nil, invalidParameter("Please provide ImageUri when updating a function with packageType Image.")
	}
	source, err := s.findImage(ctx, in.ImageUri)
	if err != nil {
		return nil, err
	}
	change := func(v *version) (*imageSource, error) {
		v.code = source.location()
		v.config.CodeSha256, v.config.CodeSize, v.config.LastModified = source.digest.Hex, source.size, modified()
		if len(in.Architectures) > 0 {
			v.config.Architectures = in.Architectures
		}
		return source, nil
	}
	if in.DryRun {
		s.mu.Lock()
		defer s.mu.Unlock()
		dry := *f.latest
		_, _ = change(&dry) // never fails
		return dry.show(ref), nil
	}
	return s.update(ref, in.RevisionId, in.Publish, change)
}
