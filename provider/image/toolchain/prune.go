package toolchain

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of a cache: beyond maxReleases (of some 220 MB each) those used longest ago go, but none that was used within minAge, since a
// build may be running with it.
const (
	maxReleases = 3
	minAge      = 24 * time.Hour
)

// stagePrefix of what is being written.
const stagePrefix = "stage-"

// touch notes that a release is in use, which only pruning asks for.
func (c *Cache) touch(dir string) {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(dir, stateFile), now, now)
}

// prune removes releases beyond the limits, and what a killed process left. It does what it can: a cache that is too large is no reason
// to fail.
func (c *Cache) prune() {
	entries, _ := os.ReadDir(c.Dir)
	var releases []fs.FileInfo
	used := map[string]time.Time{}
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil || !info.IsDir():
		case strings.HasPrefix(info.Name(), stagePrefix):
			if time.Since(info.ModTime()) > minAge {
				_ = os.RemoveAll(filepath.Join(c.Dir, info.Name()))
			}
		case strings.HasPrefix(info.Name(), "go1"):
			releases = append(releases, info)
			if state, err := os.Stat(filepath.Join(c.Dir, info.Name(), stateFile)); err == nil {
				used[info.Name()] = state.ModTime()
			}
		}
	}
	slices.SortFunc(releases, func(a, b fs.FileInfo) int { return used[b.Name()].Compare(used[a.Name()]) })
	for n, info := range releases {
		if n < maxReleases || time.Since(used[info.Name()]) <= minAge {
			continue
		}
		gone := filepath.Join(c.Dir, stagePrefix+info.Name())
		if err := os.Rename(filepath.Join(c.Dir, info.Name()), gone); err == nil { // at once, so that nobody takes half of it
			_ = os.RemoveAll(gone)
		}
	}
}
