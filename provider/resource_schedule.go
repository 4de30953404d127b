package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

var (
	_ resource.ResourceWithConfigure      = (*scheduleResource)(nil)
	_ resource.ResourceWithIdentity       = (*scheduleResource)(nil)
	_ resource.ResourceWithImportState    = (*scheduleResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*scheduleResource)(nil)
	_ resource.ResourceWithValidateConfig = (*scheduleResource)(nil)
)

type scheduleResource struct{ withData }

func newScheduleResource() resource.Resource { return &scheduleResource{} }

func (r *scheduleResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_schedule"
}

func (r *scheduleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan scheduleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	schedule := plan.schedule(ctx, time.Now(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.make(ctx, &plan, &schedule, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
	}
}

// make makes a schedule with its role, and reports whether it did.
func (r *scheduleResource) make(ctx context.Context, plan *scheduleModel, schedule *cloud.Schedule, diags *diag.Diagnostics) bool {
	err := r.create(ctx, plan, schedule)
	if err == nil {
		r.creations.made(ctx, func(ctx context.Context) error { return r.cloud.UnmarkRole(ctx, r.roleName(schedule.Name)) })
		return true
	}
	addScheduleError(diags, "create", schedule.Name, err)
	if err := r.undo(ctx, schedule, err); err != nil {
		diags.AddError("Failed to clean up schedule", fmt.Sprintf("What was made of schedule %s could not be removed again; "+
			"the next apply uses it: %s", schedule.Name, sentence(err.Error())))
	}
	return false
}

func (r *scheduleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state scheduleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), state.Name)...)
	found, err := r.find(ctx, state.Name.ValueString())
	imported := state.Expression.IsNull()
	if cloud.IsNotFound(err) {
		rest := false
		if !imported {
			rest, err = r.roleRemains(ctx, state.Name.ValueString())
		}
		if imported || err == nil && !rest {
			resp.State.RemoveResource(ctx)
			return
		}
		if err == nil { // destroying it removes the rest, and an update makes the schedule again
			state.ARN = types.StringNull()
			resp.Diagnostics.AddWarning("Schedule is gone", fmt.Sprintf("Somebody deleted schedule %s, but not its role. The next apply makes "+
				"it again.", state.Name.ValueString()))
			resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
			return
		}
	}
	if err != nil {
		addScheduleError(&resp.Diagnostics, "read", state.Name.ValueString(), err)
		return
	}
	state.read(ctx, found.Schedule, &resp.Diagnostics)
	if found.role != nil {
		state.PermissionsBoundary = textOrNull(found.role.PermissionsBoundary)
		state.TagsAll = textMapOrNull(r.withoutIgnored(found.role.Tags))
		if imported {
			state.Tags = r.ownTags(r.withoutIgnored(found.role.Tags))
		}
	}
	if found.lostRole || !r.ownsRole(&state) || r.otherPolicy(ctx, &state, found.policy) {
		state.RoleARN = types.StringNull() // the next apply makes it
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *scheduleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan scheduleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if state.ARN.IsNull() { // the schedule is gone, but not its role
		schedule := plan.schedule(ctx, time.Now(), &resp.Diagnostics)
		if !resp.Diagnostics.HasError() && r.make(ctx, &plan, &schedule, &resp.Diagnostics) {
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
			resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
		}
		return
	}
	if err := r.update(ctx, &state, &plan); err != nil {
		// The state stays what it was; the next refresh finds out what of the update happened.
		addScheduleError(&resp.Diagnostics, "update", plan.Name.ValueString(), err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
}

func (r *scheduleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state scheduleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := state.Name.ValueString()
	err := r.cloud.DeleteSchedule(ctx, name)
	if err == nil {
		err = r.deleteRole(ctx, &state)
	}
	if err != nil {
		addScheduleError(&resp.Diagnostics, "delete", name, err)
	}
}

func (r *scheduleResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root("name")
	importBy(ctx, at, at, importID{"schedule", "name", "that of one of the default group, such as acme-nightly", scheduleName}, req, resp)
}

// addScheduleError says which act failed on which schedule, and why.
func addScheduleError(diags *diag.Diagnostics, act, name string, err error) {
	summary, detail := "Failed to "+act+" schedule", fmt.Sprintf("Schedule %s: %s", name, sentence(err.Error()))+importHint(err, "handler_schedule")
	missing, ok := errors.AsType[*missingQueueError](err)
	switch {
	case ok:
		blame(diags, missing.at, summary, detail)
	case cloud.IsExists(err):
		blame(diags, path.Root("name"), summary, detail)
	default:
		diags.AddError(summary, detail)
	}
}
