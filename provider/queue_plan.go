package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// ModifyPlan derives what is not configured, and says what a plan means for the messages.
func (r *queueResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.providerData == nil {
		return
	}
	var config, plan queueModel
	var state *queueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		state = &queueModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.TagsAll = r.allTags(plan.Tags, &resp.Diagnostics)
	if !strings.HasPrefix(plan.KMSKeyARN.ValueString(), kmsAlias) {
		r.checkARN(path.Root("kms_key_arn"), plan.KMSKeyARN, keyARN, "Invalid queue", "queue", &resp.Diagnostics)
	}
	if config.VisibilityTimeout.IsNull() {
		plan.VisibilityTimeout = derivedVisibility(plan.FunctionTimeout)
	}
	if state != nil && !plan.Name.IsUnknown() && !state.Name.Equal(plan.Name) {
		warnOfReplacement(state, &plan, &resp.Diagnostics)
	}
	r.planAddresses(ctx, state, &plan, &resp.Diagnostics)
	r.queues.set(state, &plan)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if key := plan.KMSKeyARN.ValueString(); isAliasOfCustomer(key) && !resp.Plan.Raw.Equal(req.State.Raw) {
		resp.Diagnostics.AddAttributeWarning(path.Root("kms_key_arn"), "Key is named by an alias", fmt.Sprintf("IAM does not permit keys by their "+
			"alias, so the roles of functions and schedules that use queue %s will not be permitted %s. Name the key by its ARN, or add it to "+
			"the functions' policy.", plan.Name.ValueString(), key))
	}
}

// isAliasOfCustomer reports whether a key is named by an alias that is not AWS's own.
func isAliasOfCustomer(key string) bool {
	_, alias, ok := strings.Cut(key, kmsAlias)
	return ok && !strings.HasPrefix(alias, "aws/")
}

// planAddresses sets the ARNs, which follow from the names: what refers to a queue is known before the queue is made.
func (r *queueResource) planAddresses(ctx context.Context, state, plan *queueModel, diags *diag.Diagnostics) {
	same, gone := state != nil && state.Name.Equal(plan.Name), state != nil && state.ARN.IsNull()
	account := ""
	if (!same || gone) && !plan.Name.IsUnknown() {
		var err error
		if account, err = r.cloud.Account(ctx); err != nil {
			tflog.Debug(ctx, "ARN of queue is not known", map[string]any{"error": err.Error()})
		}
	}
	if gone {
		plan.ARN = r.plannedARN(account, plan.Name.ValueString())
	}
	if !same {
		plan.ARN, plan.URL = r.plannedARN(account, plan.Name.ValueString()), types.StringUnknown()
	}
	plan.DeadLetterARN, plan.DeadLetterURL = types.StringUnknown(), types.StringUnknown()
	if plan.DeadLetter.IsUnknown() {
		return
	}
	deadLetter := plan.deadLetter(ctx, diags)
	switch {
	case deadLetter.Enabled.IsUnknown():
	case !deadLetter.Enabled.ValueBool():
		plan.setDeadLetterURL("", "")
	case same && !state.DeadLetterURL.IsNull():
		plan.DeadLetterARN, plan.DeadLetterURL = state.DeadLetterARN, state.DeadLetterURL
	case same && !gone:
		plan.DeadLetterARN = types.StringValue(deadLetterName(state.ARN.ValueString()))
	default:
		plan.DeadLetterARN = r.plannedARN(account, deadLetterName(plan.Name.ValueString()))
	}
}

func (r *queueResource) plannedARN(account, name string) types.String {
	if account == "" {
		return types.StringUnknown()
	}
	return types.StringValue(r.cloud.ARN("sqs", account, name))
}

// warnOfReplacement says that another name, or another type, is another queue.
func warnOfReplacement(state, plan *queueModel, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("name"), "Queue is replaced", fmt.Sprintf("SQS cannot rename a queue or change its type, so %s is destroyed "+
		"and %s is made. Messages do not move. While %s or its dead-letter queue holds any, its destruction is refused, unless force_destroy is "+
		"set: let its function drain it first, as by draining both queues for a while.", state.Name.ValueString(), plan.Name.ValueString(), state.Name.ValueString()))
}

// derivedVisibility returns the visibility timeout for a function's timeout.
func derivedVisibility(functionTimeout types.Int32) types.Int32 {
	switch {
	case functionTimeout.IsUnknown():
		return types.Int32Unknown()
	case functionTimeout.IsNull():
		return types.Int32Value(visibilityFactor * defaultFunctionTimeout)
	default:
		return types.Int32Value(visibilityFactor * functionTimeout.ValueInt32())
	}
}
