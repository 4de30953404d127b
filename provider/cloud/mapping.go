package cloud

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"
)

// Mapping is Lambda's event source mapping between a queue and a function.
type Mapping struct {
	UUID               string // set by AWS
	QueueARN           string
	FunctionName       string
	BatchSize          int32
	BatchingWindow     int32    // seconds
	MaximumConcurrency *int32   // nil for none
	Pollers            *Pollers // nil for none of its own
	Enabled            bool
	Filters            []string // patterns, JSON
	ReportsFailures    bool     // set by AWS: whether the function may fail single messages of a batch; always asked for
}

// Pollers are event pollers that Lambda provisions for one mapping.
type Pollers struct {
	Minimum int32
	Maximum int32
}

// stateDeleting is the state of a mapping that is about to be gone.
const stateDeleting = "Deleting"

const mappingTimeout = 10 * time.Minute // what the Terraform provider for AWS allows for a mapping to settle

// CreateMapping makes a mapping that reports batch item failures, waits until it polls and returns its UUID. If there is one
// between this queue and this function, it is brought into this shape instead.
func (c *Cloud) CreateMapping(ctx context.Context, m Mapping) (string, error) {
	output, err := retry(ctx, func() (*lambda.CreateEventSourceMappingOutput, error) {
		return c.lambda.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
			EventSourceArn:                 &m.QueueARN,
			FunctionName:                   &m.FunctionName,
			BatchSize:                      &m.BatchSize,
			MaximumBatchingWindowInSeconds: &m.BatchingWindow,
			Enabled:                        &m.Enabled,
			FilterCriteria:                 m.filters(),
			ScalingConfig:                  m.scaling(),
			ProvisionedPollerConfig:        m.pollers(),
			FunctionResponseTypes:          []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
		})
	})
	if conflict, ok := errors.AsType[*types.ResourceConflictException](err); ok {
		return c.adoptMapping(ctx, m, conflict)
	}
	if err != nil {
		return "", fmt.Errorf("map queue %s to function %s: %w", m.QueueARN, m.FunctionName, err)
	}
	uuid := aws.ToString(output.UUID)
	if settled(aws.ToString(output.State)) {
		return uuid, nil
	}
	return uuid, c.waitMapping(ctx, uuid)
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// adoptMapping takes over the mapping that Lambda's refusal names, if it is between the same queue and function.
func (c *Cloud) adoptMapping(ctx context.Context, m Mapping, refusal *types.ResourceConflictException) (string, error) {
	m.UUID = uuidPattern.FindString(refusal.ErrorMessage())
	if m.UUID != "" {
		existing, err := c.lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &m.UUID})
		if err == nil && aws.ToString(existing.EventSourceArn) == m.QueueARN && functionName(existing.FunctionArn) == m.FunctionName {
			return m.UUID, c.UpdateMapping(ctx, m)
		}
		if IsDenied(err) {
			return "", fmt.Errorf("map queue %s to function %s: %w; whether it is ours is not known: %w", m.QueueARN, m.FunctionName, refusal, err)
		}
	}
	return "", fmt.Errorf("map queue %s to function %s: %w", m.QueueARN, m.FunctionName, refusal)
}

// FindMappings returns the mappings between queues and a function, but those that are being deleted.
func (c *Cloud) FindMappings(ctx context.Context, name string) ([]Mapping, error) {
	var mappings []Mapping
	found, err := c.listMappings(ctx, name)
	for _, m := range found {
		if aws.ToString(m.State) != stateDeleting {
			mappings = append(mappings, mapping(m))
		}
	}
	return mappings, err
}

func (c *Cloud) listMappings(ctx context.Context, name string) ([]types.EventSourceMappingConfiguration, error) {
	var mappings []types.EventSourceMappingConfiguration
	pages := lambda.NewListEventSourceMappingsPaginator(c.lambda, &lambda.ListEventSourceMappingsInput{FunctionName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "ResourceNotFoundException") {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list mappings of function %s: %w", name, err)
		}
		for _, found := range page.EventSourceMappings {
			if functionName(found.FunctionArn) == name {
				mappings = append(mappings, found)
			}
		}
	}
	return mappings, nil
}

// UpdateMapping gives the mapping m.UUID everything else of m and waits until it is in force.
func (c *Cloud) UpdateMapping(ctx context.Context, m Mapping) error {
	_, err := retry(ctx, func() (*lambda.UpdateEventSourceMappingOutput, error) {
		return c.lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{
			UUID:                           &m.UUID,
			FunctionName:                   &m.FunctionName,
			BatchSize:                      &m.BatchSize,
			MaximumBatchingWindowInSeconds: &m.BatchingWindow,
			Enabled:                        &m.Enabled,
			FilterCriteria:                 m.filters(),
			ScalingConfig:                  m.scaling(),
			ProvisionedPollerConfig:        m.pollers(),
			FunctionResponseTypes:          []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
		})
	})
	if err != nil {
		return fmt.Errorf("update mapping of queue %s to function %s: %w", m.QueueARN, m.FunctionName, err)
	}
	return c.waitMapping(ctx, m.UUID)
}

// DeleteMappings deletes all mappings of a function and waits until they are gone, so that nothing is received any more. Those that are
// known are deleted first; one list then tells whether they are gone and whether there are others.
func (c *Cloud) DeleteMappings(ctx context.Context, name string, known []string) error {
	requested := map[string]bool{}
	todo := known
	return wait(ctx, mappingTimeout, fmt.Sprintf("the mappings of function %s to be gone", name), func() (bool, error) {
		group, groupCtx := errgroup.WithContext(ctx)
		for _, uuid := range todo {
			requested[uuid] = true
			group.Go(func() error { return c.startDeletingMapping(groupCtx, uuid) })
		}
		if err := group.Wait(); err != nil {
			return false, err
		}
		left, err := c.listMappings(ctx, name)
		todo = nil
		for _, found := range left {
			if uuid := aws.ToString(found.UUID); !requested[uuid] {
				todo = append(todo, uuid)
			}
		}
		return len(left) == 0, err
	})
}

// startDeletingMapping deletes a mapping, which then is there for some more moments. That it does not exist is fine.
func (c *Cloud) startDeletingMapping(ctx context.Context, uuid string) error {
	_, err := retry(ctx, func() (*lambda.DeleteEventSourceMappingOutput, error) {
		return c.lambda.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: &uuid})
	})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return fmt.Errorf("delete mapping %s: %w", uuid, err)
	}
	return nil
}

// DeleteMapping deletes a mapping and waits until it is gone. That it does not exist is fine.
func (c *Cloud) DeleteMapping(ctx context.Context, uuid string) error {
	if err := c.startDeletingMapping(ctx, uuid); err != nil {
		return err
	}
	return wait(ctx, mappingTimeout, fmt.Sprintf("mapping %s to be gone", uuid), func() (bool, error) {
		_, err := c.lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &uuid})
		if hasCode(err, "ResourceNotFoundException") {
			return true, nil
		}
		return false, err
	})
}

func (c *Cloud) waitMapping(ctx context.Context, uuid string) error {
	return wait(ctx, mappingTimeout, fmt.Sprintf("mapping %s to settle", uuid), func() (bool, error) {
		output, err := c.lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &uuid})
		if err != nil {
			return false, fmt.Errorf("read mapping %s: %w", uuid, err)
		}
		return settled(aws.ToString(output.State)), nil
	})
}

func settled(state string) bool { return state == "Enabled" || state == "Disabled" }

func (m Mapping) filters() *types.FilterCriteria {
	criteria := &types.FilterCriteria{Filters: []types.Filter{}}
	for _, pattern := range m.Filters {
		criteria.Filters = append(criteria.Filters, types.Filter{Pattern: &pattern})
	}
	return criteria
}

// scaling returns an empty configuration for no maximum: nil would leave one that is there.
func (m Mapping) scaling() *types.ScalingConfig {
	return &types.ScalingConfig{MaximumConcurrency: m.MaximumConcurrency}
}

// pollers returns an empty configuration for none, likewise.
func (m Mapping) pollers() *types.ProvisionedPollerConfig {
	if m.Pollers == nil {
		return &types.ProvisionedPollerConfig{}
	}
	return &types.ProvisionedPollerConfig{MinimumPollers: &m.Pollers.Minimum, MaximumPollers: &m.Pollers.Maximum}
}

func mapping(found types.EventSourceMappingConfiguration) Mapping {
	m := Mapping{
		UUID:           aws.ToString(found.UUID),
		QueueARN:       aws.ToString(found.EventSourceArn),
		FunctionName:   functionName(found.FunctionArn),
		BatchSize:      aws.ToInt32(found.BatchSize),
		BatchingWindow: aws.ToInt32(found.MaximumBatchingWindowInSeconds),
		Enabled:        !strings.HasPrefix(aws.ToString(found.State), "Disabl"),
	}
	m.ReportsFailures = slices.Contains(found.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures)
	if found.ScalingConfig != nil {
		m.MaximumConcurrency = found.ScalingConfig.MaximumConcurrency
	}
	if pollers := found.ProvisionedPollerConfig; pollers != nil && pollers.MaximumPollers != nil {
		m.Pollers = &Pollers{Minimum: aws.ToInt32(pollers.MinimumPollers), Maximum: *pollers.MaximumPollers}
	}
	if found.FilterCriteria != nil {
		for _, filter := range found.FilterCriteria.Filters {
			m.Filters = append(m.Filters, aws.ToString(filter.Pattern))
		}
	}
	return m
}

// functionName returns the name in a function's ARN, arn:aws:lambda:region:account:function:name[:qualifier].
func functionName(functionARN *string) string {
	parts := strings.Split(aws.ToString(functionARN), ":")
	const nameAt = 6
	if len(parts) <= nameAt {
		return ""
	}
	return parts[nameAt]
}

// FunctionTimeout is how long a function may run.
type FunctionTimeout struct {
	Name    string
	Timeout int32 // seconds
}

// SlowestFunction returns which of the functions that a queue is mapped to has the longest timeout; a zero value if there are none.
func (c *Cloud) SlowestFunction(ctx context.Context, queueARN string) (FunctionTimeout, error) {
	var slowest FunctionTimeout
	pages := lambda.NewListEventSourceMappingsPaginator(c.lambda, &lambda.ListEventSourceMappingsInput{EventSourceArn: &queueARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return slowest, fmt.Errorf("list mappings of queue %s: %w", queueARN, err)
		}
		for _, found := range page.EventSourceMappings {
			function, err := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: found.FunctionArn})
			if hasCode(err, "ResourceNotFoundException") {
				continue
			}
			if err != nil {
				return slowest, fmt.Errorf("read the timeout of function %s: %w", aws.ToString(found.FunctionArn), err)
			}
			if timeout := aws.ToInt32(function.Timeout); timeout > slowest.Timeout {
				slowest = FunctionTimeout{Name: aws.ToString(function.FunctionName), Timeout: timeout}
			}
		}
	}
	return slowest, nil
}
