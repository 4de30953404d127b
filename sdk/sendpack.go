package sdk

import "slices"

// load is what goes into one call.
type load struct {
	entries []*entry
	size    int // in bytes
}

func (c *load) takes(e *entry) bool {
	return len(c.entries) < maxEntries && c.size+e.size() <= maxMessageSize
}

func (c *load) add(e *entry) { c.entries, c.size = append(c.entries, e), c.size+e.size() }

// pack distributes entries over as few calls as possible, or hardly more. It leaves them in order if that takes no more calls; else it
// takes the larger ones first. To spread them evenly is best where many small ones are to fill the calls, to fill one call after the
// other where size is what counts.
func pack(entries []*entry) []*load {
	size := 0
	for _, e := range entries {
		size += e.size()
	}
	least := max(ceilDiv(len(entries), maxEntries), ceilDiv(size, maxMessageSize))
	packed := inSequence(entries)
	if len(packed) == least {
		return packed
	}
	emptier := func(a, b *load) bool { return a.size < b.size }
	fuller := func(a, b *load) bool { return a.size > b.size }
	bySize := slices.SortedStableFunc(slices.Values(entries), func(a, b *entry) int { return b.size() - a.size() })
	for _, other := range [][]*load{fill(bySize, least, emptier), fill(bySize, 0, fuller)} {
		if len(other) < len(packed) {
			packed = other
		}
	}
	return packed
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func inSequence(entries []*entry) []*load {
	var calls []*load
	for len(entries) > 0 {
		c := firstLoad(entries)
		calls, entries = append(calls, c), entries[len(c.entries):]
	}
	return calls
}

// firstLoad takes entries until one does not fit.
func firstLoad(entries []*entry) *load {
	c := new(load)
	for _, e := range entries {
		if !c.takes(e) {
			break
		}
		c.add(e)
	}
	return c
}

// fill puts each entry into the best of n calls that takes it, or else into a further one.
func fill(entries []*entry, n int, better func(a, b *load) bool) []*load {
	var calls []*load
	for range n {
		calls = append(calls, new(load))
	}
	for _, e := range entries {
		var best *load
		for _, c := range calls {
			if c.takes(e) && (best == nil || better(c, best)) {
				best = c
			}
		}
		if best == nil {
			best = new(load)
			calls = append(calls, best)
		}
		best.add(e)
	}
	return calls
}
