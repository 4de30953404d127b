package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// check compares the plan with what AWS and the image say. What is not known yet is not checked, and what the credentials may not look
// at neither: the apply finds out.
func (r *functionResource) check(ctx context.Context, config, state, plan *functionModel, diags *diag.Diagnostics) {
	plan.checkEnvironmentSize(diags)
	r.checkRole(ctx, config, diags)
	r.checkARN(path.Root("kms_key_arn"), config.KMSKeyARN, keyARN, invalidFunction, "function", diags)
	r.checkOwnARN(ctx, path.Root("permissions_boundary"), config.PermissionsBoundary, policyARN, invalidFunction, "function", diags)
	r.checkImage(ctx, state, plan, diags)
	r.checkQueues(ctx, state, plan, diags)
	r.checkSecrets(ctx, plan, diags)
	r.checkConcurrency(ctx, config, plan, diags)
	r.checkAccount(ctx, state, plan, diags)
}

// checkRole checks that a role that is brought along is one, of this account, and not the one that the provider makes, which it would take
// for its own.
func (r *functionResource) checkRole(ctx context.Context, config *functionModel, diags *diag.Diagnostics) {
	if !r.checkOwnARN(ctx, path.Root("role_arn"), config.RoleARN, roleARN, invalidFunction, "function", diags) {
		return
	}
	if !config.RoleARN.IsUnknown() && !config.Name.IsUnknown() && r.ownsRole(config) {
		blame(diags, path.Root("role_arn"), invalidFunction, fmt.Sprintf("%s is the role that the provider makes for this function itself. "+
			"Remove role_arn, or bring a role of another name.", config.RoleARN.ValueString()))
	}
}

// checkQueues checks the ARNs of all queues, and the visibility timeouts of those to be drained.
func (r *functionResource) checkQueues(ctx context.Context, state, plan *functionModel, diags *diag.Diagnostics) {
	queues := plan.queues(ctx, diags)
	sendTo, _ := knownTexts(plan.SendTo)
	if len(queues)+len(sendTo) == 0 {
		return
	}
	for _, label := range slices.Sorted(maps.Keys(sendTo)) {
		r.checkARN(path.Root("send_to").AtMapKey(label), types.StringValue(sendTo[label]), queueARN, invalidFunction, "function", diags)
	}
	drained := map[string]bool{} // as before, so that nobody needs to be asked
	if state != nil && state.Timeout.Equal(plan.Timeout) {
		for _, queue := range state.queues(ctx, diags) {
			_, planned := r.queues.get(queue.ARN.ValueString())
			drained[queue.ARN.ValueString()] = !planned
		}
	}
	byARN := map[string]string{}
	for _, label := range slices.Sorted(maps.Keys(queues)) {
		arn := queues[label].ARN
		if arn.IsUnknown() {
			continue
		}
		at := path.Root("queues").AtMapKey(label).AtName("arn")
		if other, ok := byARN[arn.ValueString()]; ok {
			blame(diags, at, invalidFunction, fmt.Sprintf("The labels %q and %q name the same queue. Remove one.", other, label))
			continue
		}
		byARN[arn.ValueString()] = label
		if r.checkARN(at, arn, queueARN, invalidFunction, "function", diags) && !drained[arn.ValueString()] {
			r.checkVisibility(ctx, at, arn.ValueString(), plan.Timeout, diags)
		}
	}
}

// checkPlannedQueues checks the visibility timeouts of queues that change under a function that does not.
func (r *functionResource) checkPlannedQueues(ctx context.Context, plan *functionModel, diags *diag.Diagnostics) {
	for label, queue := range plan.queues(ctx, diags) {
		if _, planned := r.queues.get(queue.ARN.ValueString()); planned {
			r.checkVisibility(ctx, path.Root("queues").AtMapKey(label).AtName("arn"), queue.ARN.ValueString(), plan.Timeout, diags)
		}
	}
}

// checkVisibility checks that a message stays hidden for as long as the function may take for it.
func (r *functionResource) checkVisibility(ctx context.Context, at path.Path, queueARN string, timeout types.Int32, diags *diag.Diagnostics) {
	visibility, ok := r.visibility(ctx, queueARN)
	if !ok || timeout.IsUnknown() || visibility >= timeout.ValueInt32() {
		return
	}
	blame(diags, at, invalidFunction, fmt.Sprintf("The queue %s hides a received message for %d seconds, but the function may take "+
		"%d, in which the message would be received again; Lambda refuses that. Raise the queue's visibility timeout to %d (6 times the "+
		"function's timeout), and apply that first if the queue is not a handler_queue, or lower timeout.",
		queueARN, visibility, timeout.ValueInt32(), visibilityFactor*timeout.ValueInt32()))
}

// visibility returns the visibility timeout that this run plans for a queue, or that it has in AWS, in seconds.
func (r *functionResource) visibility(ctx context.Context, queueARN string) (int32, bool) {
	facts, err := r.queueFactsOf(ctx, queueARN)
	if err != nil {
		tflog.Debug(ctx, "visibility timeout of queue is not known", map[string]any{"arn": queueARN, "error": err.Error()})
		return 0, false
	}
	return facts.visibility.ValueInt32(), !facts.visibility.IsNull() && !facts.visibility.IsUnknown()
}

// checkConcurrency checks that the mappings never invoke the function more often at once than is reserved: messages of throttled
// invocations count as received, and end in the dead-letter queue unhandled.
func (r *functionResource) checkConcurrency(ctx context.Context, config, plan *functionModel, diags *diag.Diagnostics) {
	if plan.ReservedConcurrency.IsNull() || plan.ReservedConcurrency.IsUnknown() {
		return
	}
	reserved := plan.ReservedConcurrency.ValueInt32()
	configured := config.queues(ctx, diags)
	if reserved == 0 { // somebody stops it, which must not fail
		warnOfStop(plan.queues(ctx, diags), diags)
		return
	}
	sum, enabled := int32(0), 0
	for label, queue := range plan.queues(ctx, diags) {
		maximum := queue.MaximumConcurrency
		if queue.Enabled.IsUnknown() || maximum.IsUnknown() {
			return
		}
		if !queue.Enabled.ValueBool() {
			continue
		}
		if pollers := queue.pollers(ctx, diags); pollers != nil {
			warnOfPollers(path.Root("queues").AtMapKey(label), pollers, reserved, diags)
			continue
		}
		enabled++
		sum += maximum.ValueInt32()
		if maximum.ValueInt32() > reserved && !configured[label].MaximumConcurrency.IsNull() {
			blame(diags, path.Root("queues").AtMapKey(label).AtName("maximum_concurrency"), invalidFunction, fmt.Sprintf(
				"A maximum concurrency of %d is above the function's reserved concurrency of %d, so Lambda would throttle it and messages "+
					"would be dead-lettered unhandled. Lower it, remove it to have it derived, or raise reserved_concurrency.",
				maximum.ValueInt32(), reserved))
			return
		}
	}
	if sum > reserved {
		blame(diags, path.Root("reserved_concurrency"), invalidFunction, fmt.Sprintf("The function reserves a concurrency of %d, but "+
			"its %d queues may invoke it %d times at once (Lambda allows no maximum below %d for a queue). It would be throttled, and messages "+
			"of throttled invocations are dead-lettered unhandled. Reserve at least %d, disable queues, or remove reserved_concurrency.",
			reserved, enabled, sum, minMaximumConcurrency, sum))
	}
}

// warnOfStop says what becomes of the messages of a function that nobody may invoke.
func warnOfStop(queues map[string]functionQueueModel, diags *diag.Diagnostics) {
	for label, queue := range queues {
		if queue.Enabled.ValueBool() {
			diags.AddAttributeWarning(path.Root("queues").AtMapKey(label), "Messages may be dead-lettered unhandled", "The function reserves no "+
				"concurrency, so that it is never invoked. Its queues are still polled, and messages of throttled invocations count as received. "+
				"Set enabled = false here to have them wait.")
		}
	}
}

// warnOfPollers says that pollers which a queue has for itself may cause more invocations than are reserved.
func warnOfPollers(at path.Path, pollers *cloud.Pollers, reserved int32, diags *diag.Diagnostics) {
	if most := pollers.Maximum * invocationsPerPoller; most > reserved {
		diags.AddAttributeWarning(at, "Messages may be dead-lettered unhandled", fmt.Sprintf("%d provisioned pollers invoke the function up to %d "+
			"times at once, but it reserves a concurrency of %d. Messages of throttled invocations count as received. Lower "+
			"provisioned_pollers.maximum to %d, or reserve more.", pollers.Maximum, most, reserved, max(reserved/invocationsPerPoller, minPollers)))
	}
}

// checkAccount checks that the account has what all functions of this plan want to reserve.
func (r *functionResource) checkAccount(ctx context.Context, state, plan *functionModel, diags *diag.Diagnostics) {
	if plan.ReservedConcurrency.IsUnknown() {
		return
	}
	before := int32(0)
	switch {
	case state == nil || state.ARN.IsNull():
	case state.Name.Equal(plan.Name):
		before = state.ReservedConcurrency.ValueInt32()
	default: // it is replaced, and destroyed first unless configured otherwise
		r.reservations.plan(state.Name.ValueString(), -int(state.ReservedConcurrency.ValueInt32()))
	}
	name, reserved := plan.Name.ValueString(), plan.ReservedConcurrency.ValueInt32()
	sum := r.reservations.plan(name, int(reserved-before))
	if reserved <= before {
		return
	}
	limits, err := r.cloud.Limits(ctx)
	if err != nil {
		tflog.Debug(ctx, "concurrency limits are not known", map[string]any{"error": err.Error()})
		return
	}
	if limits.Unreserved-sum >= limits.Floor() {
		return
	}
	if state == nil {
		// A function that is replaced gives back what it has reserved.
		if existing, err := r.cloud.FindFunction(ctx, name); err == nil && existing.Reserved != nil {
			sum = r.reservations.plan(name, int(reserved-*existing.Reserved))
		}
	}
	if limits.Unreserved-sum < limits.Floor() {
		blame(diags, path.Root("reserved_concurrency"), "Not enough concurrency", fmt.Sprintf("The functions of this plan reserve %d "+
			"more concurrent executions than now. The account has %d unreserved in %s, of which Lambda keeps %d. Reserve less, or ask AWS for "+
			"more concurrent executions in Service Quotas. If functions are to give some back, apply that first.", sum, limits.Unreserved, r.cloud.Region, limits.Floor()))
	}
}
