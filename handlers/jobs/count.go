package jobs

import (
	"path"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
)

// change is what the commits of a run, taken together, did to one file.
type change int

const (
	added change = iota + 1
	modified
	removed
)

// count tells how many files the commits of request added, modified and removed, in all, by top folder and by extension. A
// file that several commits touch counts once, with what they did to it together: added and then modified is added, added and
// then removed is nothing, removed and then added is modified.
func count(request run.Request) run.Result {
	result := run.Result{
		Source:     request.Source,
		Commits:    len(request.Commits),
		Folders:    make(map[string]run.Changes),
		Extensions: make(map[string]run.Changes),
		Totals:     request.Totals,
	}
	for file, change := range netChanges(request.Commits) {
		tally(&result.Files, change)
		tallyUnder(result.Folders, topFolder(file), change)
		tallyUnder(result.Extensions, strings.ToLower(path.Ext(path.Base(file))), change)
	}
	return result
}

// netChanges folds commits, oldest first, into one change per file.
func netChanges(commits []run.Commit) map[string]change {
	changes := make(map[string]change)
	for _, commit := range commits {
		for _, file := range commit.Added {
			if changes[file] == removed {
				changes[file] = modified
			} else {
				changes[file] = added
			}
		}
		for _, file := range commit.Modified {
			if changes[file] != added {
				changes[file] = modified
			}
		}
		for _, file := range commit.Removed {
			if changes[file] == added {
				delete(changes, file)
			} else {
				changes[file] = removed
			}
		}
	}
	return changes
}

func tally(changes *run.Changes, change change) {
	switch change {
	case added:
		changes.Added++
	case modified:
		changes.Modified++
	case removed:
		changes.Removed++
	}
}

func tallyUnder(counts map[string]run.Changes, key string, change change) {
	changes := counts[key]
	tally(&changes, change)
	counts[key] = changes
}

// topFolder returns the first folder of the path of file, "." for a file of the root.
func topFolder(file string) string {
	folder, _, found := strings.Cut(file, "/")
	if !found {
		return "."
	}
	return folder
}
