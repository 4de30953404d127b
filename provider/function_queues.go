package provider

import (
	"context"
	"maps"
	"slices"
)

// complete finds out what else a deployment needs: what it may do, and where the queues are that it sends to. The same is done for what is in
// force, old, unless it is nil; a queue or secret of it that is gone needs nothing any more.
func (r *functionResource) complete(ctx context.Context, d, old *deployment) error {
	if _, err := r.permit(ctx, d, old); err != nil {
		return err
	}
	if err := r.setQueues(ctx, d); err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	existing, err := r.withoutGone(ctx, old)
	if err != nil {
		return err
	}
	if _, err := r.permit(ctx, existing, old); err != nil {
		return err
	}
	old.permissions = existing.permissions
	return nil
}

// setQueues sets HANDLER_QUEUES.
func (r *functionResource) setQueues(ctx context.Context, d *deployment) error {
	if len(d.sendTo) == 0 {
		return nil
	}
	urls := map[string]string{}
	for label, arn := range d.sendTo {
		url, err := r.cloud.QueueURL(ctx, arn)
		if err != nil {
			return err
		}
		urls[label] = url
	}
	d.function.Environment[envQueues] = joinQueues(urls)
	return nil
}

// withoutGone returns a copy of d without the queues that do not exist any more, and without secrets that somebody wrote into the function's
// environment and that are none to IAM.
func (r *functionResource) withoutGone(ctx context.Context, d *deployment) (*deployment, error) {
	facts, err := r.factsOfQueues(ctx, d.queueARNs())
	if err != nil {
		return nil, err
	}
	existing := *d
	existing.secrets = slices.DeleteFunc(slices.Clone(d.secrets), func(text string) bool { return !secretARN.is(text) })
	existing.sendTo, existing.mappings = maps.Clone(d.sendTo), maps.Clone(d.mappings)
	for label, arn := range d.sendTo {
		if _, ok := facts[arn]; !ok {
			delete(existing.sendTo, label)
		}
	}
	for label, mapping := range d.mappings {
		if _, ok := facts[mapping.QueueARN]; !ok {
			delete(existing.mappings, label)
		}
	}
	return &existing, nil
}

// queueARNs returns the ARNs of all queues that the function uses, sorted.
func (d *deployment) queueARNs() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(d.consumed(), maps.Values(d.sendTo)))))
}
