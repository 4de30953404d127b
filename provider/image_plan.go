package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// ModifyPlan builds the image if its inputs changed, so that its digest is known in the plan.
func (r *imageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.providerData == nil {
		return
	}
	var plan imageModel
	var state *imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		state = &imageModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.TagsAll = r.allTags(plan.Tags, &resp.Diagnostics)
	source, repository, known := plan.given(ctx, &resp.Diagnostics)
	if known && !resp.Diagnostics.HasError() {
		r.plan(ctx, state, &plan, source, repository, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if resp.Diagnostics.HasError() || state == nil || state.Fingerprint.IsNull() || !state.ImageURI.Equal(plan.ImageURI) {
		return
	}
	plan.keep(state)
	resp.Diagnostics.Append(preferNoChange(ctx, &resp.Plan, req.State, plan)...)
}

// preferNoChange replaces a plan by a quieter one, a model, if that changes nothing: other inputs that make the very same image are no
// reason to change anything. The inputs in the state are then older than those of the image, until something else changes.
func preferNoChange(ctx context.Context, plan *tfsdk.Plan, state tfsdk.State, quiet any) diag.Diagnostics {
	candidate := tfsdk.Plan{Schema: plan.Schema, Raw: plan.Raw}
	diags := candidate.Set(ctx, quiet)
	if !diags.HasError() && candidate.Raw.Equal(state.Raw) {
		*plan = candidate
	}
	return diags
}

// plan sets all that is computed: from state if the inputs are the same, else by building.
func (r *imageResource) plan(ctx context.Context, state, plan *imageModel, source image.Source, repository repositoryModel, diags *diag.Diagnostics) {
	if !r.checkRegion(path.Root("repository").AtName("url"), repository.URL.ValueString(), diags) {
		return
	}
	before, imageBefore := "", ""
	if state != nil && state.repositoryIs(ctx, repository) {
		before, imageBefore = state.Fingerprint.ValueString(), state.ImageURI.ValueString()
	}
	built, err := r.builds.unlessKnown(ctx, source, before)
	switch {
	case err != nil:
		r.addBuildError(diags, err)
		return
	case built == nil:
		plan.keep(state)
	default:
		url, err := r.repositoryURL(ctx, repository.Name.ValueString(), repository.URL.ValueString())
		if err != nil {
			diags.AddError("Failed to plan image", fmt.Sprintf("Repository %s: %s", repository.id(), sentence(err.Error())))
			return
		}
		plan.setBuilt(url, built)
		if err := r.builds.saved.compare(plan.ImageURI.ValueString(), imageBefore, built); err != nil {
			r.addBuildError(diags, err)
			return
		}
	}
	facts := plan.facts(source)
	if !facts.listed && !source.SkipHandlers {
		warnOfNoHandlers(diags, source)
	}
	r.builds.facts.Set(plan.ImageURI.ValueString(), facts)
}

// addBuildError blames the attribute that is the cause, if one is. What the compiler says is told by the first of all resources that
// have the same source.
func (d *providerData) addBuildError(diags *diag.Diagnostics, err error) {
	const failed = "Failed to build image"
	source, detail := path.Root("source"), sentence(err.Error())
	wrong, isWrong := errors.AsType[*image.SourceError](err)
	broken, isBroken := errors.AsType[*image.BuildError](err)
	switch {
	case isWrong:
		blame(diags, fieldPath(wrong), failed, detail)
	case isBroken && d.builds.toldBefore(err):
		blame(diags, source.AtName("package"), failed, fmt.Sprintf("The package %s cannot be built, as the error of another resource with "+
			"the same source says in full.", broken.Package))
	case isBroken && broken.Hint == "":
		blame(diags, source.AtName("package"), failed, fmt.Sprintf("The package %s does not compile:\n\n%s\n\nMend the code and plan again.",
			broken.Package, strings.TrimSpace(broken.Output)))
	case isBroken:
		blame(diags, source.AtName("package"), failed, detail)
	case isA[*image.HandlersError](err):
		blame(diags, source.AtName("package"), failed, detail)
	case isA[*image.ToolchainError](err):
		blame(diags, source.AtName("go_version"), failed, detail)
	case isA[*image.NoGoError](err):
		blame(diags, source, failed, detail)
	case isA[*image.MismatchError](err):
		blame(diags, source, "Failed to build the planned image", detail)
	case isA[*changedError](err):
		blame(diags, source, "Source changed since the plan", detail+"\n\nNothing was changed here. Plan and apply again.")
	default:
		diags.AddError(failed, detail)
	}
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
