package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

func TestRunsAreDone(t *testing.T) {
	t.Parallel()
	source := run.Source{Repository: "octo/hello", Ref: "refs/heads/main", Commit: "abc", Cause: "push"}
	event := sdktest.Event{
		ID:   "run-delivery",
		Type: run.Requested,
		Data: run.Request{Source: source, Commits: []run.Commit{{ID: "abc", Added: []string{"README.md"}}}},
	}
	app := sdk.New("acme", Handler())
	for range 2 { // a run that is done twice must tell so by its ID
		result := sdktest.Invoke(t, app, "jobs", event)
		if result.Messages[0].Outcome != sdktest.Handled || len(result.Sent) != 1 {
			t.Fatalf("got %+v", result)
		}
		sent := result.Sent[0]
		if sent.Queue != "deliveries" || sent.Type != run.Finished || sent.ID != "run-delivery-finished" {
			t.Errorf("sent %s %s to %s", sent.Type, sent.ID, sent.Queue)
		}
		want := run.Result{
			Source:     source,
			Commits:    1,
			Files:      run.Changes{Added: 1},
			Folders:    map[string]run.Changes{".": {Added: 1}},
			Extensions: map[string]run.Changes{".md": {Added: 1}},
		}
		if diff := cmp.Diff(want, sdktest.Data[run.Result](t, sent)); diff != "" {
			t.Error(diff)
		}
	}
}
