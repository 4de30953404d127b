package provider

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// undoTimeout is how long what was made may take to be removed again when a creation fails.
const undoTimeout = 5 * time.Minute

const maxRoleName = 64 // IAM's limit

// roleName returns the name of the role of a function that brings none. Roles are global, functions are not.
func roleName(function, region string) string {
	name := function + "-" + region
	if len(name) <= maxRoleName {
		return name
	}
	sum := fmt.Sprintf("-%08x", crc32.ChecksumIEEE([]byte(name)))
	return name[:maxRoleName-len(sum)] + sum
}

func (r *functionResource) role(d *deployment) cloud.Role {
	return cloud.Role{
		Name:                roleName(d.function.Name, r.cloud.Region),
		Description:         fmt.Sprintf("Execution role of function %s in %s, managed by handler_function", d.function.Name, r.cloud.Region),
		PermissionsBoundary: d.boundary,
		Tags:                d.function.Tags,
	}
}

// knownQueue is what AWS says about a queue.
type knownQueue struct {
	url        string
	attributes map[string]string
}

// complete asks AWS for what else is to be known of the queues of d: their URLs, dead-letter queues and keys. The same is done for what
// is in force, old, unless it is nil; a queue of it that is gone needs nothing any more.
func (r *functionResource) complete(ctx context.Context, d, old *deployment) error {
	account, err := r.cloud.Account(ctx)
	if err != nil {
		return err
	}
	arns := d.queueARNs()
	if old != nil {
		arns = append(arns, old.queueARNs()...)
	}
	known, err := r.lookUp(ctx, slices.Compact(slices.Sorted(slices.Values(arns))))
	if err != nil {
		return err
	}
	for label, arn := range d.sendTo {
		if _, ok := known[arn]; !ok {
			return &missingQueueError{path.Root("send_to").AtMapKey(label), arn}
		}
	}
	for label, mapping := range d.mappings {
		if _, ok := known[mapping.QueueARN]; !ok {
			return &missingQueueError{path.Root("queues").AtMapKey(label).AtName("arn"), mapping.QueueARN}
		}
	}
	logGroups := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:", r.cloud.Partition, r.cloud.Region, account)
	d.fill(logGroups, known)
	if old != nil {
		old.fill(logGroups, known)
	}
	return nil
}

// missingQueueError is a queue that an attribute names and that does not exist.
type missingQueueError struct {
	at  path.Path
	arn string
}

func (e *missingQueueError) Error() string {
	return fmt.Sprintf("queue %s does not exist; create it first, or take the ARN from the resource that does", e.arn)
}

// queueARNs returns the ARNs of all queues that the function uses.
func (d *deployment) queueARNs() []string {
	return slices.AppendSeq(d.consumed(), maps.Values(d.sendTo))
}

// fill sets the permissions and HANDLER_QUEUES.
func (d *deployment) fill(logGroups string, known map[string]knownQueue) {
	d.permissions = cloud.Permissions{
		LogGroup: logGroups + d.function.LogGroup,
		Consume:  d.consumed(),
		Send:     slices.Collect(maps.Values(d.sendTo)),
		Secrets:  d.secrets,
	}
	for _, arn := range d.consumed() {
		if target := redriveOf(known[arn].attributes).Target; target != "" {
			d.permissions.Send = append(d.permissions.Send, target)
		}
	}
	for _, arn := range d.queueARNs() {
		d.permissions.AddKey(known[arn].attributes[cloud.AttributeKMSKey])
	}
	if len(d.sendTo) == 0 {
		return
	}
	urls := map[string]string{}
	for label, arn := range d.sendTo {
		urls[label] = known[arn].url
	}
	d.function.Environment[envQueues] = joinQueues(urls)
}

// lookUp asks for all queues at the same time. One that does not exist is left out. One of another account, which may be sent to but not
// looked at, has no attributes.
func (r *functionResource) lookUp(ctx context.Context, arns []string) (map[string]knownQueue, error) {
	known := map[string]knownQueue{}
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	for _, arn := range arns {
		group.Go(func() error {
			url, err := r.cloud.QueueURL(groupCtx, arn)
			if err != nil {
				return ignoreNotFound(err)
			}
			attributes, err := r.cloud.FindQueue(groupCtx, url)
			if err != nil && !cloud.IsDenied(err) {
				return ignoreNotFound(err)
			}
			mu.Lock()
			defer mu.Unlock()
			known[arn] = knownQueue{url, attributes}
			return nil
		})
	}
	return known, group.Wait()
}

func ignoreNotFound(err error) error {
	if cloud.IsNotFound(err) {
		return nil
	}
	return err
}

// refuseExisting returns an error if there is a function of this name, which is then somebody else's.
func (r *functionResource) refuseExisting(ctx context.Context, name string) error {
	_, err := r.cloud.FindFunction(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		return nil
	case err != nil:
		return err
	default:
		return &cloud.ExistsError{Object: "a function named " + name}
	}
}

// create makes all of d, in the order in which the parts need each other, and returns the function and its mappings' UUIDs by label.
func (r *functionResource) create(ctx context.Context, d *deployment) (*cloud.Function, map[string]string, error) {
	var group errgroup.Group // one failure does not cancel the other call, so that it is known what to undo
	group.Go(func() error { return r.ensureLogGroup(ctx, d, false) })
	if d.ownRole {
		group.Go(func() (err error) {
			d.function.RoleARN, err = r.cloud.CreateRole(ctx, r.role(d))
			if err != nil {
				return err
			}
			return r.cloud.PutPermissions(ctx, cloud.RoleName(d.function.RoleARN), d.permissions)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	function, err := r.cloud.CreateFunction(ctx, d.function)
	d.made = function != nil
	if err != nil {
		return nil, nil, err
	}
	if d.function.Reserved != nil {
		if err := r.cloud.SetReserved(ctx, d.function.Name, d.function.Reserved); err != nil {
			return nil, nil, err
		}
	}
	uuids, err := r.createMappings(ctx, d.mappings)
	return function, uuids, err
}

// ensureLogGroup makes the function's log group unless it is there, and sets its retention unless that is known to be in force.
func (r *functionResource) ensureLogGroup(ctx context.Context, d *deployment, retained bool) error {
	made, err := r.cloud.CreateLogGroup(ctx, d.function.LogGroup, d.function.Tags)
	if err != nil || made && d.retention == 0 || !made && retained {
		return err
	}
	return r.cloud.SetRetention(ctx, d.function.LogGroup, d.retention)
}

// createMappings makes mappings at the same time and returns the UUIDs of those that were made.
func (r *functionResource) createMappings(ctx context.Context, mappings map[string]cloud.Mapping) (map[string]string, error) {
	uuids := map[string]string{}
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	for label, mapping := range mappings {
		group.Go(func() error {
			uuid, err := r.cloud.CreateMapping(groupCtx, mapping)
			mu.Lock()
			defer mu.Unlock()
			if uuid != "" {
				uuids[label] = uuid
			}
			return err
		})
	}
	return uuids, group.Wait()
}

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
