package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/sdk/expression"
)

const invalidSchedule = "Invalid schedule"

// ValidateConfig checks what needs no AWS. Unknown values are checked once they are known.
func (r *scheduleResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config scheduleModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		config.validate(ctx, &resp.Diagnostics)
	}
}

func (m *scheduleModel) validate(ctx context.Context, diags *diag.Diagnostics) {
	zone := time.UTC
	if !m.Timezone.IsNull() && !m.Timezone.IsUnknown() {
		var err error
		if zone, err = expression.Zone(m.Timezone.ValueString()); err != nil {
			blame(diags, path.Root("timezone"), invalidSchedule, sentence(err.Error()))
			zone = time.UTC
		}
	}
	if !m.Expression.IsUnknown() {
		if _, err := expression.Parse(m.Expression.ValueString(), zone); err != nil {
			blame(diags, path.Root("expression"), invalidSchedule, sentence(err.Error()))
		}
	}
	for attribute, value := range map[string]types.String{"start": m.Start, "end": m.End} {
		if !value.IsNull() && !value.IsUnknown() && instant(value).IsZero() {
			blame(diags, path.Root(attribute), invalidSchedule, fmt.Sprintf("%q is no time. Write it in RFC 3339, such as "+
				"2027-01-31T08:00:00Z or 2027-01-31T09:00:00+01:00.", value.ValueString()))
		}
	}
	if start, end := instant(m.Start), instant(m.End); !start.IsZero() && !end.IsZero() && !start.Before(end) {
		blame(diags, path.Root("end"), invalidSchedule, fmt.Sprintf("The schedule ends at %s, before it begins at %s. Set a later end.",
			m.End.ValueString(), m.Start.ValueString()))
	}
	m.validateGroup(diags)
	m.validateEvent(ctx, diags)
}

// validateGroup checks that there is a message group if the queue needs one.
func (m *scheduleModel) validateGroup(diags *diag.Diagnostics) {
	if m.QueueARN.IsUnknown() || m.MessageGroup.IsUnknown() {
		return
	}
	switch fifo := strings.HasSuffix(m.QueueARN.ValueString(), fifoSuffix); {
	case fifo && m.MessageGroup.IsNull():
		blame(diags, path.Root("message_group"), invalidSchedule, fmt.Sprintf("The queue %s is a FIFO queue, whose messages belong to a "+
			"group. Set message_group.", m.QueueARN.ValueString()))
	case !fifo && !m.MessageGroup.IsNull():
		blame(diags, path.Root("message_group"), invalidSchedule, fmt.Sprintf("The queue %s is a standard queue, to which Scheduler sends "+
			"without a group. Remove message_group, or name a FIFO queue.", m.QueueARN.ValueString()))
	}
}

func (m *scheduleModel) validateEvent(ctx context.Context, diags *diag.Diagnostics) {
	if m.Event.IsNull() || m.Event.IsUnknown() {
		return
	}
	event, at := m.event(ctx, diags), path.Root("event").AtName("data")
	switch data := event.Data.ValueString(); {
	case event.Data.IsNull() || event.Data.IsUnknown():
	case !json.Valid([]byte(data)):
		blame(diags, at, invalidSchedule, "The data is no JSON. Write it with jsonencode, a plain text too.")
	default:
		if body, err := event.body(); err == nil && len(body) > maxScheduleBody {
			blame(diags, at, invalidSchedule, fmt.Sprintf("The event has %d bytes, and Scheduler sends at most %d. Send where to find the "+
				"data instead.", len(body), maxScheduleBody))
		}
	}
}

// ModifyPlan derives what is not configured, and checks what will be known only now.
func (r *scheduleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.providerData == nil {
		return
	}
	var config, state, plan scheduleModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.derive(ctx, &config, &state, &plan, &resp.Diagnostics); err != nil {
		resp.Diagnostics.AddError("Failed to plan schedule", sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if resp.Diagnostics.HasError() || resp.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	plan.validate(ctx, &resp.Diagnostics)
	r.checkARN(path.Root("queue_arn"), plan.QueueARN, queueARN, invalidSchedule, "schedule", &resp.Diagnostics)
	r.checkOwnARN(ctx, path.Root("permissions_boundary"), plan.PermissionsBoundary, policyARN, invalidSchedule, "schedule", &resp.Diagnostics)
	r.checkARN(path.Root("kms_key_arn"), plan.KMSKeyARN, keyARN, invalidSchedule, "schedule", &resp.Diagnostics)
	plan.warnIfIdle(time.Now(), &resp.Diagnostics)
}

// derive sets what follows from the configuration and the state, which is zero if there is none.
func (r *scheduleResource) derive(ctx context.Context, config, state, plan *scheduleModel, diags *diag.Diagnostics) error {
	plan.TagsAll = r.allTags(plan.Tags, diags)
	plan.ARN, plan.RoleARN = types.StringUnknown(), types.StringUnknown()
	switch {
	case plan.Name.IsUnknown():
	case !state.ARN.IsNull() && state.Name.Equal(plan.Name):
		plan.ARN = state.ARN
		if r.ownsRole(state) && !r.queueKeyChanges(ctx, plan) {
			plan.RoleARN = state.RoleARN
		}
	default:
		account, err := r.cloud.Account(ctx)
		if err != nil {
			return err
		}
		plan.ARN = types.StringValue(r.cloud.ScheduleARN(account, plan.Name.ValueString()))
	}
	if config.Event.IsUnknown() || !config.event(ctx, diags).Source.IsNull() {
		return nil
	}
	event := plan.event(ctx, diags)
	event.Source = plan.ARN
	plan.Event = event.object()
	return nil
}

// queueKeyChanges reports whether this run plans another key for the queue, which the role has to be permitted then.
func (r *scheduleResource) queueKeyChanges(ctx context.Context, plan *scheduleModel) bool {
	queueARN := plan.QueueARN.ValueString()
	planned, ok := r.queues.get(queueARN)
	if !ok {
		return false
	}
	attributes, err := r.cloud.SeenQueue(ctx, queueARN)
	return err == nil && (planned.key.IsUnknown() || planned.key.ValueString() != attributes[cloud.AttributeKMSKey])
}

// warnIfIdle says that a schedule will never fire, or never again.
func (m *scheduleModel) warnIfIdle(now time.Time, diags *diag.Diagnostics) {
	if m.Expression.IsUnknown() || m.Timezone.IsUnknown() || m.Start.IsUnknown() || m.End.IsUnknown() {
		return
	}
	parsed, err := m.parsed()
	if err != nil {
		return
	}
	if parsed.Once() {
		if parsed.Next(now, now).IsZero() {
			diags.AddAttributeWarning(path.Root("expression"), "Schedule does not fire", fmt.Sprintf("The time of %s (%s) has passed, so the "+
				"schedule does not fire any more.", m.Expression.ValueString(), m.Timezone.ValueString()))
		}
		return
	}
	from, end := now, instant(m.End)
	if start := instant(m.Start); start.After(now) {
		from = start
	}
	next := parsed.Next(from.Add(-1), from)
	switch {
	case next.IsZero():
		diags.AddAttributeWarning(path.Root("expression"), "Schedule does not fire", fmt.Sprintf("There is no time any more that %s matches.",
			m.Expression.ValueString()))
	case !end.IsZero() && next.After(end):
		diags.AddAttributeWarning(path.Root("end"), "Schedule does not fire", fmt.Sprintf("The schedule ends at %s, and would fire next at %s.",
			m.End.ValueString(), next.UTC().Format(time.RFC3339)))
	}
}

// ownsRole reports whether the schedule's role is the one that the provider makes.
func (r *scheduleResource) ownsRole(m *scheduleModel) bool {
	return cloud.RoleName(m.RoleARN.ValueString()) == r.roleName(m.Name.ValueString())
}
