package sdk

import "slices"

// pack distributes entries over calls by first fit decreasing: as few as possible, or hardly more.
func pack(entries []*entry) [][]*entry {
	type call struct {
		entries []*entry
		size    int
	}
	var open []*call // that have room for a smaller entry
	var packed [][]*entry
	for _, e := range slices.SortedStableFunc(slices.Values(entries), func(a, b *entry) int { return b.size() - a.size() }) {
		i := slices.IndexFunc(open, func(c *call) bool { return c.size+e.size() <= maxMessageSize })
		if i < 0 {
			i = len(open)
			open = append(open, new(call))
		}
		c := open[i]
		c.entries, c.size = append(c.entries, e), c.size+e.size()
		if len(c.entries) == maxEntries {
			packed = append(packed, c.entries)
			open = slices.Delete(open, i, i+1)
		}
	}
	for _, c := range open {
		packed = append(packed, c.entries)
	}
	return packed
}

// fitting is how many of the first entries go into one call.
func fitting(entries []*entry) int {
	size := 0
	for n, e := range entries {
		size += e.size()
		if n == maxEntries || size > maxMessageSize {
			return n
		}
	}
	return len(entries)
}
