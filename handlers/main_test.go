package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

func TestAppRegistersWhatTheQuickstartDeploys(t *testing.T) {
	t.Parallel()
	want := sdk.Description{App: "acme", Handlers: map[string]sdk.HandlerDescription{
		"webhooks": {
			Events:  []string{"github.*", "github.ping", "github.pull_request", "github.push"},
			SendTo:  []string{"jobs"},
			Timeout: 30,
		},
		"jobs":       {Events: []string{"run.requested"}, SendTo: []string{"deliveries"}, Timeout: 30},
		"deliveries": {Events: []string{"run.finished"}, Timeout: 25},
	}}
	if diff := cmp.Diff(want, newApp().Describe()); diff != "" {
		t.Error(diff)
	}
}
