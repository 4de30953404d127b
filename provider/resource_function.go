package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

var (
	_ resource.ResourceWithConfigure      = (*functionResource)(nil)
	_ resource.ResourceWithIdentity       = (*functionResource)(nil)
	_ resource.ResourceWithImportState    = (*functionResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*functionResource)(nil)
	_ resource.ResourceWithValidateConfig = (*functionResource)(nil)
)

// functionTimeout is how long creating, updating or deleting a function may take unless configured.
const functionTimeout = 15 * time.Minute

type functionResource struct{ withData }

func newFunctionResource() resource.Resource { return &functionResource{} }

func (r *functionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_function"
}

func (r *functionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan functionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, newDiags := plan.Timeouts.Create(ctx, functionTimeout)
	resp.Diagnostics.Append(newDiags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if r.make(ctx, &plan, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
	}
}

// make makes a function with all that belongs to it, and reports whether plan is now what there is: all of it or, if that failed and could not
// be removed again, the rest.
func (r *functionResource) make(ctx context.Context, plan *functionModel, diags *diag.Diagnostics) bool {
	d := r.deployment(ctx, plan, diags)
	d.function.Tags = r.newTags(plan.Tags)
	if diags.HasError() {
		return false
	}
	err := r.clear(ctx, d.function.Name)
	if err == nil {
		err = r.complete(ctx, &d, nil)
	}
	if err != nil {
		addFunctionError(diags, "create", d.function.Name, err)
		return false
	}
	if !r.ship(ctx, plan, diags) {
		return false
	}
	function, uuids, err := r.create(ctx, &d)
	if err == nil {
		plan.setComputed(function, uuids)
		plan.RolePolicy = d.rolePolicy()
		r.creations.made(ctx, func(ctx context.Context) error { return r.cloud.UnmarkFunction(ctx, function.ARN) })
		return true
	}
	addFunctionError(diags, "create", d.function.Name, err)
	if err := r.undo(ctx, &d); err != nil {
		// The state must know it, so that destroying it removes the rest.
		plan.setComputed(&cloud.Function{RoleARN: d.function.RoleARN}, nil)
		plan.RolePolicy = d.rolePolicy()
		diags.AddError("Failed to clean up function", fmt.Sprintf("What was made of function %s could not be removed again; "+
			"the next apply goes on with it: %s", d.function.Name, sentence(err.Error())))
		return true
	}
	return false
}

func (r *functionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state functionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), state.Name)...)
	found, err := r.find(ctx, &state, r.cloud.SeenMappings)
	if cloud.IsNotFound(err) {
		imported, rest := state.ImageURI.IsNull(), false
		if !imported {
			rest, err = r.remain(ctx, &state)
		}
		if imported || err == nil && !rest {
			resp.State.RemoveResource(ctx)
			return
		}
		if err == nil { // destroying it removes the rest, and an update makes the function again
			state.ARN = types.StringNull()
			resp.Diagnostics.AddWarning("Function is gone", fmt.Sprintf("Somebody deleted function %s, but not all that belongs to it. "+
				"The next apply makes it again.", state.Name.ValueString()))
			resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
			return
		}
	}
	if err == nil && state.ImageURI.IsNull() {
		err = r.findImported(ctx, &state, &found)
	}
	if err != nil {
		addFunctionError(&resp.Diagnostics, "read", state.Name.ValueString(), err)
		return
	}
	r.read(ctx, &state, found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// findImported reads what else there is of a function that is being imported: the retention of its log group, and its role if that is the one
// that the provider makes.
func (r *functionResource) findImported(ctx context.Context, state *functionModel, found *foundFunction) error {
	days, err := r.cloud.Retention(ctx, found.LogGroup)
	if err == nil {
		log := defaultLog()
		log.Retention = types.Int32Value(days)
		state.Log = log.object()
	}
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	if found.Hidden {
		return errors.New("the credentials may not see its environment: let the policy of its KMS key allow them kms:Decrypt")
	}
	state.RoleARN = types.StringValue(found.RoleARN)
	if !r.ownsRole(state) {
		return nil
	}
	role, err := r.cloud.FindRole(ctx, cloud.RoleName(found.RoleARN))
	if err == nil {
		state.PermissionsBoundary = textOrNull(role.PermissionsBoundary)
		if role.Path != defaultRolePath {
			state.RolePath = types.StringValue(role.Path)
		}
	}
	if err := ignoreDenied(ignoreNotFound(err)); err != nil {
		return err
	}
	return r.findPolicy(ctx, state, found)
}

func (r *functionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan functionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, newDiags := plan.Timeouts.Update(ctx, functionTimeout)
	resp.Diagnostics.Append(newDiags...)
	old, d := r.deployment(ctx, &state, &resp.Diagnostics), r.deployment(ctx, &plan, &resp.Diagnostics)
	uuids := mapTexts(state.Mappings)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if state.ARN.IsNull() { // the function is gone, but not all that belongs to it
		if r.make(ctx, &plan, &resp.Diagnostics) {
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
			resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
		}
		return
	}
	if !plan.Fingerprint.Equal(state.Fingerprint) || !plan.ImageURI.Equal(state.ImageURI) {
		if !r.ship(ctx, &plan, &resp.Diagnostics) {
			return
		}
		d.repushed = !state.Source.IsNull() && state.Fingerprint.IsNull()
	}
	function, uuids, err := r.update(ctx, &old, &d, uuids)
	if err != nil {
		addFunctionError(&resp.Diagnostics, "update", d.function.Name, err)
		if d.runs != nil && d.runs.ImageURI == d.function.ImageURI {
			state.ImageURI, state.ImageDigest, state.Fingerprint = plan.ImageURI, types.StringValue(d.runs.ImageDigest), plan.Fingerprint
		}
		r.recordHalfUpdated(ctx, &state, resp)
		return
	}
	digest := state.ImageDigest.ValueString()
	if function != nil {
		digest = function.ImageDigest
	}
	plan.setComputed(&cloud.Function{
		ARN: state.ARN.ValueString(), RoleARN: d.function.RoleARN, ImageDigest: digest, LogGroup: d.function.LogGroup,
	}, uuids)
	plan.RolePolicy = d.rolePolicy()
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), plan.Name)...)
}

func (r *functionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state functionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, newDiags := state.Timeouts.Delete(ctx, functionTimeout)
	resp.Diagnostics.Append(newDiags...)
	d := r.deployment(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	rest := remains{
		name:     d.function.Name,
		mappings: slices.Collect(maps.Values(mapTexts(state.Mappings))),
		inVPC:    d.function.VPC.Is(),
		ownRole:  d.ownRole,
	}
	if !d.keepLogs {
		rest.logGroup = d.logGroup
	}
	err := r.destroy(ctx, rest)
	if err == nil && !d.ownRole {
		err = r.deleteForgottenRole(ctx, d.function.Name)
	}
	if err == nil {
		err = r.lowerNow(ctx, d.consumed())
	}
	if err != nil {
		addFunctionError(&resp.Diagnostics, "delete", rest.name, err)
	}
}

func (r *functionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root("name")
	importBy(ctx, at, at, importID{"function", "name", "it without account, region and version, such as acme-webhooks", functionName}, req, resp)
}

// recordHalfUpdated has the state say what became of a function whose update failed midway. Should that not be found out either, it stays
// what it was, and the next refresh finds out.
func (r *functionResource) recordHalfUpdated(ctx context.Context, state *functionModel, resp *resource.UpdateResponse) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	found, err := r.find(ctx, state, r.cloud.FindMappings)
	if err != nil {
		return
	}
	r.read(ctx, state, found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// rolePolicy returns what is in the state of the role's policy; null for a role that is brought along.
func (d *deployment) rolePolicy() types.String {
	if !d.ownRole {
		return types.StringNull()
	}
	return types.StringValue(d.document())
}

// deployment returns a model as what is to be deployed, or was.
func (r *functionResource) deployment(ctx context.Context, m *functionModel, diags *diag.Diagnostics) deployment {
	d := m.deployment(ctx, diags)
	d.ownRole = r.ownsRole(m)
	return d
}

// ownsRole reports whether the function's role is the one that the provider makes, or is going to make.
func (r *functionResource) ownsRole(m *functionModel) bool {
	return m.RoleARN.IsUnknown() || cloud.RoleName(m.RoleARN.ValueString()) == roleName(m.Name.ValueString(), r.cloud.Region)
}
