package idempotency

import (
	"context"
	"sync"
	"time"
)

// Memory is a [Store] in the memory of one process: for tests, and where all handlers run in one process, as on a laptop. On Lambda it
// recognises only what one runtime sees. The zero value is ready for use.
//
// It holds at most twice as many entries as have not expired, and a thousand.
type Memory struct {
	mu      sync.Mutex
	entries map[string]memoryEntry
	limit   int // of entries, before those that expired are removed
}

type memoryEntry struct {
	state State // InProgress or Done
	owner string
	until time.Time
}

// minLimit is how many entries are not worth a look for those that expired.
const minLimit = 1000

// Begin is [Store].Begin.
func (m *Memory) Begin(ctx context.Context, key, owner string, until time.Time) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	entry, ok := m.get(key)
	switch {
	case !ok:
		m.put(key, memoryEntry{InProgress, owner, until})
		return Answer{State: Acquired}, nil
	case entry.state == InProgress && entry.owner == owner:
		return Answer{State: Acquired}, nil
	case entry.state == InProgress:
		return Answer{State: InProgress, Until: entry.until}, nil
	}
	return Answer{State: Done}, nil
}

// Done is [Store].Done.
func (m *Memory) Done(ctx context.Context, key, owner string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if entry, ok := m.get(key); ok && entry.owner != owner {
		return ErrNotOwner
	}
	m.put(key, memoryEntry{Done, owner, until})
	return nil
}

// Release is [Store].Release.
func (m *Memory) Release(ctx context.Context, key, owner string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if entry, ok := m.get(key); ok && entry.owner == owner {
		delete(m.entries, key)
	}
	return nil
}

// get returns the entry of a key, unless it has expired.
func (m *Memory) get(key string) (memoryEntry, bool) {
	entry, ok := m.entries[key]
	return entry, ok && time.Now().Before(entry.until)
}

// put stores an entry. Each look for those that expired is paid for by as many entries made since the one before.
func (m *Memory) put(key string, entry memoryEntry) {
	if m.entries == nil {
		m.entries = make(map[string]memoryEntry)
	}
	m.entries[key] = entry
	if len(m.entries) <= max(m.limit, minLimit) {
		return
	}
	now := time.Now()
	for key, entry := range m.entries {
		if !now.Before(entry.until) {
			delete(m.entries, key)
		}
	}
	m.limit = 2 * len(m.entries)
}
