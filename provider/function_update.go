package provider

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// update turns the deployment old into d and returns what AWS says about the function if its code changed, and the mappings' UUIDs
// by label. At no moment does a handler that runs lack what it needs: permissions grow first and shrink last, capacity is raised
// before mappings use it and lowered after.
func (r *functionResource) update(ctx context.Context, old, d *deployment, uuids map[string]string) (*cloud.Function, map[string]string, error) {
	if err := r.complete(ctx, d, old); err != nil {
		return nil, nil, err
	}
	if err := r.prepareRole(ctx, old, d); err != nil {
		return nil, nil, err
	}
	kept, err := r.deleteUnwanted(ctx, old, d, uuids)
	if err != nil {
		return nil, nil, err
	}
	// Somebody may have deleted the log group, without which logs are lost unseen.
	retained := old.retention == d.retention && old.logGroup == d.logGroup
	if err := r.ensureLogGroup(ctx, d, retained); err != nil {
		return nil, nil, err
	}
	function, err := r.updateFunction(ctx, old, d)
	if err != nil {
		return nil, nil, err
	}
	if err := r.lowerNow(ctx, append(old.consumed(), d.consumed()...)); err != nil {
		return nil, nil, err
	}
	raised := lower(old.function.Reserved, d.function.Reserved)
	if raised {
		if err := r.cloud.SetReserved(ctx, d.function.Name, d.function.Reserved); err != nil {
			return nil, nil, err
		}
	}
	made, err := r.updateMappings(ctx, old, d, kept)
	if err != nil {
		return nil, nil, err
	}
	if !raised && !equal(old.function.Reserved, d.function.Reserved) {
		if err := r.cloud.SetReserved(ctx, d.function.Name, d.function.Reserved); err != nil {
			return nil, nil, err
		}
	}
	return function, made, r.tidy(ctx, old, d)
}

// tidy removes what the function does not use any more.
func (r *functionResource) tidy(ctx context.Context, old, d *deployment) error {
	if err := r.finishRole(ctx, old, d); err != nil {
		return err
	}
	if old.keepLogs || old.logGroup == d.logGroup {
		return nil
	}
	return r.deleteLogGroup(ctx, old.logGroup, d.function.Name)
}

// deleteUnwanted deletes the mappings of queues that are not wanted any more and returns the others' UUIDs, by queue.
func (r *functionResource) deleteUnwanted(ctx context.Context, old, d *deployment, uuids map[string]string) (map[string]string, error) {
	wanted := map[string]bool{}
	for _, mapping := range d.mappings {
		wanted[mapping.QueueARN] = true
	}
	kept := map[string]string{}
	group, groupCtx := errgroup.WithContext(ctx)
	for label, mapping := range old.mappings {
		uuid := uuids[label]
		if wanted[mapping.QueueARN] {
			kept[mapping.QueueARN] = uuid
			continue
		}
		group.Go(func() error { return r.cloud.DeleteMapping(groupCtx, uuid) })
	}
	return kept, group.Wait()
}

// updateFunction updates image, configuration and tags, each only if it changed, and returns what AWS says about the function after
// the last of these; nil if neither image nor configuration changed.
func (r *functionResource) updateFunction(ctx context.Context, old, d *deployment) (function *cloud.Function, err error) {
	var steps []func(context.Context, cloud.Function) (*cloud.Function, error)
	if old.function.ImageURI != d.function.ImageURI || old.function.Architecture != d.function.Architecture || d.repushed || old.failed {
		steps = append(steps, r.cloud.UpdateCode)
	}
	if !sameConfiguration(old.function, d.function) || !maps.Equal(old.sendTo, d.sendTo) || old.failed {
		steps = append(steps, r.cloud.UpdateConfiguration)
	}
	if old.function.Environment[envHandler] == d.function.Environment[envHandler] {
		// New code may need a new variable; but a new handler name needs the code that has it.
		slices.Reverse(steps)
	}
	changed := d.function
	changed.Drop = dropped(old, d)
	for _, step := range steps {
		if function, err = step(ctx, changed); err != nil {
			return nil, err
		}
		d.runs = function
	}
	if old.recursion != d.recursion {
		if err := r.cloud.SetRecursiveLoop(ctx, d.function.Name, d.recursion); err != nil {
			return nil, err
		}
	}
	return function, r.cloud.TagFunction(ctx, old.function.ARN, old.function.Tags, d.function.Tags)
}

func sameConfiguration(a, b cloud.Function) bool {
	return a.RoleARN == b.RoleARN && a.MemorySize == b.MemorySize && a.Timeout == b.Timeout && maps.Equal(withoutQueues(a.Environment), withoutQueues(b.Environment)) &&
		a.LogFormat == b.LogFormat && a.LogLevel == b.LogLevel && a.LogGroup == b.LogGroup && a.EphemeralStorage == b.EphemeralStorage &&
		a.KMSKeyARN == b.KMSKeyARN && a.Tracing == b.Tracing && sameVPC(a.VPC, b.VPC) &&
		(a.Merge == b.Merge || b.Merge) // from now on, what somebody else set goes
}

// withoutQueues returns variables without those that follow from the ARNs of queues, some of which may be gone.
func withoutQueues(variables map[string]string) map[string]string {
	rest := maps.Clone(variables)
	delete(rest, envQueues)
	return rest
}

func sameVPC(a, b cloud.VPC) bool {
	same := func(a, b []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}
	return a.IPv6 == b.IPv6 && same(a.SubnetIDs, b.SubnetIDs) && same(a.SecurityGroupIDs, b.SecurityGroupIDs)
}

// dropped returns the names of variables that there are not to be: those of attributes, and those that there were unless others' variables
// are only now let in.
func dropped(old, d *deployment) []string {
	names := slices.Collect(maps.Keys(ownVariables))
	if old.function.Merge {
		names = slices.AppendSeq(names, maps.Keys(old.function.Environment))
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, stays := d.function.Environment[name]
		return stays
	})
}

// updateMappings updates the mappings that changed, makes those that are missing, and returns the UUIDs of all by label.
func (r *functionResource) updateMappings(ctx context.Context, old, d *deployment, kept map[string]string) (map[string]string, error) {
	before := map[string]cloud.Mapping{}
	for _, mapping := range old.mappings {
		before[mapping.QueueARN] = mapping
	}
	missing, uuids := map[string]cloud.Mapping{}, map[string]string{}
	group, groupCtx := errgroup.WithContext(ctx)
	for label, mapping := range d.mappings {
		uuid, ok := kept[mapping.QueueARN]
		if !ok {
			missing[label] = mapping
			continue
		}
		uuids[label] = uuid
		if !sameMapping(before[mapping.QueueARN], mapping) {
			mapping.UUID = uuid
			group.Go(func() error { return r.cloud.UpdateMapping(groupCtx, mapping) })
		}
	}
	var made map[string]string
	group.Go(func() (err error) {
		made, err = r.createMappings(groupCtx, missing)
		return err
	})
	err := group.Wait()
	maps.Copy(uuids, made)
	return uuids, err
}

func sameMapping(a, b cloud.Mapping) bool {
	return a.BatchSize == b.BatchSize && a.BatchingWindow == b.BatchingWindow && a.Enabled == b.Enabled &&
		equal(a.MaximumConcurrency, b.MaximumConcurrency) && equal(a.Pollers, b.Pollers) && slices.Equal(a.Filters, b.Filters)
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// lower reports whether a reservation a is a stricter limit than b; nil is none.
func lower(a, b *int32) bool { return a != nil && (b == nil || *a < *b) }
