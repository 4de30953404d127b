package provider

import (
	"context"
	"time"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// undoTimeout is how long what was made may take to be removed again when a creation fails.
const undoTimeout = 5 * time.Minute

// undo removes what a failed create made, so that nothing half-created is left behind, and nothing else: not a function that another
// process made in the meantime, nor the role that it uses. It goes on when ctx is cancelled.
func (r *functionResource) undo(ctx context.Context, d *deployment) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	ownRole := d.ownRole && d.function.RoleARN != ""
	if d.made {
		return r.destroy(ctx, d.function.Name, nil, ownRole)
	}
	if !ownRole {
		return nil
	}
	other, err := r.cloud.FindFunction(ctx, d.function.Name)
	if err != nil && !cloud.IsNotFound(err) {
		return err
	}
	if other != nil && other.RoleARN == d.function.RoleARN {
		return nil
	}
	return r.cloud.DeleteRole(ctx, cloud.RoleName(d.function.RoleARN))
}

// destroy removes a function: its mappings first, so that messages stay in their queues instead of failing, then the function and
// its role. Its log group stays. The mappings that are known are deleted without being looked for.
func (r *functionResource) destroy(ctx context.Context, name string, mappings []string, ownRole bool) error {
	if err := r.cloud.DeleteMappings(ctx, name, mappings); err != nil {
		return err
	}
	if err := r.cloud.DeleteFunction(ctx, name); err != nil {
		return err
	}
	if !ownRole {
		return nil
	}
	return r.cloud.DeleteRole(ctx, roleName(name, r.cloud.Region))
}
