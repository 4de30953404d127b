package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// latestVersion is what mappings invoke: the function as it is.
const latestVersion = "$LATEST"

// ModifyPlan derives what is not configured, and checks what is against AWS if anything is to change.
func (r *functionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.providerData == nil {
		return
	}
	var config, plan functionModel
	var state *functionModel
	if !req.State.Raw.IsNull() {
		state = &functionModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if req.Plan.Raw.IsNull() {
		if state != nil {
			r.reservations.plan(state.Name.ValueString(), -int(state.ReservedConcurrency.ValueInt32()))
		}
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil && state.ARN.IsNull() { // the function is gone, but not all that belongs to it
		plan.ARN = types.StringUnknown()
	}
	r.derive(ctx, &config, state, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && !state.Fingerprint.IsNull() && state.ImageURI.Equal(plan.ImageURI) {
		quiet := plan
		quiet.keepImage(state)
		resp.Diagnostics.Append(preferNoChange(ctx, &resp.Plan, req.State, quiet)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if resp.Plan.Raw.Equal(req.State.Raw) {
		r.checkPlannedQueues(ctx, &plan, &resp.Diagnostics)
		return
	}
	if config.RoleARN.IsNull() { // what has changed until the apply plans again must not contradict this plan
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("role_policy"), types.StringUnknown())...)
	}
	r.check(ctx, &config, state, &plan, &resp.Diagnostics)
}

// derive sets what follows from the configuration and the state.
func (r *functionResource) derive(ctx context.Context, config, state, plan *functionModel, diags *diag.Diagnostics) {
	plan.TagsAll = r.allTags(plan.Tags, diags)
	if plan.knowsQueues() && !plan.Queues.IsNull() {
		planned := plan.queues(ctx, diags)
		for label, share := range shares(config.ReservedConcurrency, config.queues(ctx, diags)) {
			queue := planned[label]
			queue.MaximumConcurrency = share
			planned[label] = queue
		}
		plan.setQueues(planned)
	}
	if !plan.Log.IsUnknown() {
		log := plan.log(ctx, diags)
		log.Level = logLevel(log.Format, config.log(ctx, diags).Level)
		plan.Log = log.object()
		plan.LogGroupName = plannedLogGroup(plan, log)
	}
	plan.Version = types.StringValue(latestVersion)
	if config.RoleARN.IsNull() {
		plan.RoleARN = types.StringUnknown()
		if state != nil && state.Name.Equal(plan.Name) && !state.RoleARN.IsNull() && r.ownsRole(state) {
			plan.RoleARN = state.RoleARN
		}
	}
	r.planPolicy(ctx, config, state, plan, diags)
	r.planImage(ctx, config, state, plan, diags)
	plan.Mappings = plannedMappings(ctx, state, plan, diags)
}

// plannedMappings returns the mappings' UUIDs, which are known if the function drains the same queues as before.
func plannedMappings(ctx context.Context, state, plan *functionModel, diags *diag.Diagnostics) types.Map {
	unknown := types.MapUnknown(types.StringType)
	if !plan.knowsQueues() || plan.ARN.IsUnknown() {
		return unknown
	}
	uuids := map[string]attr.Value{}
	if state != nil {
		for label, queue := range state.queues(ctx, diags) {
			uuids[queue.ARN.ValueString()] = state.Mappings.Elements()[label]
		}
	}
	known := map[string]attr.Value{}
	for label, queue := range plan.queues(ctx, diags) {
		uuid, ok := uuids[queue.ARN.ValueString()]
		if !ok || uuid == nil || queue.ARN.IsUnknown() {
			return unknown
		}
		known[label] = uuid
	}
	return types.MapValueMust(types.StringType, known)
}

// shares returns the maximum concurrency of each queue: the configured one, or an equal share of what the others leave of the reserved
// concurrency, between the least and the most that a mapping allows.
func shares(reserved types.Int32, queues map[string]functionQueueModel) map[string]types.Int32 {
	result := map[string]types.Int32{}
	left, unknown := reserved.ValueInt32(), reserved.IsUnknown()
	var open []string
	for _, label := range slices.Sorted(maps.Keys(queues)) {
		configured := queues[label].MaximumConcurrency
		if configured.IsNull() && queues[label].hasPollers() {
			result[label] = configured
			continue
		}
		if configured.IsNull() {
			open = append(open, label)
			continue
		}
		result[label] = configured
		unknown = unknown || configured.IsUnknown()
		left -= configured.ValueInt32()
	}
	for i, label := range open {
		count := int32(len(open))
		share := left / count
		if int32(i) < left%count {
			share++
		}
		switch {
		case reserved.IsNull():
			result[label] = types.Int32Null()
		case unknown:
			result[label] = types.Int32Unknown()
		default:
			result[label] = types.Int32Value(min(max(share, minMaximumConcurrency), maxMaximumConcurrency))
		}
	}
	return result
}
