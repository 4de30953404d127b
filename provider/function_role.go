package provider

import (
	"context"

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
		if old.ownRole {
			return r.cloud.DeleteRole(ctx, name)
		}
		return nil
	}
	if err := r.cloud.TagRole(ctx, name, old.function.Tags, d.function.Tags); err != nil {
		return err
	}
	if old.ownRole && !cloud.SamePolicy(old.permissions.Union(d.permissions).Document(), d.document()) {
		return r.cloud.PutPolicy(ctx, name, d.document())
	}
	return nil
}
