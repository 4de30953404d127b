package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

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
		return r.destroy(ctx, remains{name: d.function.Name, ownRole: ownRole})
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

// remains are what there is of a function to be removed.
type remains struct {
	name     string
	mappings []string // UUIDs of those that are known, which need not be looked for
	inVPC    bool
	ownRole  bool
	logGroup string // empty if it stays
}

// destroy removes a function: its mappings first, so that messages stay in their queues instead of failing, then the function, and then what
// it used until then.
func (r *functionResource) destroy(ctx context.Context, rest remains) error {
	if err := r.cloud.DeleteMappings(ctx, rest.name, rest.mappings); err != nil {
		return err
	}
	if rest.inVPC {
		if err := r.cloud.DetachFunction(ctx, rest.name); err != nil {
			return err
		}
	}
	if err := r.cloud.DeleteFunction(ctx, rest.name); err != nil {
		return err
	}
	if rest.logGroup != "" {
		if err := r.cloud.DeleteLogGroup(ctx, rest.logGroup); err != nil {
			return err
		}
	}
	if !rest.ownRole {
		return nil
	}
	return r.cloud.DeleteRole(ctx, roleName(rest.name, r.cloud.Region))
}

// remain reports whether anything is left of a function that is gone itself: somebody deleted it, or a run was killed that did.
func (r *functionResource) remain(ctx context.Context, state *functionModel) (bool, error) {
	if r.ownsRole(state) || state.RoleARN.IsNull() {
		if _, err := r.cloud.FindRole(ctx, roleName(state.Name.ValueString(), r.cloud.Region)); !cloud.IsNotFound(err) {
			return err == nil, ignoreDenied(err)
		}
	}
	var diags diag.Diagnostics
	log := state.log(ctx, &diags)
	if log.Keep.ValueBool() || diags.HasError() {
		return false, diagError(diags)
	}
	_, err := r.cloud.Retention(ctx, state.logGroup(log))
	if cloud.IsNotFound(err) {
		return false, nil
	}
	return err == nil, ignoreDenied(err)
}

func ignoreDenied(err error) error {
	if cloud.IsDenied(err) {
		return nil
	}
	return err
}
