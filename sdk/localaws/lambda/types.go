package lambda

import "github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"

// FunctionConfiguration describes a version of a function, in the API's own shape.
type FunctionConfiguration struct {
	FunctionName               string
	FunctionArn                string
	Role                       string
	CodeSize                   int64 // bytes
	Description                string
	Timeout                    int // seconds
	MemorySize                 int // MB
	LastModified               string
	CodeSha256                 string
	Version                    string
	VpcConfig                  *VpcConfig        `json:",omitempty"`
	DeadLetterConfig           *DeadLetterConfig `json:",omitempty"`
	Environment                *Environment      `json:",omitempty"`
	KMSKeyArn                  string            `json:",omitempty"`
	TracingConfig              *TracingConfig    `json:",omitempty"`
	RevisionId                 string
	State                      string               `json:",omitempty"`
	StateReason                string               `json:",omitempty"`
	StateReasonCode            string               `json:",omitempty"`
	LastUpdateStatus           string               `json:",omitempty"`
	LastUpdateStatusReason     string               `json:",omitempty"`
	LastUpdateStatusReasonCode string               `json:",omitempty"`
	PackageType                string               `json:",omitempty"`
	ImageConfigResponse        *ImageConfigResponse `json:",omitempty"`
	Architectures              []string             `json:",omitempty"`
	EphemeralStorage           *EphemeralStorage    `json:",omitempty"`
	SnapStart                  *SnapStart           `json:",omitempty"`
	LoggingConfig              *LoggingConfig       `json:",omitempty"`
}

// Environment is a function's environment.
type Environment struct {
	Variables map[string]string
}

// ImageConfig overrides what an image says about how to run it; nil members leave the image's own.
type ImageConfig struct {
	EntryPoint       []string `json:",omitempty"`
	Command          []string `json:",omitempty"`
	WorkingDirectory string   `json:",omitempty"`
}

// ImageConfigResponse wraps ImageConfig in answers.
type ImageConfigResponse struct {
	ImageConfig *ImageConfig
}

// EphemeralStorage is the size of /tmp. It is kept and not enforced.
type EphemeralStorage struct {
	Size int // MB
}

// TracingConfig is kept and has no effect.
type TracingConfig struct {
	Mode string
}

// SnapStart is always off for images.
type SnapStart struct {
	ApplyOn            string
	OptimizationStatus string
}

// LoggingConfig tells where and how a function logs. The levels are kept and nothing is filtered by them.
type LoggingConfig struct {
	LogFormat           string `json:",omitempty"`
	ApplicationLogLevel string `json:",omitempty"`
	SystemLogLevel      string `json:",omitempty"`
	LogGroup            string `json:",omitempty"`
}

// VpcConfig is kept and has no effect.
type VpcConfig struct {
	SubnetIds               []string
	SecurityGroupIds        []string
	VpcId                   string
	Ipv6AllowedForDualStack bool
}

// DeadLetterConfig is kept and has no effect.
type DeadLetterConfig struct {
	TargetArn string `json:",omitempty"`
}

// FunctionCode names the code of a new function.
type FunctionCode struct {
	ImageUri        string
	ZipFile         []byte
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
}

// FunctionCodeLocation tells where a function's code is from.
type FunctionCodeLocation struct {
	RepositoryType   string
	ImageUri         string
	ResolvedImageUri string
}

// Concurrency is a function's reservation, shared by all its versions; nil if there is none.
type Concurrency struct {
	ReservedConcurrentExecutions *int `json:",omitempty"`
}

// EventSourceMappingConfiguration describes a mapping, in the API's own shape.
type EventSourceMappingConfiguration struct {
	UUID                           string
	EventSourceMappingArn          string
	EventSourceArn                 string
	FunctionArn                    string
	BatchSize                      int // messages
	MaximumBatchingWindowInSeconds int
	FilterCriteria                 *FilterCriteria `json:",omitempty"`
	FunctionResponseTypes          []string
	ScalingConfig                  *ScalingConfig           `json:",omitempty"`
	ProvisionedPollerConfig        *ProvisionedPollerConfig `json:",omitempty"`
	MetricsConfig                  *MetricsConfig           `json:",omitempty"`
	KMSKeyArn                      string                   `json:",omitempty"`
	LastModified                   wire.Epoch
	State                          string
	StateTransitionReason          string
}

// FilterCriteria holds the patterns of which a message must match one.
type FilterCriteria struct {
	Filters []Filter `json:",omitempty"`
}

// Filter is one pattern, in the language of EventBridge.
type Filter struct {
	Pattern *string
}

// ScalingConfig limits how many batches of a mapping are handled at a time; nil is no limit.
type ScalingConfig struct {
	MaximumConcurrency *int `json:",omitempty"`
}

// ProvisionedPollerConfig dedicates pollers to a mapping; each handles up to ten batches at a time.
type ProvisionedPollerConfig struct {
	MinimumPollers *int `json:",omitempty"`
	MaximumPollers *int `json:",omitempty"`
}

// MetricsConfig is kept and has no effect.
type MetricsConfig struct {
	Metrics []string `json:",omitempty"`
}
