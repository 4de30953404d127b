package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// roleName returns the name of the role of a schedule. No function's name has a dot, so that no function's role has this name.
func (r *scheduleResource) roleName(name string) string {
	return roleName(name+".schedule", r.cloud.Region)
}

// role returns the role of a schedule as it is to be made.
func (r *scheduleResource) role(ctx context.Context, m *scheduleModel) (cloud.Role, error) {
	account, err := r.cloud.Account(ctx)
	if err != nil {
		return cloud.Role{}, err
	}
	name := m.Name.ValueString()
	return cloud.Role{
		Name:                r.roleName(name),
		Description:         r.roleDescription(name),
		Trust:               r.cloud.ScheduleTrust(account),
		PermissionsBoundary: m.PermissionsBoundary.ValueString(),
		Tags:                mapTexts(m.TagsAll),
	}, nil
}

func (r *scheduleResource) roleDescription(name string) string {
	return fmt.Sprintf("Execution role of schedule %s in %s, managed by handler_schedule", name, r.cloud.Region)
}

// permissions returns what the role of m may do, for which it looks at the queue. The queue must exist.
func (r *scheduleResource) permissions(ctx context.Context, m *scheduleModel) (cloud.SchedulePermissions, error) {
	queueARN := m.QueueARN.ValueString()
	permissions := cloud.SchedulePermissions{Queues: []string{queueARN}}
	if !m.KMSKeyARN.IsNull() {
		permissions.ScheduleKeys = []string{m.KMSKeyARN.ValueString()}
	}
	queue, err := r.queueFactsOf(ctx, queueARN)
	switch {
	case cloud.IsNotFound(err):
		return permissions, &missingQueueError{path.Root("queue_arn"), queueARN}
	case err != nil:
		return permissions, err
	case queue.hidden: // one that may be sent to, but not looked at
		return permissions, nil
	}
	if strings.HasSuffix(queueARN, fifoSuffix) && !queue.deduplicates.IsUnknown() && !queue.deduplicates.ValueBool() {
		return permissions, fmt.Errorf("the FIFO queue %s refuses messages without a deduplication ID, and Scheduler sends none; "+
			"set content_based_deduplication = true on the queue", queueARN)
	}
	if key := queue.key.ValueString(); cloud.IsKey(key) {
		permissions.QueueKeys = []string{key}
	}
	return permissions, nil
}

// create makes the role, its policy and the schedule, in this order, and completes plan and schedule.
func (r *scheduleResource) create(ctx context.Context, plan *scheduleModel, schedule *cloud.Schedule) error {
	if err := r.clear(ctx, schedule.Name); err != nil {
		return err
	}
	permissions, err := r.permissions(ctx, plan)
	if err != nil {
		return err
	}
	role, err := r.role(ctx, plan)
	if err != nil {
		return err
	}
	role.Tags = cloud.Mark(r.newTags(plan.Tags))
	if schedule.RoleARN, err = r.cloud.CreateRole(ctx, role); err != nil {
		return err
	}
	if err := r.cloud.PutPolicy(ctx, role.Name, permissions.Document()); err != nil {
		return err
	}
	arn, err := r.cloud.CreateSchedule(ctx, *schedule)
	if err != nil {
		return err
	}
	plan.ARN, plan.RoleARN = types.StringValue(arn), types.StringValue(schedule.RoleARN)
	return nil
}

// clear makes way for a schedule: one that an interrupted run left, which its role's mark tells as schedules have no tags, is removed. A schedule
// that somebody finished is an error.
func (r *scheduleResource) clear(ctx context.Context, name string) error {
	if err := r.cloud.Claim("schedule", name); err != nil {
		return err
	}
	if _, err := r.cloud.FindSchedule(ctx, name); err != nil {
		return ignoreNotFound(err)
	}
	role, err := r.cloud.FindRole(ctx, r.roleName(name))
	if err == nil && cloud.IsMarked(role.Tags) {
		return r.cloud.DeleteSchedule(ctx, name)
	}
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	return &cloud.ExistsError{Object: "a schedule named " + name, ID: name}
}

// undo removes the role that a failed create made, unless a schedule uses it: another process's, or one that was made in spite of the
// failure, maybe a moment later. It goes on when ctx is cancelled.
func (r *scheduleResource) undo(ctx context.Context, schedule *cloud.Schedule, failure error) error {
	if schedule.RoleARN == "" {
		return nil
	}
	if !cloud.IsRefused(failure) && !cloud.IsExists(failure) {
		return errors.New("AWS did not say whether it did what it was asked for last")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	other, err := r.cloud.FindSchedule(ctx, schedule.Name)
	if err != nil && !cloud.IsNotFound(err) {
		return err
	}
	if other != nil && other.RoleARN == schedule.RoleARN {
		return nil
	}
	return r.cloud.DeleteRole(ctx, cloud.RoleName(schedule.RoleARN))
}

// foundSchedule is what AWS says about a schedule and its role.
type foundSchedule struct {
	*cloud.Schedule
	role     *cloud.Role // nil if it is gone, or must not be looked at
	policy   string      // what the role may do; empty if it must not be looked at
	lostRole bool        // whether the role that the provider made is gone, or its policy
}

// find reads the schedule and, at the same time, its role. Who may not look at the role takes it for granted.
func (r *scheduleResource) find(ctx context.Context, name string) (foundSchedule, error) {
	var found foundSchedule
	var noPolicy, denied bool
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found.Schedule, err = r.cloud.FindSchedule(groupCtx, name)
		return err
	})
	group.Go(func() (err error) {
		found.role, err = r.cloud.FindRole(groupCtx, r.roleName(name))
		if cloud.IsDenied(err) {
			denied = true
			return nil
		}
		return ignoreNotFound(err)
	})
	group.Go(func() (err error) {
		found.policy, err = r.cloud.Policy(groupCtx, r.roleName(name))
		if cloud.IsDenied(err) {
			return nil
		}
		noPolicy = cloud.IsNotFound(err)
		return ignoreNotFound(err)
	})
	err := group.Wait()
	found.lostRole = found.role == nil && !denied || noPolicy
	return found, err
}

// otherPolicy reports whether the role may do something else than it should, as far as that is known.
func (r *scheduleResource) otherPolicy(ctx context.Context, m *scheduleModel, policy string) bool {
	if policy == "" {
		return false
	}
	wanted, err := r.permissions(ctx, m)
	return err == nil && !cloud.SamePolicy(wanted.Document(), policy)
}

// update turns state into plan. The role may send to both queues while the schedule changes from one to the other.
func (r *scheduleResource) update(ctx context.Context, state, plan *scheduleModel) error {
	permissions, err := r.permissions(ctx, plan)
	if err != nil {
		return err
	}
	meanwhile, moves := permissions, !state.QueueARN.Equal(plan.QueueARN) || !state.KMSKeyARN.Equal(plan.KMSKeyARN)
	if moves {
		if old, err := r.permissions(ctx, state); err == nil { // a queue that is gone needs nothing any more
			meanwhile = permissions.Union(old)
		}
	}
	if err := r.updateRole(ctx, state, plan, meanwhile); err != nil {
		return err
	}
	var diags diag.Diagnostics
	now := time.Now()
	before, after := state.schedule(ctx, now, &diags), plan.schedule(ctx, now, &diags)
	if err := diagError(diags); err != nil {
		return err
	}
	if before != after {
		if err := r.cloud.UpdateSchedule(ctx, after); err != nil {
			return err
		}
	}
	if !moves {
		return nil
	}
	return r.cloud.PutPolicy(ctx, r.roleName(after.Name), permissions.Document())
}

// updateRole makes the role if it is lost, and brings it up to date.
func (r *scheduleResource) updateRole(ctx context.Context, state, plan *scheduleModel, permissions cloud.SchedulePermissions) error {
	role, err := r.role(ctx, plan)
	if err != nil {
		return err
	}
	plan.RoleARN = state.RoleARN
	if state.RoleARN.IsNull() {
		arn, err := r.cloud.CreateRole(ctx, role)
		if err != nil {
			return err
		}
		plan.RoleARN = types.StringValue(arn)
	}
	if !state.PermissionsBoundary.Equal(plan.PermissionsBoundary) {
		if err := r.cloud.SetPermissionsBoundary(ctx, role.Name, role.PermissionsBoundary); err != nil {
			return err
		}
	}
	if err := r.cloud.TagRole(ctx, role.Name, mapTexts(state.TagsAll), role.Tags); err != nil {
		return err
	}
	return r.cloud.PutPolicy(ctx, role.Name, permissions.Document())
}

// deleteRole deletes the role that the provider made. If the state has none, as it was lost, what is left of it is.
func (r *scheduleResource) deleteRole(ctx context.Context, m *scheduleModel) error {
	name := r.roleName(m.Name.ValueString())
	if m.RoleARN.IsNull() {
		if left, err := r.roleRemains(ctx, m.Name.ValueString()); err != nil || !left {
			return err
		}
	}
	return r.cloud.DeleteRole(ctx, name)
}

// roleRemains reports whether there is the role that the provider makes for a schedule, as far as it may look.
func (r *scheduleResource) roleRemains(ctx context.Context, schedule string) (bool, error) {
	role, err := r.cloud.FindRole(ctx, r.roleName(schedule))
	return err == nil && role.Description == r.roleDescription(schedule), ignoreDenied(ignoreNotFound(err))
}
