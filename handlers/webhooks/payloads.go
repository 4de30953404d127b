package webhooks

import (
	"strconv"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
)

// Push is what the handler reads of GitHub's event push.
type Push struct {
	Ref        string       `json:"ref"`
	After      string       `json:"after"` // hash of the newest commit, zeros if the ref was deleted
	Repository Repository   `json:"repository"`
	Commits    []run.Commit `json:"commits"`
}

func (p Push) request() run.Request {
	return run.Request{
		Source:  run.Source{Repository: p.Repository.FullName, Ref: p.Ref, Commit: p.After, Cause: "push"},
		Commits: p.Commits,
	}
}

// PullRequest is what the handler reads of GitHub's event pull_request.
type PullRequest struct {
	Action      string     `json:"action"`
	Number      int        `json:"number"`
	Repository  Repository `json:"repository"`
	PullRequest struct {
		run.Totals
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
}

// changesCommits tells whether the event brings commits that no run has looked at yet.
func (p PullRequest) changesCommits() bool {
	return p.Action == "opened" || p.Action == "synchronize"
}

func (p PullRequest) request() run.Request {
	return run.Request{
		Source: run.Source{
			Repository: p.Repository.FullName,
			Ref:        "refs/pull/" + strconv.Itoa(p.Number) + "/head",
			Commit:     p.PullRequest.Head.SHA,
			Cause:      "pull_request." + p.Action,
		},
		Totals: &p.PullRequest.Totals,
	}
}

// Ping is what the handler reads of GitHub's event ping, the first that a new webhook sends.
type Ping struct {
	HookID int64 `json:"hook_id"`
	Hook   struct {
		Type   string   `json:"type"` // "Repository", "Organization" or "App"
		Events []string `json:"events"`
	} `json:"hook"`
}

// Repository names a repository.
type Repository struct {
	FullName string `json:"full_name"`
}
