package lambda

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// mapping is an event source mapping: it feeds a function from a queue.
type mapping struct {
	config EventSourceMappingConfiguration
	tags   map[string]string
	poller *poller // nil while there is none
}

// enabled is the state that the mapping has or is on its way to.
func (m *mapping) enabled() bool { return m.poller != nil }

// MappingInput describes a mapping in requests; nil members leave defaults or what there was.
type MappingInput struct {
	UUID                           string `json:"-" path:"UUID"`
	EventSourceArn                 string
	FunctionName                   string
	Enabled                        *bool
	BatchSize                      *int
	MaximumBatchingWindowInSeconds *int
	FilterCriteria                 *FilterCriteria
	FunctionResponseTypes          []string
	ScalingConfig                  *ScalingConfig
	ProvisionedPollerConfig        *ProvisionedPollerConfig
	MetricsConfig                  *MetricsConfig
	KMSKeyArn                      *string
	DestinationConfig              *struct{ OnFailure, OnSuccess *struct{ Destination string } }
	Tags                           map[string]string
}

// apply returns the configuration with what the request says.
func (in MappingInput) apply(to EventSourceMappingConfiguration) EventSourceMappingConfiguration {
	set(&to.BatchSize, in.BatchSize)
	set(&to.MaximumBatchingWindowInSeconds, in.MaximumBatchingWindowInSeconds)
	set(&to.KMSKeyArn, in.KMSKeyArn)
	if in.FunctionResponseTypes != nil {
		to.FunctionResponseTypes = in.FunctionResponseTypes
	}
	if in.FilterCriteria != nil {
		to.FilterCriteria = in.FilterCriteria
		if len(in.FilterCriteria.Filters) == 0 {
			to.FilterCriteria = nil
		}
	}
	if in.ScalingConfig != nil {
		to.ScalingConfig = in.ScalingConfig
		if in.ScalingConfig.MaximumConcurrency == nil {
			to.ScalingConfig = nil
		}
	}
	if in.ProvisionedPollerConfig != nil {
		to.ProvisionedPollerConfig = provisioned(*in.ProvisionedPollerConfig)
	}
	if in.MetricsConfig != nil {
		to.MetricsConfig = in.MetricsConfig
	}
	to.LastModified = wire.Epoch{Time: time.Now()}
	return to
}

// provisioned fills in the defaults; a configuration without members ends provisioning.
func provisioned(c ProvisionedPollerConfig) *ProvisionedPollerConfig {
	if c.MinimumPollers == nil && c.MaximumPollers == nil {
		return nil
	}
	if c.MinimumPollers == nil {
		c.MinimumPollers = new(2)
	}
	if c.MaximumPollers == nil {
		c.MaximumPollers = new(200)
	}
	return &c
}

// CreateEventSourceMapping lets a queue feed a function.
func (s *Service) CreateEventSourceMapping(ctx context.Context, in MappingInput) (*EventSourceMappingConfiguration, error) {
	ref, err := parseReference(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	config := in.apply(EventSourceMappingConfiguration{
		UUID: id, EventSourceMappingArn: wire.ARN(ctx, "lambda", "event-source-mapping:"+id), EventSourceArn: in.EventSourceArn,
		FunctionArn: ref.qualified(), BatchSize: 10, FunctionResponseTypes: []string{}, StateTransitionReason: "USER_INITIATED",
	})
	if err := validateMapping(in, config); err != nil {
		return nil, err
	}
	filters, err := parseFilters(config.FilterCriteria)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.validatePairLocked(config); err != nil {
		return nil, err
	}
	m := &mapping{config: config, tags: in.Tags}
	if m.tags == nil {
		m.tags = map[string]string{}
	}
	s.mappings[id] = m
	if in.Enabled != nil && !*in.Enabled {
		m.config.State = "Disabled"
		return m.show(), nil
	}
	m.config.State = "Creating"
	answer := m.show()
	s.pollLocked(m, filters, nil)
	return answer, nil
}

// show is a copy for an answer.
func (m *mapping) show() *EventSourceMappingConfiguration {
	c := m.config
	return &c
}

// validatePairLocked checks the queue and the function of a mapping against each other and against other mappings.
func (s *Service) validatePairLocked(c EventSourceMappingConfiguration) error {
	ref := referenceOfARN(c.FunctionArn)
	_, v, err := s.lookUpLocked(ref)
	if err != nil {
		return invalidParameter("Function does not exist")
	}
	visibility, err := s.config.Queues.VisibilityTimeout(c.EventSourceArn)
	if err != nil {
		return invalidParameter("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "+
			"SQS Error Message: %s", wire.AsError(err).Message)
	}
	if timeout := time.Duration(v.config.Timeout) * time.Second; visibility < timeout {
		return invalidParameter("Queue visibility timeout: %.0f seconds is less than Function timeout: %.0f seconds",
			visibility.Seconds(), timeout.Seconds())
	}
	if err := s.config.Access.MayConsume(v.config.Role, ref.arn, c.EventSourceArn); err != nil {
		return err
	}
	for _, other := range s.mappings {
		if other.config.UUID != c.UUID && other.config.EventSourceArn == c.EventSourceArn && sameFunction(other.config.FunctionArn, c.FunctionArn) {
			return conflict(`An event source mapping with SQS arn (" %s ") and function (" %s ") already exists. `+
				`Please update or delete the existing mapping with UUID %s`, c.EventSourceArn, ref.name, other.config.UUID)
		}
	}
	return nil
}

// sameFunction tells whether two ARNs mean the same; the latest version is the one that no qualifier means.
func sameFunction(a, b string) bool {
	return strings.TrimSuffix(a, ":$LATEST") == strings.TrimSuffix(b, ":$LATEST")
}

// GetEventSourceMapping describes a mapping.
func (s *Service) GetEventSourceMapping(_ context.Context, in MappingInput) (*EventSourceMappingConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mappings[in.UUID]
	if m == nil {
		return nil, noSuchResource()
	}
	return m.show(), nil
}

// ListMappingsInput asks for one page of mappings, of one function or one queue if named.
type ListMappingsInput struct {
	EventSourceArn string `json:"-" query:"EventSourceArn"`
	FunctionName   string `json:"-" query:"FunctionName"`
	Marker         string `json:"-" query:"Marker"`
	MaxItems       int    `json:"-" query:"MaxItems"`
}

// ListMappingsOutput is one page of mappings.
type ListMappingsOutput struct {
	EventSourceMappings []*EventSourceMappingConfiguration
	NextMarker          string `json:",omitempty"`
}

// ListEventSourceMappings lists the mappings of a region, up to 100 at a time.
func (s *Service) ListEventSourceMappings(ctx context.Context, in ListMappingsInput) (*ListMappingsOutput, error) {
	var arn string
	if in.FunctionName != "" {
		ref, err := parseReference(ctx, in.FunctionName, "")
		if err != nil {
			return nil, err
		}
		arn = ref.qualified()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []*EventSourceMappingConfiguration{}
	for _, m := range s.mappings {
		if regionOf(m.config.EventSourceMappingArn) == wire.CallFrom(ctx).Region &&
			(in.EventSourceArn == "" || m.config.EventSourceArn == in.EventSourceArn) &&
			(arn == "" || sameFunction(m.config.FunctionArn, arn)) {
			all = append(all, m.show())
		}
	}
	page, next, err := wire.Page(all, func(c *EventSourceMappingConfiguration) string { return c.UUID }, in.Marker,
		pageSize(in.MaxItems, 100), "InvalidParameterValueException")
	return &ListMappingsOutput{EventSourceMappings: page, NextMarker: next}, err
}
