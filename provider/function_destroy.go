package provider

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
	var group errgroup.Group
	if rest.ownRole {
		group.Go(func() error { return r.cloud.DeleteRole(ctx, roleName(rest.name, r.cloud.Region)) })
	}
	if rest.logGroup != "" {
		group.Go(func() error { return r.cloud.DeleteLogGroup(ctx, rest.logGroup) })
	}
	return group.Wait()
}
