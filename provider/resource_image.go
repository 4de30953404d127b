package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

var (
	_ resource.ResourceWithConfigure      = (*imageResource)(nil)
	_ resource.ResourceWithIdentity       = (*imageResource)(nil)
	_ resource.ResourceWithImportState    = (*imageResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*imageResource)(nil)
	_ resource.ResourceWithValidateConfig = (*imageResource)(nil)
)

type imageResource struct{ withData }

func newImageResource() resource.Resource { return &imageResource{} }

func (r *imageResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image"
}

// ModifyPlan builds the image if its inputs changed, so that its digest is known in the plan.
func (r *imageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.providerData == nil {
		return
	}
	var plan imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.TagsAll = r.allTags(plan.Tags, &resp.Diagnostics)
	if source, repository, known := plan.inputs(ctx, &resp.Diagnostics); known && !resp.Diagnostics.HasError() {
		var state *imageModel
		if !req.State.Raw.IsNull() {
			state = &imageModel{}
			resp.Diagnostics.Append(req.State.Get(ctx, state)...)
		}
		r.plan(ctx, state, &plan, source, repository, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// plan sets all that is computed: from state if the inputs are the same, else by building.
func (r *imageResource) plan(ctx context.Context, state, plan *imageModel, source image.Source, repository repositoryModel, diags *diag.Diagnostics) {
	fingerprint, err := r.builder.Fingerprint(ctx, source)
	if err != nil {
		addBuildError(diags, err)
		return
	}
	if state != nil && state.Fingerprint.ValueString() == fingerprint && state.repositoryIs(ctx, repository) {
		plan.keep(state)
		r.apps.Store(plan.ImageURI.ValueString(), plan.handlerNames())
		return
	}
	built, err := r.builder.Build(ctx, source)
	if err != nil {
		addBuildError(diags, err)
		return
	}
	url := repository.URL.ValueString()
	if url == "" {
		login, err := r.cloud.Login(ctx)
		if err != nil {
			diags.AddError("Failed to plan image", fmt.Sprintf("Repository %s: %s", repository.id(), sentence(err.Error())))
			return
		}
		url = login.Host + "/" + repository.Name.ValueString()
	}
	plan.setBuilt(url, built)
	r.apps.Store(plan.ImageURI.ValueString(), plan.handlerNames())
}

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	source, repository, _ := plan.inputs(ctx, &resp.Diagnostics)
	tags := mapTexts(plan.TagsAll)
	if resp.Diagnostics.HasError() {
		return
	}
	built, err := r.builder.Build(ctx, source)
	if err != nil {
		addBuildError(&resp.Diagnostics, err)
		return
	}
	if name := repository.Name.ValueString(); name != "" {
		if _, err := r.cloud.CreateRepository(ctx, name, cloud.Encryption{}, tags); err != nil {
			detail := sentence(err.Error())
			if cloud.IsExists(err) {
				detail += " If something else owns it, name it by url instead."
			}
			blame(&resp.Diagnostics, path.Root("repository").AtName("name"), "Failed to create repository", detail)
			return
		}
	}
	if err := r.push(ctx, &plan, built); err != nil {
		if name := repository.Name.ValueString(); name != "" {
			err = errors.Join(err, r.cloud.DeleteRepository(context.WithoutCancel(ctx), name, true, nil))
		}
		addPushError(&resp.Diagnostics, &plan, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
}

// push uploads the image that was planned, and no other.
func (r *imageResource) push(ctx context.Context, plan *imageModel, built *image.Built) error {
	if err := built.Matches(plan.Fingerprint.ValueString(), plan.ImageDigest.ValueString()); err != nil {
		return err
	}
	return r.registry.Push(ctx, repositoryOf(plan.ImageURI.ValueString()), built.Image)
}

func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	repository := state.repository(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
	err := r.read(ctx, &state, repository)
	if cloud.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Failed to read image", fmt.Sprintf("Repository %s: %s", repository.id(), sentence(err.Error())))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// read checks that the image is still there. If not, its fingerprint is forgotten, so that the next plan builds it again.
func (r *imageResource) read(ctx context.Context, state *imageModel, repository repositoryModel) error {
	if state.ImageDigest.IsNull() {
		return r.readImported(ctx, state, repository)
	}
	var exists bool
	var err error
	if name := repository.Name.ValueString(); name != "" {
		exists, err = r.cloud.HasImage(ctx, name, state.ImageDigest.ValueString())
	} else {
		exists, err = r.registry.Exists(ctx, repository.URL.ValueString(), state.ImageDigest.ValueString())
	}
	if err == nil && !exists {
		state.Fingerprint = types.StringNull()
	}
	return err
}

// readImported takes over a repository with the image that was pushed last.
func (r *imageResource) readImported(ctx context.Context, state *imageModel, repository repositoryModel) error {
	name := repository.Name.ValueString()
	url, err := r.cloud.FindRepository(ctx, name)
	if err != nil {
		return err
	}
	tags, err := r.cloud.RepositoryTags(ctx, name)
	if err != nil {
		return err
	}
	state.Tags, state.TagsAll = r.ownTags(withoutReserved(tags)), textMapOrNull(withoutReserved(tags))
	state.RepositoryURL = types.StringValue(url)
	digest, size, err := r.cloud.LatestImage(ctx, name)
	if err != nil {
		return err
	}
	described, err := r.registry.Describe(ctx, url+"@"+digest)
	if err != nil {
		return err
	}
	state.setImage(url, digest, size, described.App)
	return nil
}

func (r *imageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	source, repository, _ := plan.inputs(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Fingerprint.Equal(state.Fingerprint) {
		built, err := r.builder.Build(ctx, source)
		if err != nil {
			addBuildError(&resp.Diagnostics, err)
			return
		}
		if err := r.push(ctx, &plan, built); err != nil {
			addPushError(&resp.Diagnostics, &plan, err)
			return
		}
	}
	if err := r.tend(ctx, &state, &plan, repository); err != nil {
		// The state stays what it was, so that the next apply does what is left; it does not push again what is there.
		resp.Diagnostics.AddError("Failed to update repository", "The image is there, but not all else: "+sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
}

// tend brings the repository that the resource owns up to date: its tags, and no more old images than it is to keep.
func (r *imageResource) tend(ctx context.Context, state, plan *imageModel, repository repositoryModel) error {
	name := repository.Name.ValueString()
	if name == "" {
		return nil
	}
	if err := r.cloud.TagRepository(ctx, name, mapTexts(state.TagsAll), mapTexts(plan.TagsAll)); err != nil {
		return err
	}
	// Functions run the old image until they are updated, right after this.
	return r.cloud.DeleteOldImages(ctx, name, int(repository.KeepImages.ValueInt32()), state.ImageDigest.ValueString(), plan.ImageDigest.ValueString())
}

func (r *imageResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	repository := state.repository(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || repository.Name.IsNull() {
		return
	}
	if err := r.cloud.DeleteRepository(ctx, repository.Name.ValueString(), true, nil); err != nil {
		resp.Diagnostics.AddError("Failed to delete repository", sentence(err.Error()))
	}
}

// ImportState takes the name of a repository in the account's own registry.
func (r *imageResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("repository").AtName("name"), path.Root("repository"), req, resp)
}
