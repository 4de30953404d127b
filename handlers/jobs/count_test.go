package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
)

func TestCount(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		commits []run.Commit
		want    run.Result
	}{
		"nothing": {
			want: run.Result{Folders: map[string]run.Changes{}, Extensions: map[string]run.Changes{}},
		},
		"folders and extensions": {
			commits: []run.Commit{{
				Added:    []string{"cmd/acme/main.go", "README.md", "cmd/Makefile"},
				Modified: []string{"sdk/app.go", "sdk/.hidden/App.GO"},
				Removed:  []string{"docs/old.tar.gz"},
			}},
			want: run.Result{
				Commits: 1,
				Files:   run.Changes{Added: 3, Modified: 2, Removed: 1},
				Folders: map[string]run.Changes{"cmd": {Added: 2}, ".": {Added: 1}, "sdk": {Modified: 2}, "docs": {Removed: 1}},
				Extensions: map[string]run.Changes{
					".go": {Added: 1, Modified: 2}, ".md": {Added: 1}, "": {Added: 1}, ".gz": {Removed: 1},
				},
			},
		},
		"several commits on the same files": {
			commits: []run.Commit{
				{Added: []string{"a/kept.go", "a/gone.go"}, Removed: []string{"a/back.go", "a/off.go"}},
				{Modified: []string{"a/kept.go", "a/edited.go"}, Removed: []string{"a/gone.go"}, Added: []string{"a/back.go"}},
				{Removed: []string{"a/edited.go"}},
			},
			want: run.Result{
				Commits:    3,
				Files:      run.Changes{Added: 1, Modified: 1, Removed: 2},
				Folders:    map[string]run.Changes{"a": {Added: 1, Modified: 1, Removed: 2}},
				Extensions: map[string]run.Changes{".go": {Added: 1, Modified: 1, Removed: 2}},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, count(run.Request{Commits: test.commits})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCountKeepsWhatTheRequestSays(t *testing.T) {
	t.Parallel()
	source := run.Source{Repository: "octo/hello", Ref: "refs/pull/2/head", Commit: "abc", Cause: "pull_request.opened"}
	totals := &run.Totals{Commits: 1, ChangedFiles: 3, Additions: 7, Deletions: 2}
	result := count(run.Request{Source: source, Totals: totals})
	if result.Source != source || result.Totals != totals {
		t.Errorf("got %+v", result)
	}
}
