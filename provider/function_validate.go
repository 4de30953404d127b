package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

const invalidFunction = "Invalid function"

// ValidateConfig checks what needs no AWS. Unknown values are checked once they are known.
func (r *functionResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config functionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateImage(ctx, &config, &resp.Diagnostics)
	validateEnvironment(config.Environment.Elements(), &resp.Diagnostics)
	for label, queue := range config.queues(ctx, &resp.Diagnostics) {
		validateQueue(ctx, path.Root("queues").AtMapKey(label), queue, &resp.Diagnostics)
	}
	validateLog(ctx, &config, &resp.Diagnostics)
	if _, err := statementsOf(config.Policy.ValueString()); err != nil {
		blame(&resp.Diagnostics, path.Root("policy"), invalidFunction, sentence(err.Error()))
	}
}

// validateImage checks that there is one image, and one place for it.
func validateImage(ctx context.Context, config *functionModel, diags *diag.Diagnostics) {
	at, given, built := path.Root("repository"), !config.ImageURI.IsNull(), !config.Source.IsNull()
	switch {
	case config.ImageURI.IsUnknown() || config.Source.IsUnknown() || config.Repository.IsUnknown():
	case !given && !built:
		blame(diags, path.Root("image_uri"), invalidFunction, "The function has no image. Set image_uri, best to that of a handler_image, or "+
			"source and repository to have one built for this function.")
	case given && built:
		blame(diags, path.Root("source"), invalidFunction, "The function has two images. Remove source to run the one of image_uri, or "+
			"image_uri to run the one that is built from source.")
	case given && !config.Repository.IsNull():
		blame(diags, at, invalidFunction, "The image of image_uri has a repository. Remove this one, which is for an image built from source.")
	case built && config.Repository.IsNull():
		blame(diags, at, invalidFunction, "The image that is built from source has no place to go. Set repository = { name = \"…\" }.")
	case built:
		repository := config.repository(ctx, diags)
		if known := !repository.Name.IsUnknown() && !repository.URL.IsUnknown(); known && repository.Name.IsNull() == repository.URL.IsNull() {
			blame(diags, at, invalidFunction, "Set name, for a repository that is made if it is missing, or url, for one that is there; not both.")
		}
	}
}

func validateQueue(ctx context.Context, at path.Path, queue functionQueueModel, diags *diag.Diagnostics) {
	validatePollers(ctx, at, queue, diags)
	for i, pattern := range queue.Filters.Elements() {
		text, ok := pattern.(types.String)
		if known := ok && !text.IsUnknown() && !text.IsNull(); known && !isObject(text.ValueString()) {
			blame(diags, at.AtName("filters").AtListIndex(i), invalidFunction, "A filter is a JSON object that messages have to match. Write it "+
				"with jsonencode, as { body = { type = [\"github.push\"] } }.")
		}
	}
	batch, window := queue.BatchSize, queue.BatchingWindow
	if batch.IsUnknown() || window.IsUnknown() || queue.ARN.IsUnknown() {
		return
	}
	size, seconds := int32(defaultBatch), window.ValueInt32()
	if !batch.IsNull() {
		size = batch.ValueInt32()
	}
	if strings.HasSuffix(queue.ARN.ValueString(), fifoSuffix) {
		if size > maxFIFOBatch {
			blame(diags, at.AtName("batch_size"), invalidFunction, fmt.Sprintf("A batch of a FIFO queue has at most %d messages, "+
				"not %d. Lower batch_size.", maxFIFOBatch, size))
		}
		if seconds > 0 {
			blame(diags, at.AtName("batching_window"), invalidFunction, "FIFO queues have no batching window. Remove batching_window.")
		}
		return
	}
	if size > maxBatchWithoutWindow && seconds == 0 {
		blame(diags, at.AtName("batching_window"), invalidFunction, fmt.Sprintf("Lambda makes batches of more than %d messages (here "+
			"%d) only if it may wait for them. Set batching_window to 1 or more, or lower batch_size.", maxBatchWithoutWindow, size))
	}
}

func isObject(text string) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}

func validatePollers(ctx context.Context, at path.Path, queue functionQueueModel, diags *diag.Diagnostics) {
	var model pollersModel
	if queue.ProvisionedPollers.IsNull() || queue.ProvisionedPollers.IsUnknown() {
		return
	}
	if !queue.MaximumConcurrency.IsNull() && !queue.MaximumConcurrency.IsUnknown() {
		blame(diags, at.AtName("provisioned_pollers"), invalidFunction, "Lambda takes provisioned pollers or a maximum concurrency for a queue, "+
			"not both. Remove maximum_concurrency, and limit the invocations by provisioned_pollers.maximum, 10 for each.")
	}
	diags.Append(queue.ProvisionedPollers.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	if model.Maximum.IsUnknown() || model.Minimum.IsUnknown() {
		return
	}
	least, most := orNumber(model.Minimum, minPollers), orNumber(model.Maximum, defaultMaximumPollers)
	if least > most {
		blame(diags, at.AtName("provisioned_pollers"), invalidFunction, fmt.Sprintf("A minimum of %d pollers is above the maximum of %d. "+
			"Lower minimum, or raise maximum.", least, most))
	}
}

func orNumber(number types.Int32, byDefault int32) int32 {
	if number.IsNull() {
		return byDefault
	}
	return number.ValueInt32()
}

func validateLog(ctx context.Context, config *functionModel, diags *diag.Diagnostics) {
	if config.Log.IsNull() || config.Log.IsUnknown() {
		return
	}
	log := config.log(ctx, diags)
	if !log.Level.IsNull() && !log.Format.IsUnknown() && log.Format.ValueString() != "JSON" {
		blame(diags, path.Root("log").AtName("level"), invalidFunction, "Lambda filters by level only if it writes JSON. Set "+
			"format = \"JSON\", or remove level.")
	}
}
