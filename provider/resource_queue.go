package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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
	tags := r.newTags(plan.Tags)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.create(ctx, &plan, deadLetter, tags); err != nil {
		addQueueError(&resp.Diagnostics, "create", plan.Name.ValueString(), err)
		return
	}
	r.queues.set(nil, &plan)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("url"), plan.URL)...)
	r.creations.made(ctx, func(ctx context.Context) error { return r.unmark(ctx, &plan) })
}

// create makes the dead-letter queue and then the queue, as the one refers to the other.
func (r *queueResource) create(ctx context.Context, plan *queueModel, deadLetter deadLetterModel, tags map[string]string) error {
	tags = cloud.Mark(tags)
	if err := r.cloud.Claim("queue", plan.Name.ValueString()); err != nil {
		return err
	}
	if err := r.cloud.RefuseQueue(ctx, plan.Name.ValueString()); err != nil {
		return err
	}
	if err := r.createDeadLetter(ctx, plan, deadLetter, tags); err != nil {
		return err
	}
	url, err := r.cloud.CreateQueue(ctx, plan.Name.ValueString(), plan.attributes(deadLetter), tags)
	if err != nil {
		return errors.Join(err, r.undoDeadLetter(context.WithoutCancel(ctx), plan.DeadLetterURL.ValueString()))
	}
	plan.setURL(url, r.cloud.QueueARN(url))
	return nil
}

func (r *queueResource) createDeadLetter(ctx context.Context, plan *queueModel, deadLetter deadLetterModel, tags map[string]string) error {
	if !deadLetter.Enabled.ValueBool() {
		plan.setDeadLetterURL("", "")
		return nil
	}
	attributes := plan.deadLetterAttributes(deadLetter)
	url, err := r.cloud.CreateQueue(ctx, deadLetterName(plan.Name.ValueString()), attributes, tags)
	if exists, ok := errors.AsType[*cloud.ExistsError](err); ok {
		taken := &cloud.ExistsError{Object: exists.Object, Else: "where the dead-letter queue would be"} // which cannot be imported by itself
		return fmt.Errorf("%w, delete that queue, or set dead_letter = { enabled = false }", taken)
	}
	if err != nil {
		return err
	}
	plan.setDeadLetterURL(url, r.cloud.QueueARN(url))
	return nil
}

// undoDeadLetter deletes the dead-letter queue of a queue that could not be made, unless it turns out to hold messages.
func (r *queueResource) undoDeadLetter(ctx context.Context, url string) error {
	if url == "" {
		return nil
	}
	attributes, err := r.cloud.FindQueue(ctx, url)
	if err != nil || cloud.MessageCount(attributes) > 0 {
		return err
	}
	return r.cloud.DeleteQueue(ctx, url)
}

// unmark takes the marks of an unfinished creation off, that of the queue itself last.
func (r *queueResource) unmark(ctx context.Context, m *queueModel) error {
	for _, url := range []string{m.DeadLetterURL.ValueString(), m.URL.ValueString()} {
		if url == "" {
			continue
		}
		if err := r.cloud.UnmarkQueue(ctx, url); err != nil {
			return err
		}
	}
	return nil
}

// queueCauses are what AWS is known to blame queues' attributes for.
var queueCauses = []cause{
	{[]string{"KmsDisabled", "KmsInvalidState", "KmsNotFound"}, "kms_key_arn", "Enable the key, or name another one."},
	{[]string{"KmsAccessDenied"}, "kms_key_arn", "Let the key's policy allow these credentials kms:GenerateDataKey and kms:Decrypt."},
	{[]string{"parameter Policy"}, "policy", "Name principals and resources that exist; a policy is for this queue's ARN only."},
}

// addQueueError says which act failed on which queue, and why.
func addQueueError(diags *diag.Diagnostics, act, queue string, err error) {
	summary, detail := "Failed to "+act+" queue", fmt.Sprintf("Queue %s: %s", queue, sentence(err.Error()))+importHint(err, "handler_queue")
	if found, ok := causeOf(err, queueCauses); ok {
		blame(diags, path.Root(found.attribute), summary, detail+" "+found.advice)
		return
	}
	blame(diags, path.Root("name"), summary, detail)
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
		var rest bool
		if rest, err = r.deadLetterRemains(ctx, &state); err == nil {
			if !rest {
				resp.State.RemoveResource(ctx)
				return
			}
			state.ARN = types.StringNull() // destroying it removes the rest, and an update makes the queue again
			resp.Diagnostics.AddWarning("Queue is gone", fmt.Sprintf("Somebody deleted queue %s, but not its dead-letter queue. "+
				"The next apply makes it again.", state.Name.ValueString()))
			resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
			return
		}
	}
	made, newDiags := req.Private.GetKey(ctx, keyCreated)
	resp.Diagnostics.Append(newDiags...)
	if err == nil && made != nil && found.deadLetterURL != "" {
		var marked bool
		if marked, err = r.showMark(ctx, &found); err == nil && !marked {
			resp.Diagnostics.Append(resp.Private.SetKey(ctx, keyCreated, nil)...)
		}
	}
	if err != nil {
		addQueueError(&resp.Diagnostics, "read", state.URL.ValueString(), err)
		return
	}
	imported := state.Name.IsNull()
	state.read(ctx, found, &resp.Diagnostics)
	if imported {
		state.Tags = r.ownTags(found.tags)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *queueResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan queueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	warning, err := r.update(ctx, &state, &plan)
	if err != nil {
		addQueueError(&resp.Diagnostics, "update", state.URL.ValueString(), err)
		return
	}
	if warning != "" {
		resp.Diagnostics.AddAttributeWarning(path.Root("visibility_timeout"), "Visibility timeout is lowered later", warning)
	}
	if !plan.DeadLetterURL.IsNull() && !plan.DeadLetterURL.Equal(state.DeadLetterURL) { // whose mark the next refresh looks for
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, keyCreated, []byte(`true`))...)
	}
	r.queues.set(&state, &plan)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("url"), plan.URL)...)
}

func (r *queueResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state queueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var urls []string // the queue itself is the last, as it is what Terraform looks for after a crash
	if url := state.DeadLetterURL.ValueString(); url != "" {
		urls = append(urls, url)
	}
	urls = append(urls, state.URL.ValueString())
	err := r.refuseMessages(ctx, state.ForceDestroy.ValueBool(), urls...)
	for _, url := range urls {
		if err == nil {
			err = r.cloud.DeleteQueue(ctx, url)
		}
	}
	if err != nil {
		addQueueError(&resp.Diagnostics, "delete", state.URL.ValueString(), err)
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
				return fmt.Errorf("queue %s holds messages, about %d, which would be lost; let its function drain it, purge it, or set "+
					"force_destroy = true and apply (untaint it first, if it is tainted) before you destroy", url, count)
			}
			return err
		})
	}
	return group.Wait()
}

func (r *queueResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root("url")
	importBy(ctx, at, at, importID{"queue", "URL", "it such as https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks", queueAddress}, req, resp)
	var url types.String
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, at, &url)...)
	r.checkImportedRegion(url.ValueString(), &resp.Diagnostics)
}

// regionOfQueue finds the region in the URLs that SQS gives queues, in both of their forms.
var regionOfQueue = regexp.MustCompile(`^https?://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com`)

// checkImportedRegion refuses a queue that is not in the provider's region, where one of the same name may be.
func (r *queueResource) checkImportedRegion(url string, diags *diag.Diagnostics) {
	found := regionOfQueue.FindStringSubmatch(url)
	if found == nil || r.providerData == nil || found[1]+found[2] == r.cloud.Region {
		return
	}
	diags.AddError("Failed to import queue", fmt.Sprintf("The queue %s is in region %s, but the provider is configured for %s. Import it with a "+
		"provider of its region.", url, found[1]+found[2], r.cloud.Region))
}
