package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

var (
	_ resource.ResourceWithConfigure        = (*queueResource)(nil)
	_ resource.ResourceWithConfigValidators = (*queueResource)(nil)
	_ resource.ResourceWithIdentity         = (*queueResource)(nil)
	_ resource.ResourceWithImportState      = (*queueResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*queueResource)(nil)
	_ resource.ResourceWithValidateConfig   = (*queueResource)(nil)
)

type queueResource struct{ withData }

func newQueueResource() resource.Resource { return &queueResource{} }

func (r *queueResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_queue"
}

func (r *queueResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan queueModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	deadLetter := plan.deadLetter(ctx, &resp.Diagnostics)
	tags := mapTexts(plan.TagsAll)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.create(ctx, &plan, deadLetter, tags); err != nil {
		blame(&resp.Diagnostics, path.Root("name"), "Failed to create queue", fmt.Sprintf("Queue %s: %s", plan.Name.ValueString(), sentence(err.Error())))
		return
	}
	r.visibilities.Store(plan.ARN.ValueString(), plan.VisibilityTimeout.ValueInt32())
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("url"), plan.URL)...)
}

// create makes the dead-letter queue and then the queue, as the one refers to the other.
func (r *queueResource) create(ctx context.Context, plan *queueModel, deadLetter deadLetterModel, tags map[string]string) error {
	start := time.Now()
	if err := r.createDeadLetter(ctx, plan, deadLetter, tags); err != nil {
		return err
	}
	url, err := r.cloud.CreateQueue(ctx, plan.Name.ValueString(), withoutEmpty(plan.attributes(deadLetter)), tags)
	if err != nil {
		return errors.Join(err, r.undoDeadLetter(context.WithoutCancel(ctx), plan.DeadLetterURL.ValueString(), start))
	}
	plan.setURL(url, r.cloud.QueueARN(url))
	return nil
}

func (r *queueResource) createDeadLetter(ctx context.Context, plan *queueModel, deadLetter deadLetterModel, tags map[string]string) error {
	if !deadLetter.Enabled.ValueBool() {
		plan.setDeadLetterURL("", "")
		return nil
	}
	attributes := withoutEmpty(plan.deadLetterAttributes(deadLetter))
	url, err := r.cloud.CreateQueue(ctx, deadLetterName(plan.Name.ValueString()), attributes, tags)
	if err != nil {
		return err
	}
	plan.setDeadLetterURL(url, r.cloud.QueueARN(url))
	return nil
}

// undoDeadLetter deletes the dead-letter queue of a queue that could not be made, unless it was there before, as that of somebody
// else's queue, or turns out to hold messages.
func (r *queueResource) undoDeadLetter(ctx context.Context, url string, start time.Time) error {
	if url == "" {
		return nil
	}
	attributes, err := r.cloud.FindQueue(ctx, url)
	if err != nil || cloud.MessageCount(attributes) > 0 || !cloud.MadeSince(attributes, start) {
		return err
	}
	return r.cloud.DeleteQueue(ctx, url)
}

func (r *queueResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state queueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("url"), state.URL)...)
	found, err := r.find(ctx, &state)
	if cloud.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Failed to read queue", fmt.Sprintf("Queue %s: %s", state.URL.ValueString(), sentence(err.Error())))
		return
	}
	imported := state.Name.IsNull()
	state.read(ctx, found, &resp.Diagnostics)
	if imported {
		state.Tags = r.ownTags(found.tags)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// foundQueue is what AWS says about a queue and its dead-letter queue.
type foundQueue struct {
	attributes           map[string]string
	deadLetterURL        string // empty if there is none
	deadLetterAttributes map[string]string
	tags                 map[string]string
}

// find reads the queue and, at the same time, what state says belongs to it.
func (r *queueResource) find(ctx context.Context, state *queueModel) (foundQueue, error) {
	var found foundQueue
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found.attributes, err = r.cloud.FindQueue(groupCtx, state.URL.ValueString())
		return err
	})
	if state.Name.IsNull() || len(state.TagsAll.Elements()) > 0 {
		group.Go(func() error {
			tags, err := r.cloud.QueueTags(groupCtx, state.URL.ValueString())
			found.tags = withoutReserved(tags)
			return err
		})
	}
	if url := state.DeadLetterURL.ValueString(); url != "" {
		group.Go(func() error { return r.findDeadLetter(groupCtx, url, &found) })
	}
	if err := group.Wait(); err != nil {
		return found, err
	}
	target := redriveOf(found.attributes).Target
	if !isOwnDeadLetter(target, found.attributes[cloud.AttributeARN]) {
		found.deadLetterURL, found.deadLetterAttributes = "", nil
		return found, nil
	}
	if target == r.cloud.QueueARN(found.deadLetterURL) {
		return found, nil
	}
	url, err := r.cloud.QueueURL(ctx, target)
	if err != nil {
		if cloud.IsNotFound(err) {
			return found, nil // the dead-letter queue was deleted; it is made again
		}
		return found, err
	}
	return found, r.findDeadLetter(ctx, url, &found)
}

// findDeadLetter reads a dead-letter queue; one that does not exist is none.
func (r *queueResource) findDeadLetter(ctx context.Context, url string, found *foundQueue) error {
	attributes, err := r.cloud.FindQueue(ctx, url)
	if cloud.IsNotFound(err) {
		return nil
	}
	found.deadLetterURL, found.deadLetterAttributes = url, attributes
	return err
}

func (r *queueResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan queueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.update(ctx, &state, &plan); err != nil {
		resp.Diagnostics.AddError("Failed to update queue", fmt.Sprintf("Queue %s: %s", state.URL.ValueString(), sentence(err.Error())))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("url"), plan.URL)...)
}

func (r *queueResource) update(ctx context.Context, state, plan *queueModel) error {
	before, after, err := deadLetters(ctx, state, plan)
	if err != nil {
		return err
	}
	oldTags, newTags := mapTexts(state.TagsAll), mapTexts(plan.TagsAll)
	had, has := before.Enabled.ValueBool(), after.Enabled.ValueBool()
	if has && !had {
		if err := r.createDeadLetter(ctx, plan, after, newTags); err != nil {
			return err
		}
	}
	if had && !has {
		if err := r.refuseMessages(ctx, plan.ForceDestroy.ValueBool(), state.DeadLetterURL.ValueString()); err != nil {
			return err
		}
		plan.setDeadLetterURL("", "")
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return r.cloud.UpdateQueue(groupCtx, plan.URL.ValueString(), changed(state.attributes(before), plan.attributes(after)))
	})
	group.Go(func() error { return r.cloud.TagQueue(groupCtx, plan.URL.ValueString(), oldTags, newTags) })
	if had && has {
		url := plan.DeadLetterURL.ValueString()
		group.Go(func() error {
			return r.cloud.UpdateQueue(groupCtx, url, changed(state.deadLetterAttributes(before), plan.deadLetterAttributes(after)))
		})
		group.Go(func() error { return r.cloud.TagQueue(groupCtx, url, oldTags, newTags) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if had && !has {
		return r.cloud.DeleteQueue(ctx, state.DeadLetterURL.ValueString())
	}
	return nil
}

func (r *queueResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state queueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	urls := []string{state.URL.ValueString()}
	if url := state.DeadLetterURL.ValueString(); url != "" {
		urls = append(urls, url)
	}
	err := r.refuseMessages(ctx, state.ForceDestroy.ValueBool(), urls...)
	if err == nil {
		group, groupCtx := errgroup.WithContext(ctx)
		for _, url := range urls {
			group.Go(func() error { return r.cloud.DeleteQueue(groupCtx, url) })
		}
		err = group.Wait()
	}
	if err != nil {
		resp.Diagnostics.AddError("Failed to delete queue", fmt.Sprintf("Queue %s: %s", urls[0], sentence(err.Error())))
	}
}

// refuseMessages returns an error if one of the queues holds messages, unless they may be destroyed.
func (r *queueResource) refuseMessages(ctx context.Context, force bool, urls ...string) error {
	if force {
		return nil
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, url := range urls {
		group.Go(func() error {
			attributes, err := r.cloud.FindQueue(groupCtx, url)
			if cloud.IsNotFound(err) {
				return nil
			}
			if count := cloud.MessageCount(attributes); count > 0 {
				return fmt.Errorf("%s holds messages, about %d, which would be lost; let its function drain it, purge it, or set "+
					"force_destroy = true and apply before you destroy", url, count)
			}
			return err
		})
	}
	return group.Wait()
}

func (r *queueResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importBy(ctx, "url", req, resp)
	var url types.String
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root("url"), &url)...)
	if !resp.Diagnostics.HasError() && r.cloud.QueueARN(url.ValueString()) == "" {
		resp.Diagnostics.AddError("Failed to import queue", fmt.Sprintf("%q is not the URL of a queue. Queues are imported by URL, such as "+
			"https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks.", url.ValueString()))
	}
}
