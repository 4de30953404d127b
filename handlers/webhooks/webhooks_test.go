package webhooks_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/handlers/webhooks"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

func TestRecordedWebhooks(t *testing.T) {
	t.Parallel()
	recorded, err := payloads.Read(filepath.Join("..", payloads.File))
	if err != nil {
		t.Fatal(err)
	}
	batch := make([]sdktest.Event, len(recorded))
	for i, payload := range recorded {
		batch[i] = sdktest.Event{Type: "github." + payload.Event, Data: payload.Body}
	}
	result := sdktest.Invoke(t, sdk.New("acme", webhooks.Handler()), "webhooks", batch...)
	for i, message := range result.Messages {
		if message.Outcome != sdktest.Handled {
			t.Errorf("payload %d (%s) was %s: %v", i, recorded[i].Event, message.Outcome, message.Err)
		}
	}

	causes := make(map[string]int)
	for _, sent := range result.Sent {
		if sent.Queue != "jobs" || sent.Type != run.Requested || !strings.HasPrefix(sent.ID, "run-event-") {
			t.Errorf("sent %s %s to %s", sent.Type, sent.ID, sent.Queue)
		}
		request := sdktest.Data[run.Request](t, sent)
		causes[request.Cause]++
		if request.Repository != "Codertocat/Hello-World" || request.Ref == "" || len(request.Commit) != 40 {
			t.Errorf("requested a run of %+v", request.Source)
		}
	}
	want := map[string]int{"push": 7, "pull_request.opened": 4, "pull_request.synchronize": 1}
	if diff := cmp.Diff(want, causes); diff != "" {
		t.Error(diff)
	}
}

func TestRequestedRuns(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		eventType, data string
		want            *run.Request // nil: no run
	}{
		"push": {
			eventType: "github.push",
			data: `{"ref":"refs/heads/main","after":"abc","repository":{"full_name":"octo/hello"},
				"commits":[{"id":"abc","added":["a.go"],"modified":[],"removed":["b.go"],"message":"hi"}]}`,
			want: &run.Request{
				Source:  run.Source{Repository: "octo/hello", Ref: "refs/heads/main", Commit: "abc", Cause: "push"},
				Commits: []run.Commit{{ID: "abc", Added: []string{"a.go"}, Modified: nil, Removed: []string{"b.go"}}},
			},
		},
		"new commits of a pull request": {
			eventType: "github.pull_request",
			data: `{"action":"synchronize","number":2,"repository":{"full_name":"octo/hello"},
				"pull_request":{"head":{"sha":"abc"},"commits":3,"changed_files":4,"additions":5,"deletions":6}}`,
			want: &run.Request{
				Source: run.Source{Repository: "octo/hello", Ref: "refs/pull/2/head", Commit: "abc", Cause: "pull_request.synchronize"},
				Totals: &run.Totals{Commits: 3, ChangedFiles: 4, Additions: 5, Deletions: 6},
			},
		},
		"closed pull request": {
			eventType: "github.pull_request",
			data:      `{"action":"closed","number":2,"repository":{"full_name":"octo/hello"}}`,
		},
		"ping":                {eventType: "github.ping", data: `{"hook_id":1,"hook":{"type":"Repository","events":["*"]}}`},
		"event without a use": {eventType: "github.star", data: `{"action":"created"}`},
		"event of the future": {eventType: "github.telepathy", data: `[]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := sdk.New("acme", webhooks.Handler())
			event := sdktest.Event{ID: "delivery", Type: test.eventType, Data: json.RawMessage(test.data)}
			// GitHub may deliver an event twice, and so may SQS. What follows must bear the same ID.
			for range 2 {
				result := sdktest.Invoke(t, app, "webhooks", event)
				if result.Messages[0].Outcome != sdktest.Handled {
					t.Fatalf("got %+v", result.Messages[0])
				}
				if test.want == nil {
					if len(result.Sent) > 0 {
						t.Errorf("sent %+v", result.Sent)
					}
					continue
				}
				if len(result.Sent) != 1 || result.Sent[0].ID != "run-delivery" {
					t.Fatalf("sent %+v", result.Sent)
				}
				if diff := cmp.Diff(*test.want, sdktest.Data[run.Request](t, result.Sent[0])); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestPayloadsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", webhooks.Handler())
	for name, event := range map[string]sdktest.Event{
		"push of nothing":      {Type: "github.push", Data: json.RawMessage(`{}`)},
		"push of wrong type":   {Type: "github.push", Data: json.RawMessage(`{"ref":1}`)},
		"nothing to pull":      {Type: "github.pull_request", Data: json.RawMessage(`{"action":"opened"}`)},
		"not from GitHub":      {Type: "gitlab.push", Data: json.RawMessage(`{}`)},
		"push that is no JSON": {Body: `{"specversion":"1.0","id":"1","type":"github.push","data":`},
	} {
		result := sdktest.Invoke(t, app, "webhooks", event)
		if result.Messages[0].Outcome != sdktest.DeadLettered || len(result.Sent) > 0 {
			t.Errorf("%s: got %+v, sent %+v", name, result.Messages[0], result.Sent)
		}
	}
}
