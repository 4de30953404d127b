// Package run holds the events by which the handlers tell each other about a run: one look at the commits of a push or of a
// pull request.
package run

// Types of the events about a run.
const (
	Requested = "run.requested" // to the queue jobs, with a [Request]
	Finished  = "run.finished"  // to the queue deliveries, with a [Result]
)

// RequestedID returns the ID of the event that requests a run because of the event cause. It depends on nothing else, so that
// a webhook that arrives twice asks for the same run twice, which its receiver can tell.
func RequestedID(cause string) string { return "run-" + cause }

// FinishedID returns the ID of the event that tells of the end of the run that the event requested asked for.
func FinishedID(requested string) string { return requested + "-finished" }

// Source is what a run looks at, and why.
type Source struct {
	Repository string `json:"repository"` // full name, such as "octo/hello"
	Ref        string `json:"ref"`        // such as "refs/heads/main" or "refs/pull/2/head"
	Commit     string `json:"commit"`     // hash of the newest commit; zeros if the ref was deleted
	Cause      string `json:"cause"`      // "push", "pull_request.opened" or "pull_request.synchronize"
}

// Request asks for a run.
type Request struct {
	Source
	// Commits are those of the push, oldest first. GitHub does not send the commits of a pull request.
	Commits []Commit `json:"commits,omitempty"`
	// Totals are GitHub's own numbers about a pull request; nil for a push.
	Totals *Totals `json:"totals,omitempty"`
}

// Commit names the files that one commit changed. Paths are relative to the repository, with forward slashes.
type Commit struct {
	ID       string   `json:"id"`
	Added    []string `json:"added,omitempty"`
	Modified []string `json:"modified,omitempty"`
	Removed  []string `json:"removed,omitempty"`
}

// Totals are the numbers that GitHub sends about a pull request in place of its commits.
type Totals struct {
	Commits      int `json:"commits"`
	ChangedFiles int `json:"changed_files"`
	Additions    int `json:"additions"` // lines
	Deletions    int `json:"deletions"` // lines
}

// Result is what a run found.
type Result struct {
	Source
	Commits    int                `json:"commits"`
	Files      Changes            `json:"files"`
	Folders    map[string]Changes `json:"folders,omitempty"`    // by top folder; files of the root are under "."
	Extensions map[string]Changes `json:"extensions,omitempty"` // by extension with its dot, in lower case; "" for none
	Totals     *Totals            `json:"totals,omitempty"`     // as in the request
}

// Changes counts files by what became of them.
type Changes struct {
	Added    int `json:"added"`
	Modified int `json:"modified"`
	Removed  int `json:"removed"`
}
