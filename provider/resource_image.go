package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

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

// keyCreated is the private key of a repository whose creation may not be finished: the next reading looks for the mark.
const keyCreated = "created"

func newImageResource() resource.Resource { return &imageResource{} }

func (r *imageResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image"
}

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	source, repository, _ := plan.given(ctx, &resp.Diagnostics)
	tags := r.newTags(plan.Tags)
	if resp.Diagnostics.HasError() {
		return
	}
	built, err := r.builds.planned(ctx, source, mapTexts(plan.Inputs), plan.ImageDigest.ValueString())
	if err != nil {
		r.addBuildError(&resp.Diagnostics, err)
		return
	}
	if !writeSBOM(&resp.Diagnostics, plan.SBOM.ValueString(), built) {
		return
	}
	name := repository.Name.ValueString()
	if name != "" {
		err := r.cloud.Claim("repository", name)
		if err == nil {
			_, err = r.cloud.CreateRepository(ctx, name, repository.encryption(), cloud.Mark(tags))
		}
		if err != nil {
			detail := sentence(err.Error())
			if cloud.IsExists(err) {
				detail += " If something else owns it, name it by url instead." + importHint(err, "handler_image")
			}
			blame(&resp.Diagnostics, path.Root("repository").AtName("name"), "Failed to create repository", detail)
			return
		}
	}
	if err := r.push(ctx, plan.ImageURI.ValueString(), built); err != nil {
		if name != "" {
			err = errors.Join(err, r.cloud.DeleteRepository(context.WithoutCancel(ctx), name, true, nil))
		}
		addPushError(&resp.Diagnostics, plan.ImageURI.ValueString(), err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
	if name != "" {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, keyCreated, []byte(`true`))...)
		r.creations.made(ctx, func(ctx context.Context) error { return r.cloud.UnmarkRepository(ctx, name) })
	}
}

func (r *imageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	source, repository, _ := plan.given(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Fingerprint.Equal(state.Fingerprint) || !plan.SBOM.Equal(state.SBOM) {
		built, err := r.builds.planned(ctx, source, mapTexts(plan.Inputs), plan.ImageDigest.ValueString())
		if err != nil {
			r.addBuildError(&resp.Diagnostics, err)
			return
		}
		if !writeSBOM(&resp.Diagnostics, plan.SBOM.ValueString(), built) {
			return
		}
		if err := r.push(ctx, plan.ImageURI.ValueString(), built); err != nil {
			addPushError(&resp.Diagnostics, plan.ImageURI.ValueString(), err)
			return
		}
	}
	if err := r.tend(ctx, &state, &plan, repository); err != nil {
		if usage, ok := errors.AsType[*cloud.UsageError](err); ok {
			resp.Diagnostics.AddWarning("Old images are kept", sentence(usage.Error()))
		} else {
			// The state stays what it was, so that the next apply does what is left; it does not push again what is there.
			resp.Diagnostics.AddError("Failed to update repository", "The image is there, but not all else: "+sentence(err.Error()))
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("repository"), repository.id())...)
}

// tend brings the repository that the resource owns up to date: its tags and settings, and no more old images than it is to keep.
func (r *imageResource) tend(ctx context.Context, state, plan *imageModel, repository repositoryModel) error {
	name := repository.Name.ValueString()
	if name == "" {
		return nil
	}
	if err := r.cloud.MendRepository(ctx, name); err != nil && !cloud.IsDenied(err) { // who may not look takes it for granted
		return err
	}
	if err := r.cloud.TagRepository(ctx, name, mapTexts(state.TagsAll), mapTexts(plan.TagsAll)); err != nil {
		return err
	}
	// Functions run the old image until they are updated, right after this.
	return r.cloud.DeleteOldImages(ctx, name, int(repository.KeepImages.ValueInt32()), state.ImageDigest.ValueString(), plan.ImageDigest.ValueString())
}

// writeSBOM writes the image's bill of materials, if it is wanted, before anything is made or changed, and reports whether it could.
func writeSBOM(diags *diag.Diagnostics, file string, built *image.Built) bool {
	if file == "" {
		return true
	}
	content, err := built.SBOM()
	if err == nil {
		err = replaceFile(file, content)
	}
	if err != nil {
		blame(diags, path.Root("sbom"), "Failed to write bill of materials", sentence(err.Error())+" Name a file that can be written.")
	}
	return err == nil
}

// replaceFile writes a file by renaming, and makes its directory if that is missing.
func replaceFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

func (r *imageResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	repository := state.repository(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || repository.Name.IsNull() {
		return
	}
	own := func(ctx context.Context, digest string) (bool, error) {
		found, err := r.registry.Describe(ctx, state.RepositoryURL.ValueString()+"@"+digest)
		if _, ok := errors.AsType[*image.UnsupportedError](err); ok {
			return false, nil
		}
		return err == nil && found.Ours, err
	}
	err := r.cloud.DeleteRepository(ctx, repository.Name.ValueString(), repository.ForceDelete.ValueBool(), own)
	if foreign, ok := errors.AsType[*cloud.ForeignImagesError](err); ok {
		resp.Diagnostics.AddAttributeError(path.Root("repository"), "Failed to delete repository", sentence(foreign.Error())+" Delete them "+
			"first, or apply repository.force_delete = true.")
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Failed to delete repository", sentence(err.Error()))
	}
}
