package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// update turns state into plan, and returns what the user is to know of that.
func (r *queueResource) update(ctx context.Context, state, plan *queueModel) (warning string, err error) {
	before, after, err := deadLetters(ctx, state, plan)
	if err != nil {
		return "", err
	}
	oldTags, newTags := mapTexts(state.TagsAll), mapTexts(plan.TagsAll)
	had, has := !state.DeadLetterURL.IsNull(), after.Enabled.ValueBool()
	if has && !had {
		if err := r.createDeadLetter(ctx, plan, after, cloud.Mark(r.newTags(plan.Tags))); err != nil {
			return "", err
		}
	}
	refuse := func() error {
		return r.refuseMessages(ctx, plan.ForceDestroy.ValueBool(), state.DeadLetterURL.ValueString())
	}
	if had && !has {
		if err := refuse(); err != nil {
			return "", err
		}
		plan.setDeadLetterURL("", "")
	}
	group, groupCtx := errgroup.WithContext(ctx)
	if state.ARN.IsNull() {
		group.Go(func() error { return r.makeAgain(groupCtx, plan, after) })
	} else {
		group.Go(func() (err error) {
			attributes := changed(state.attributes(before), plan.attributes(after))
			if warning, err = r.lowerLater(groupCtx, state, plan, attributes); err != nil {
				return err
			}
			return r.cloud.UpdateQueue(groupCtx, plan.URL.ValueString(), attributes)
		})
		group.Go(func() error { return r.cloud.TagQueue(groupCtx, plan.URL.ValueString(), oldTags, newTags) })
	}
	if had && has {
		url := plan.DeadLetterURL.ValueString()
		group.Go(func() error {
			return r.cloud.UpdateQueue(groupCtx, url, changed(state.deadLetterAttributes(before), plan.deadLetterAttributes(after)))
		})
		group.Go(func() error { return r.cloud.TagQueue(groupCtx, url, oldTags, newTags) })
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	if has && !had { // not before the state is sure to name it
		r.creations.made(ctx, func(ctx context.Context) error { return r.cloud.UnmarkQueue(ctx, plan.DeadLetterURL.ValueString()) })
	}
	if had && !has {
		if err := refuse(); err != nil { // messages may have come until it was cut off
			return "", err
		}
		return warning, r.cloud.DeleteQueue(ctx, state.DeadLetterURL.ValueString())
	}
	return warning, nil
}

// makeAgain makes a queue that somebody deleted, whose dead-letter queue is there still.
func (r *queueResource) makeAgain(ctx context.Context, plan *queueModel, deadLetter deadLetterModel) error {
	url, err := r.cloud.CreateQueue(ctx, plan.Name.ValueString(), plan.attributes(deadLetter), cloud.Mark(r.newTags(plan.Tags)))
	if err != nil {
		return err
	}
	plan.ARN = types.StringValue(r.cloud.QueueARN(url))
	r.creations.made(ctx, func(ctx context.Context) error { return r.cloud.UnmarkQueue(ctx, url) })
	return nil
}
