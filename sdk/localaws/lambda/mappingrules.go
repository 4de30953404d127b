package lambda

import (
	"strings"
)

// limits of mappings; sizes in messages, windows in seconds.
const (
	maxBatchSize      = 10_000
	maxFIFOBatchSize  = 10
	largeBatchSize    = 10 // above, a batching window is needed
	maxBatchingWindow = 300
	maxFilters        = 10
	maxPollers        = 10_000
)

// validateMapping checks the request, and the configuration that it leads to, as far as that can be told from them alone.
func validateMapping(in MappingInput, c EventSourceMappingConfiguration) error {
	var violated constraints
	violated.between(&c.BatchSize, "batchSize", 1, maxBatchSize)
	violated.between(&c.MaximumBatchingWindowInSeconds, "maximumBatchingWindowInSeconds", 0, maxBatchingWindow)
	for _, kind := range c.FunctionResponseTypes {
		violated.oneOf(kind, "functionResponseTypes", "ReportBatchItemFailures")
	}
	if c.ScalingConfig != nil {
		violated.between(c.ScalingConfig.MaximumConcurrency, "scalingConfig.maximumConcurrency", 2, 1000)
	}
	if p := c.ProvisionedPollerConfig; p != nil {
		violated.between(p.MinimumPollers, "provisionedPollerConfig.minimumPollers", 1, 200)
		violated.between(p.MaximumPollers, "provisionedPollerConfig.maximumPollers", 1, maxPollers)
	}
	if err := violated.err(); err != nil {
		return err
	}
	fifo := strings.HasSuffix(c.EventSourceArn, ".fifo")
	switch {
	case !strings.HasPrefix(c.EventSourceArn, "arn:aws:sqs:") || strings.Count(c.EventSourceArn, ":") != 5:
		return invalidParameter("Unrecognized event source.")
	case regionOf(c.EventSourceArn) != regionOf(c.FunctionArn):
		return invalidParameter("The event source arn (\" %s \") and the function must be in the same region.", c.EventSourceArn)
	case in.DestinationConfig != nil && (in.DestinationConfig.OnFailure != nil || in.DestinationConfig.OnSuccess != nil):
		return invalidParameter("Unsupported DestinationConfig parameter for given event source mapping type.")
	case fifo && c.MaximumBatchingWindowInSeconds > 0:
		return invalidParameter("Batching window is not supported for FIFO queues")
	case fifo && c.BatchSize > maxFIFOBatchSize:
		return invalidParameter("Batch size must be less than or equal to %d for FIFO queues", maxFIFOBatchSize)
	case c.BatchSize > largeBatchSize && c.MaximumBatchingWindowInSeconds == 0:
		return invalidParameter("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than %d", largeBatchSize)
	case c.ScalingConfig != nil && c.ProvisionedPollerConfig != nil:
		return invalidParameter("MaximumConcurrency and ProvisionedPollerConfig cannot be used together.")
	case c.ProvisionedPollerConfig != nil && *c.ProvisionedPollerConfig.MinimumPollers > *c.ProvisionedPollerConfig.MaximumPollers:
		return invalidParameter("MinimumPollers must be less than or equal to MaximumPollers.")
	case c.FilterCriteria != nil && len(c.FilterCriteria.Filters) > maxFilters:
		return invalidParameter("The number of filters in FilterCriteria cannot be greater than %d.", maxFilters)
	}
	return nil
}
