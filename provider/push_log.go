package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// logPush logs a step of a push.
func logPush(ctx context.Context, event image.PushEvent) {
	fields := map[string]any{"image": event.Image}
	if event.Layer != "" {
		fields["layer"], fields["bytes"] = event.Layer, event.Bytes
	}
	if event.Kind == image.PushRetried {
		fields["reason"] = event.Reason
		tflog.Warn(ctx, event.Kind, fields)
		return
	}
	tflog.Info(ctx, event.Kind, fields)
}
