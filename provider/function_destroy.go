package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

const (
	// undoTimeout is how long what was made may take to be removed again when a creation fails.
	undoTimeout = 5 * time.Minute
	// detachTimeout is how much of that a function may take to leave its VPC.
	detachTimeout = time.Minute
)

// undo removes what a failed create made, so that nothing half-created is left behind, and nothing else: not a function that another
// process made in the meantime, nor the role that it uses. It goes on when ctx is cancelled.
func (r *functionResource) undo(ctx context.Context, d *deployment) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	ownRole := d.ownRole && d.function.RoleARN != ""
	function, err := r.cloud.FindFunction(ctx, d.function.Name)
	switch {
	case err != nil && !cloud.IsNotFound(err):
		return err
	case err == nil && cloud.SameMark(function.Tags, d.marked):
		r.tryToDetach(ctx, function)
		return r.destroy(ctx, remains{name: function.Name, ownRole: ownRole})
	case !ownRole || err == nil && function.RoleARN == d.function.RoleARN:
		return nil
	default:
		return r.cloud.DeleteRole(ctx, cloud.RoleName(d.function.RoleARN))
	}
}

// tryToDetach takes a function out of its VPC that may never have got there, and may be in no state to be updated.
func (r *functionResource) tryToDetach(ctx context.Context, function *cloud.Function) {
	if !function.VPC.Is() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, detachTimeout)
	defer cancel()
	if err := r.cloud.DetachFunction(ctx, function.Name); err != nil {
		tflog.Debug(ctx, "function stays in its VPC", map[string]any{"function": function.Name, "error": err.Error()})
	}
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
		if err := r.deleteLogGroup(ctx, rest.logGroup, rest.name); err != nil {
			return err
		}
	}
	if !rest.ownRole {
		return nil
	}
	return r.cloud.DeleteRole(ctx, roleName(rest.name, r.cloud.Region))
}

// deleteLogGroup deletes the log group of a function, unless others use it, too.
func (r *functionResource) deleteLogGroup(ctx context.Context, group, function string) error {
	if alone, err := r.logsAlone(ctx, group, function); err != nil || !alone {
		return err
	}
	return r.cloud.DeleteLogGroup(ctx, group)
}

// logsAlone reports whether no other function logs to a function's log group. Who may not look supposes that others do.
func (r *functionResource) logsAlone(ctx context.Context, group, function string) (bool, error) {
	if group == lambdaLogGroup(function) {
		return true, nil
	}
	shared, err := r.cloud.IsLogGroupShared(ctx, group, function)
	return err == nil && !shared, ignoreDenied(err)
}

// remain reports whether anything is left of a function that is gone itself: somebody deleted it, or a run was killed that did.
func (r *functionResource) remain(ctx context.Context, state *functionModel) (bool, error) {
	if left, err := r.roleRemains(ctx, state.Name.ValueString()); left || err != nil {
		return left, err
	}
	var diags diag.Diagnostics
	log := state.log(ctx, &diags)
	if log.Keep.ValueBool() || diags.HasError() {
		return false, diagError(diags)
	}
	if alone, err := r.logsAlone(ctx, state.logGroup(log), state.Name.ValueString()); err != nil || !alone {
		return false, err
	}
	_, err := r.cloud.Retention(ctx, state.logGroup(log))
	return err == nil, ignoreDenied(ignoreNotFound(err))
}

// roleRemains reports whether there is the role that the provider makes for a function, as far as it may look.
func (r *functionResource) roleRemains(ctx context.Context, function string) (bool, error) {
	role, err := r.cloud.FindRole(ctx, roleName(function, r.cloud.Region))
	return err == nil && role.Description == r.roleDescription(function), ignoreDenied(ignoreNotFound(err))
}

// deleteForgottenRole deletes the role that the provider makes if it is there: somebody gave the function another one, or took its policy
// away, or it could not be deleted earlier.
func (r *functionResource) deleteForgottenRole(ctx context.Context, function string) error {
	left, err := r.roleRemains(ctx, function)
	if err != nil || !left {
		return err
	}
	return r.cloud.DeleteRole(ctx, roleName(function, r.cloud.Region))
}

func ignoreDenied(err error) error {
	if cloud.IsDenied(err) {
		return nil
	}
	return err
}
