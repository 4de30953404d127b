package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// Read asks with one request whether the image is still there. What else the repository should be, the next push sees to.
func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	repository := state.repository(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
	var lost bool
	var err error
	if state.ImageDigest.IsNull() {
		err = r.readImported(ctx, &state, &repository)
		resp.Diagnostics.Append(state.setRepository(ctx, repository)...)
	} else {
		var exists bool
		exists, err = r.hasImage(ctx, repository.Name.ValueString(), state.ImageURI.ValueString())
		lost = err == nil && !exists
	}
	created, diags := req.Private.GetKey(ctx, keyCreated)
	resp.Diagnostics.Append(diags...)
	if err == nil && created != nil {
		var unfinished bool
		if unfinished, err = r.readMark(ctx, &state, repository.Name.ValueString()); err == nil && !unfinished {
			resp.Diagnostics.Append(resp.Private.SetKey(ctx, keyCreated, nil)...)
		}
	}
	if cloud.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Failed to read image", fmt.Sprintf("Repository %s: %s", repository.id(), sentence(err.Error())))
		return
	}
	if lost { // without a fingerprint the next apply pushes it again
		state.Fingerprint = types.StringNull()
		warnOfLostImage(&resp.Diagnostics, state.ImageURI)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// readMark reports whether a repository has, or may have, the mark of an unfinished creation, which the next apply takes off then: it is among
// the tags. It is looked for once.
func (r *imageResource) readMark(ctx context.Context, state *imageModel, repository string) (bool, error) {
	tags, err := r.cloud.RepositoryTags(ctx, repository)
	if cloud.IsDenied(err) {
		return true, nil
	}
	if cloud.IsMarked(tags) {
		state.TagsAll = textMapOrNull(r.withoutIgnored(tags))
	}
	return cloud.IsMarked(tags), err
}

// warnOfLostImage says why something changes although the configuration and the code have not.
func warnOfLostImage(diags *diag.Diagnostics, imageURI types.String) {
	diags.AddWarning("Image is gone", imageURI.ValueString()+" is no longer in its repository. The next apply pushes it again.")
}

// readImported takes over a repository with the image that was pushed last.
func (r *imageResource) readImported(ctx context.Context, state *imageModel, repository *repositoryModel) error {
	name := repository.Name.ValueString()
	found, err := r.cloud.ReadRepository(ctx, name)
	if err != nil {
		return err
	}
	tags, err := r.cloud.RepositoryTags(ctx, name)
	if err != nil {
		return err
	}
	repository.Encryption = types.StringValue(found.Encryption.Type)
	repository.KMSKeyARN = textOrNull(found.Encryption.KMSKeyARN)
	state.Tags, state.TagsAll = r.ownTags(r.withoutIgnored(tags)), textMapOrNull(r.withoutIgnored(tags))
	state.RepositoryURL = types.StringValue(found.URL)
	digest, size, err := r.cloud.LatestImage(ctx, name)
	if err != nil {
		return err
	}
	described, err := r.registry.Describe(ctx, found.URL+"@"+digest)
	if err != nil {
		return err
	}
	state.setImage(found.URL, digest, size, described.App)
	return nil
}

// ImportState takes the name of a repository in the account's own registry.
func (r *imageResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root("repository")
	importBy(ctx, at.AtName("name"), at, importID{"repository", "name", "it without account and region, such as acme", repositoryName}, req, resp)
}
