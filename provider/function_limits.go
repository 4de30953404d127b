package provider

import "regexp"

// Lambda's limits, as its API reference states them.
const (
	maxFunctionName       = 64
	minMemory             = 128   // MB
	maxMemory             = 10240 // MB
	defaultMemory         = 256   // MB; less leaves Go so little CPU that cold starts drag
	defaultBatch          = 10
	maxBatch              = 10000
	maxFIFOBatch          = 10
	maxBatchWithoutWindow = 10
	maxBatchingWindow     = 300  // seconds
	minMaximumConcurrency = 2    // of a mapping
	maxMaximumConcurrency = 1000 // of a mapping, unless AWS raised it
	maxFilters            = 10
	maxFilterPattern      = 4096
	maxEnvironment        = 4096 // bytes
	defaultLogRetention   = 30   // days
	maxLogGroup           = 512
	maxEphemeralStorage   = 10240 // MB
	minPollers            = 2     // of a mapping that has its own
	maxMinimumPollers     = 200
	defaultMaximumPollers = 200
	maxMaximumPollers     = 10000
	invocationsPerPoller  = 10 // at once, at most
)

// Values of environment_mode and recursive_loop.
const (
	environmentReplace = "replace"
	environmentMerge   = "merge"
	recursionTerminate = "Terminate"
	recursionAllow     = "Allow"
)

var (
	functionName    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	imageAddress    = regexp.MustCompile(`^[^/\s]+/[^\s@:]+(:[^\s@]+)?(@sha256:[0-9a-f]{64})?$`)
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-z]+$`)
	securityGroupID = regexp.MustCompile(`^sg-[0-9a-z]+$`)
	kmsARN          = regexp.MustCompile(`^arn:[^:]+:kms:`)
	logGroupName    = regexp.MustCompile(`^[A-Za-z0-9_/.#-]+$`)
	queueLabel      = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// retentions are the days that CloudWatch Logs accepts, and 0 for ever.
var retentions = []int32{
	0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}
