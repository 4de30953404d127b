// Package webhooks is the handler of what GitHub tells: it turns pushes and pull requests into runs.
package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// Handler takes every GitHub event. Every push, and every pull request that is opened or gets new commits, requests a run on
// the queue jobs.
func Handler() sdk.AppOption {
	return sdk.Handler("webhooks",
		sdk.On("github.push", onPush),
		sdk.On("github.pull_request", onPullRequest),
		sdk.On("github.ping", onPing),
		sdk.On("github.*", onAnyOther),
		sdk.SendsTo("jobs"),
		sdk.Timeout(30*time.Second),
	)
}

func onPush(ctx context.Context, e sdk.Event[Push]) error {
	if e.Data.Ref == "" || e.Data.Repository.FullName == "" {
		return sdk.Permanent(errors.New("the push has no ref or no repository.full_name"))
	}
	return request(ctx, e.ID, e.Data.request())
}

func onPullRequest(ctx context.Context, e sdk.Event[PullRequest]) error {
	if e.Data.Number == 0 || e.Data.Repository.FullName == "" {
		return sdk.Permanent(errors.New("the pull request has no number or no repository.full_name"))
	}
	if !e.Data.changesCommits() {
		return nil
	}
	return request(ctx, e.ID, e.Data.request())
}

// request asks for a run because of the event cause.
func request(ctx context.Context, cause string, request run.Request) error {
	return sdk.Send(ctx, "jobs", run.Requested, request, sdk.WithID(run.RequestedID(cause)))
}

func onPing(ctx context.Context, e sdk.Event[Ping]) error {
	sdk.Logger(ctx).InfoContext(ctx, "webhook connected",
		slog.Int64("hookId", e.Data.HookID), slog.String("hookType", e.Data.Hook.Type), slog.Any("events", e.Data.Hook.Events))
	return nil
}

// onAnyOther accepts the events that acme does nothing about, so that they leave the queue.
func onAnyOther(ctx context.Context, e sdk.Event[json.RawMessage]) error {
	sdk.Logger(ctx).DebugContext(ctx, "event ignored", slog.String("type", e.Type), slog.Int("bytes", len(e.Data)))
	return nil
}
