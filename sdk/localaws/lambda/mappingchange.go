package lambda

import (
	"context"
	"net/http"
	"slices"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// settledLocked finds a mapping that can be changed now.
func (s *Service) settledLocked(id, verb string) (*mapping, error) {
	m := s.mappings[id]
	if m == nil {
		return nil, noSuchResource()
	}
	if !slices.Contains([]string{"Enabled", "Disabled"}, m.config.State) {
		return nil, wire.Errorf("ResourceInUseException", "Cannot %s the event source mapping because it is in use.", verb).
			WithStatus(http.StatusBadRequest)
	}
	return m, nil
}

// UpdateEventSourceMapping changes a mapping. It takes effect when the batches that are being handled have ended.
func (s *Service) UpdateEventSourceMapping(ctx context.Context, in MappingInput) (*EventSourceMappingConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.settledLocked(in.UUID, "update")
	if err != nil {
		return nil, err
	}
	config := in.apply(m.config)
	if in.FunctionName != "" {
		ref, err := parseReference(ctx, in.FunctionName, "")
		if err != nil {
			return nil, err
		}
		config.FunctionArn = ref.qualified()
	}
	if err := validateMapping(in, config); err != nil {
		return nil, err
	}
	filters, err := parseFilters(config.FilterCriteria)
	if err != nil {
		return nil, err
	}
	if in.FunctionName != "" {
		if err := s.validatePairLocked(config); err != nil {
			return nil, err
		}
	}
	enabled, wanted := m.enabled(), m.enabled()
	set(&wanted, in.Enabled)
	m.config = config
	switch {
	case !enabled && !wanted:
		return m.show(), nil // nothing runs that would have to change
	case wanted && !enabled:
		m.config.State = "Enabling"
	case wanted:
		m.config.State = "Updating"
	default:
		m.config.State = "Disabling"
	}
	answer := m.show()
	previous := m.poller
	m.poller = nil
	if previous != nil {
		previous.stop()
	}
	if wanted {
		s.pollLocked(m, filters, previous)
	} else {
		s.settleLocked(previous, func() { m.config.State = "Disabled" })
	}
	return answer, nil
}

// DeleteEventSourceMapping deletes a mapping. It is there, Deleting, until the batches that are being handled have ended.
func (s *Service) DeleteEventSourceMapping(_ context.Context, in MappingInput) (*EventSourceMappingConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.settledLocked(in.UUID, "delete")
	if err != nil {
		return nil, err
	}
	m.config.State = "Deleting"
	previous := m.poller
	m.poller = nil
	if previous != nil {
		previous.stop()
	}
	s.settleLocked(previous, func() { delete(s.mappings, in.UUID) })
	return m.show(), nil
}

// settleLocked calls then, in the background and locked, when a poller that may be nil has ended.
func (s *Service) settleLocked(previous *poller, then func()) {
	s.startLocked(func(context.Context) {
		if previous != nil {
			<-previous.done
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		then()
	})
}

// pollLocked starts a mapping's poller after the previous one, which may be nil, has ended.
func (s *Service) pollLocked(m *mapping, filters []filter, previous *poller) {
	p := newPoller(s, m.config, filters)
	m.poller = p
	s.startLocked(func(ctx context.Context) {
		defer close(p.done)
		if previous != nil {
			<-previous.done
		}
		s.mu.Lock()
		if m.poller == p {
			m.config.State = "Enabled"
		}
		s.mu.Unlock()
		p.run(ctx)
	})
}
