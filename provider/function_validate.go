package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

const invalidFunction = "Invalid function"

var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)

// reservedVariables are set by Lambda, which refuses functions that set them.
var reservedVariables = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_X_AMZN_TRACE_ID",
}

// ownVariables are set by the provider from attributes of their own.
var ownVariables = map[string]string{envHandler: "handler", envReset: "reset", envQueues: "send_to", envSecrets: "secrets"}

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
		validateQueue(path.Root("queues").AtMapKey(label), queue, &resp.Diagnostics)
	}
	validateLog(&config, ctx, &resp.Diagnostics)
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

// validateEnvironment names variables only, never their values.
func validateEnvironment(variables map[string]attr.Value, diags *diag.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		at := path.Root("environment").AtMapKey(name)
		if attribute, ok := ownVariables[name]; ok {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %s is set by the attribute %s. Use that.", name, attribute))
			continue
		}
		if slices.Contains(reservedVariables, name) {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %s is reserved: Lambda sets it itself. Remove it.", name))
			continue
		}
		if !variableName.MatchString(name) {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %q cannot be set in Lambda: names begin with a letter, "+
				"have at least two characters, and are of letters, digits and _. Rename it.", name))
		}
	}
}

func validateQueue(at path.Path, queue functionQueueModel, diags *diag.Diagnostics) {
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

func validateLog(config *functionModel, ctx context.Context, diags *diag.Diagnostics) {
	if config.Log.IsNull() || config.Log.IsUnknown() {
		return
	}
	log := config.log(ctx, diags)
	if !log.Level.IsNull() && !log.Format.IsUnknown() && log.Format.ValueString() != "JSON" {
		blame(diags, path.Root("log").AtName("level"), invalidFunction, "Lambda filters by level only if it writes JSON. Set "+
			"format = \"JSON\", or remove level.")
	}
}

// checkARN checks that a known ARN is of this service, of this region and, if account is not empty, of this account.
func (r *functionResource) checkARN(at path.Path, text, service, thing, account string, diags *diag.Diagnostics) bool {
	parsed, err := arn.Parse(text)
	switch {
	case err != nil || parsed.Service != service || parsed.Resource == "":
		blame(diags, at, invalidFunction, fmt.Sprintf("%q is not the ARN of a %s, which begins with arn:%s:%s:%s:.", text, thing,
			r.cloud.Partition, service, r.cloud.Region))
	case parsed.Region != r.cloud.Region:
		blame(diags, at, invalidFunction, fmt.Sprintf("The %s %s is in region %s, but the function will be in %s, and Lambda "+
			"uses only those of its own region. Name a %s in %s, or give this resource a provider configured for %s.",
			thing, text, parsed.Region, r.cloud.Region, thing, r.cloud.Region, parsed.Region))
	case account != "" && parsed.AccountID != account:
		blame(diags, at, invalidFunction, fmt.Sprintf("The %s %s belongs to account %s, but the credentials are of account %s. Name "+
			"a %s of this account, or give this resource a provider configured for the other.", thing, text, parsed.AccountID, account, thing))
	default:
		return true
	}
	return false
}

// checkEnvironmentSize adds up the environment as Lambda measures it, as far as it is known. It shows sizes only.
func (m *functionModel) checkEnvironmentSize(diags *diag.Diagnostics) {
	variables, all := knownTexts(m.Environment)
	user := encodedSize(variables)
	maps.Copy(variables, m.ownEnvironment(listTexts(m.Secrets)))
	urls := map[string]string{}
	sendTo, _ := knownTexts(m.SendTo)
	for label, text := range sendTo {
		if parsed, err := arn.Parse(text); err == nil {
			urls[label] = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", parsed.Region, parsed.AccountID, parsed.Resource)
		}
	}
	if len(urls) > 0 {
		variables[envQueues] = joinQueues(urls)
	}
	if size := encodedSize(variables); size > maxEnvironment {
		qualifier := ""
		if !all {
			qualifier = "at least "
		}
		blame(diags, path.Root("environment"), invalidFunction, fmt.Sprintf("The function's environment has %s%d bytes, and Lambda "+
			"allows %d: %d are those of environment, the rest those of handler, reset, secrets and send_to. Put large values into a secret, "+
			"which the app loads itself, or into the image.", qualifier, size, maxEnvironment, user))
	}
}

// encodedSize returns the number of bytes of variables as JSON, which is what Lambda measures.
func encodedSize(variables map[string]string) int {
	encoded, err := json.Marshal(variables)
	if err != nil {
		return 0 // strings always marshal
	}
	return len(encoded)
}
