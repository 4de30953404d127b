package lambda

import (
	"context"
	"math"
	"sync"
	"time"
)

// How pollers scale, in batches that are handled at a time, as the documentation of Lambda says: five to begin with, 300 more per
// minute while there is a backlog, up to 1250. A provisioned poller counts ten.
const (
	initialBatches   = 5
	growthInterval   = time.Minute / 300
	maximumBatches   = 1250
	batchesPerPoller = 10
)

// slots limits how many batches are handled at a time. The limit follows the load.
type slots struct {
	least, most int

	mu    sync.Mutex
	limit int
	taken int
	grown time.Time     // when the limit last changed
	freed chan struct{} // holds a token when a slot was given back
}

// scale is between how many batches at a time a mapping's poller scales.
func scale(c EventSourceMappingConfiguration) (least, most int) {
	least, most = initialBatches, maximumBatches
	if c.ScalingConfig != nil {
		most = *c.ScalingConfig.MaximumConcurrency
	}
	if provisioned := c.ProvisionedPollerConfig; provisioned != nil {
		least, most = *provisioned.MinimumPollers*batchesPerPoller, *provisioned.MaximumPollers*batchesPerPoller
	}
	return min(least, most), most
}

func newSlots(least, most int) *slots {
	return &slots{least: least, most: most, limit: least, grown: time.Now(), freed: make(chan struct{}, 1)}
}

// take waits for a slot; false if ctx ends before. When all are taken it raises the limit, as fast as Lambda scales.
func (s *slots) take(ctx context.Context) bool {
	for ctx.Err() == nil {
		patience := s.tryTake()
		if patience == 0 {
			return true
		}
		timer := time.NewTimer(patience)
		select {
		case <-s.freed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return false
}

// tryTake takes a slot and returns 0, or returns how long it will be until the limit can be raised.
func (s *slots) tryTake() (patience time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.limit {
		if s.limit >= s.most {
			return math.MaxInt64
		}
		if left := growthInterval - time.Since(s.grown); left > 0 {
			return left
		}
		s.limit++
		s.grown = time.Now()
	}
	s.taken++
	return 0
}

func (s *slots) put() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	select {
	case s.freed <- struct{}{}:
	default: // somebody is told already
	}
}

// idle gives a slot back that found nothing to do: there is no backlog.
func (s *slots) idle() {
	s.put()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.grown = s.least, time.Now()
}

// shrink lowers the limit because the function has no room for as many batches.
func (s *slots) shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = max(1, s.limit-1)
	s.grown = time.Now()
}
