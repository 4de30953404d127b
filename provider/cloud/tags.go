package cloud

import (
	"maps"
	"slices"
)

// tagChanges returns the tags to set and the keys to remove that turn old into want.
func tagChanges(old, want map[string]string) (set map[string]string, removed []string) {
	set = map[string]string{}
	for key, value := range want {
		if have, ok := old[key]; !ok || have != value {
			set[key] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if _, ok := want[key]; !ok {
			removed = append(removed, key)
		}
	}
	return set, removed
}
