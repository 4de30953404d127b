package provider

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

const (
	maxRoleName     = 64 // IAM's limit
	defaultRolePath = "/"
)

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
		Description:         r.roleDescription(d.function.Name),
		Path:                d.rolePath,
		PermissionsBoundary: d.boundary,
		Tags:                d.function.Tags,
	}
}

// roleDescription tells the role that the provider makes for a function from others of the same name.
func (r *functionResource) roleDescription(function string) string {
	return fmt.Sprintf("Execution role of function %s in %s, managed by handler_function", function, r.cloud.Region)
}

// clear makes way for a function: what an interrupted run left of one is removed. A function that somebody finished is an error.
func (r *functionResource) clear(ctx context.Context, name string) error {
	if err := r.cloud.Claim("function", name); err != nil {
		return err
	}
	existing, err := r.cloud.FindFunction(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case cloud.IsMarked(existing.Tags):
		return r.destroy(ctx, remains{name: name, inVPC: existing.VPC.Is()})
	default:
		return &cloud.ExistsError{Object: "a function named " + name, ID: name}
	}
}

// create makes all of d, in the order in which the parts need each other, and returns the function and its mappings' UUIDs by label.
func (r *functionResource) create(ctx context.Context, d *deployment) (*cloud.Function, map[string]string, error) {
	var group errgroup.Group // one failure does not cancel the other call, so that it is known what to undo
	group.Go(func() error { return r.ensureLogGroup(ctx, d, false) })
	if d.ownRole {
		group.Go(func() error { return r.createRole(ctx, d) })
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	marked := d.function
	marked.Tags = cloud.Mark(marked.Tags)
	d.marked = marked.Tags
	function, err := r.cloud.CreateFunction(ctx, marked)
	if err != nil {
		return nil, nil, err
	}
	if d.function.Reserved != nil {
		if err := r.cloud.SetReserved(ctx, d.function.Name, d.function.Reserved); err != nil {
			return nil, nil, err
		}
	}
	if d.recursion != recursionTerminate {
		if err := r.cloud.SetRecursiveLoop(ctx, d.function.Name, d.recursion); err != nil {
			return nil, nil, err
		}
	}
	uuids, err := r.createMappings(ctx, d.mappings)
	return function, uuids, err
}

// createRole makes the function's role and lets it do what the function needs.
func (r *functionResource) createRole(ctx context.Context, d *deployment) (err error) {
	d.function.RoleARN, err = r.cloud.CreateRole(ctx, r.role(d))
	if err != nil {
		return err
	}
	return r.cloud.PutPolicy(ctx, cloud.RoleName(d.function.RoleARN), d.document())
}

// document returns the policy of the function's role: as it was planned, or else as it is needed.
func (d *deployment) document() string { return cmp.Or(d.policy, d.permissions.Document()) }

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
