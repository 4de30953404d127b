package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// prepareRole lets the function do what it may do now and what it may do then.
func (r *functionResource) prepareRole(ctx context.Context, old, d *deployment) error {
	if !d.ownRole {
		return nil
	}
	role := r.role(d)
	if !old.ownRole || old.function.RoleARN == "" {
		return r.createRole(ctx, d)
	}
	d.function.RoleARN = old.function.RoleARN
	if old.boundary != d.boundary {
		if err := r.cloud.SetPermissionsBoundary(ctx, role.Name, d.boundary); err != nil {
			return err
		}
	}
	// What is in force is that of the state, whatever it should be.
	both := old.permissions.Union(d.permissions).Document()
	if cloud.SamePolicy(both, old.policy) {
		return nil
	}
	return r.cloud.PutPolicy(ctx, role.Name, both)
}

// finishRole takes away what the function does not need any more.
func (r *functionResource) finishRole(ctx context.Context, old, d *deployment) error {
	name := roleName(d.function.Name, r.cloud.Region)
	if !d.ownRole {
		return r.deleteForgottenRole(ctx, d.function.Name)
	}
	if err := r.cloud.TagRole(ctx, name, old.function.Tags, d.function.Tags); err != nil {
		return err
	}
	if old.ownRole && !cloud.SamePolicy(old.permissions.Union(d.permissions).Document(), d.document()) {
		return r.cloud.PutPolicy(ctx, name, d.document())
	}
	return nil
}

// isOtherRolePath tells whether the role that the provider made would have to move, which roles cannot. A role that is lost, or that was brought
// along, has no policy in the state, and does not move.
func isOtherRolePath(ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	var policy, roleARN types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("role_policy"), &policy)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("role_arn"), &roleARN)...)
	before, after := orDefault(req.StateValue, defaultRolePath), orDefault(req.PlanValue, defaultRolePath)
	resp.RequiresReplace = !policy.IsNull() && roleARN.IsNull() && (req.PlanValue.IsUnknown() || before != after)
}
