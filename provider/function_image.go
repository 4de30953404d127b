package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// functionRepositoryModel is where the image of a function goes that is built from source.
type functionRepositoryModel struct {
	Name types.String `tfsdk:"name"`
	URL  types.String `tfsdk:"url"`
}

// repository returns where the image goes; nothing if it is not built here.
func (m *functionModel) repository(ctx context.Context, diags *diag.Diagnostics) functionRepositoryModel {
	var repository functionRepositoryModel
	if !m.Repository.IsNull() {
		diags.Append(m.Repository.As(ctx, &repository, basetypes.ObjectAsOptions{})...)
	}
	return repository
}

// planImage sets what the image decides: its address, digest and fingerprint, and the function's architecture.
func (r *functionResource) planImage(ctx context.Context, config, state, plan *functionModel, diags *diag.Diagnostics) {
	if config.Source.IsNull() {
		r.planForeignImage(config, state, plan, diags)
		return
	}
	unknown := types.StringUnknown()
	plan.ImageURI, plan.ImageDigest, plan.Fingerprint, plan.Architecture = unknown, unknown, unknown, config.Architecture
	source, known := sourceOf(ctx, plan.Source, diags)
	if !known || !fullyKnown(ctx, plan.Repository) {
		if config.Architecture.IsNull() {
			plan.Architecture = unknown
		}
		return
	}
	plan.Architecture = types.StringValue(source.Architecture)
	if own := config.Architecture; !own.IsNull() && !own.IsUnknown() && own.ValueString() != source.Architecture {
		blame(diags, path.Root("architecture"), invalidFunction, fmt.Sprintf("The function is to run on %s, but its image is built for %s. "+
			"Set source.architecture = %q, which the function follows, and remove architecture.",
			own.ValueString(), source.Architecture, own.ValueString()))
		return
	}
	r.planBuiltImage(ctx, state, plan, source, diags)
}

// planForeignImage is for an image that something else builds.
func (r *functionResource) planForeignImage(config, state, plan *functionModel, diags *diag.Diagnostics) {
	plan.Fingerprint = types.StringNull()
	if config.Architecture.IsNull() {
		plan.Architecture = types.StringValue(defaultArchitecture)
	}
	plan.ImageDigest = types.StringUnknown()
	if _, digest, ok := strings.Cut(plan.ImageURI.ValueString(), "@"); ok {
		plan.ImageDigest = types.StringValue(digest)
	} else if state != nil && state.ImageURI.Equal(plan.ImageURI) {
		plan.ImageDigest = state.ImageDigest
	}
	r.checkRegion(path.Root("image_uri"), plan.ImageURI.ValueString(), diags)
}

// planBuiltImage is for an image that is built here: as in the state if its inputs are the same, else built now.
func (r *functionResource) planBuiltImage(ctx context.Context, state, plan *functionModel, source image.Source, diags *diag.Diagnostics) {
	repository := plan.repository(ctx, diags)
	if diags.HasError() || !r.checkRegion(path.Root("repository").AtName("url"), repository.URL.ValueString(), diags) {
		return
	}
	before, imageBefore := "", ""
	if state != nil && state.Repository.Equal(plan.Repository) {
		before, imageBefore = state.Fingerprint.ValueString(), state.ImageURI.ValueString()
	}
	built, err := r.builds.unlessKnown(ctx, source, before)
	if err != nil {
		r.addBuildError(diags, err)
		return
	}
	if built == nil {
		plan.keepImage(state)
		return
	}
	url, err := r.repositoryURL(ctx, repository.Name.ValueString(), repository.URL.ValueString())
	if err != nil {
		diags.AddError("Failed to plan function", sentence(err.Error()))
		return
	}
	plan.ImageURI, plan.ImageDigest = types.StringValue(url+"@"+built.Digest), types.StringValue(built.Digest)
	if err := r.builds.saved.compare(plan.ImageURI.ValueString(), imageBefore, built); err != nil {
		r.addBuildError(diags, err)
		return
	}
	plan.Fingerprint = types.StringValue(built.Fingerprint)
	facts := factsOf(built.Architecture, built.App)
	if len(facts.handlers) == 0 && !source.SkipHandlers {
		warnOfNoHandlers(diags, source)
	}
	r.builds.facts.Set(plan.ImageURI.ValueString(), facts)
}

// keepImage takes over the image as it is.
func (m *functionModel) keepImage(state *functionModel) {
	m.ImageURI, m.ImageDigest, m.Fingerprint = state.ImageURI, state.ImageDigest, state.Fingerprint
}

// checkImage checks that the image has the handler and is made for the function's architecture.
func (r *functionResource) checkImage(ctx context.Context, state, plan *functionModel, diags *diag.Diagnostics) {
	if plan.ImageURI.IsUnknown() || state != nil && state.Handler.Equal(plan.Handler) && state.ImageURI.Equal(plan.ImageURI) &&
		state.Architecture.Equal(plan.Architecture) {
		return
	}
	facts, ok := r.factsOf(ctx, plan.ImageURI.ValueString())
	if !ok {
		return
	}
	if own := plan.Architecture; !own.IsUnknown() && facts.architecture != own.ValueString() {
		blame(diags, path.Root("architecture"), "Wrong architecture", fmt.Sprintf("The function is to run on %s, but the image %s is for %s. "+
			"Set architecture = %q, or build the image for %s.",
			own.ValueString(), plan.ImageURI.ValueString(), facts.architecture, facts.architecture, own.ValueString()))
	}
	if !facts.listed || plan.Handler.IsUnknown() || slices.Contains(facts.handlers, plan.Handler.ValueString()) {
		return
	}
	wanted, hint, registered := plan.Handler.ValueString(), "", "It registers: "+strings.Join(facts.handlers, ", ")+". Name one of these"
	if len(facts.handlers) == 0 {
		registered = "It registers none. Name another image"
	}
	if name := nearest(wanted, facts.handlers); name != "" {
		hint = fmt.Sprintf(" Did you mean %q?", name)
	}
	blame(diags, path.Root("handler"), "Unknown handler", fmt.Sprintf("The app in %s has no handler %q.%s %s, or register it with "+
		"sdk.Handler in the app.", plan.ImageURI.ValueString(), wanted, hint, registered))
}

// factsOf returns what an image says: as this run built it, or else as the registry has it. What cannot be read is anybody's guess.
func (r *functionResource) factsOf(ctx context.Context, imageURI string) (imageFacts, bool) {
	facts, err := r.builds.facts.Get(ctx, imageURI, func(ctx context.Context) (imageFacts, error) {
		found, err := r.registry.Describe(ctx, imageURI)
		if err != nil {
			return imageFacts{}, err
		}
		return factsOf(found.Architecture, found.App), nil
	})
	if err != nil {
		tflog.Debug(ctx, "contents of image are not known", map[string]any{"image_uri": imageURI, "error": err.Error()})
	}
	return facts, err == nil
}

func factsOf(architecture string, app image.App) imageFacts {
	return imageFacts{architecture: architecture, handlers: slices.Sorted(maps.Keys(app.Handlers)), listed: app.Name != ""}
}

// ship brings the image of a function to its repository, which is made if it is missing, unless it is built elsewhere.
func (r *functionResource) ship(ctx context.Context, plan *functionModel, diags *diag.Diagnostics) bool {
	source, known := sourceOf(ctx, plan.Source, diags)
	repository := plan.repository(ctx, diags)
	if !known || diags.HasError() {
		return !diags.HasError()
	}
	built, err := r.builds.planned(ctx, source, nil, plan.ImageDigest.ValueString())
	if err != nil {
		r.addBuildError(diags, err)
		return false
	}
	if name := repository.Name.ValueString(); name != "" {
		if _, err := r.cloud.EnsureRepository(ctx, name, r.defaultTags); err != nil {
			blame(diags, path.Root("repository").AtName("name"), "Failed to create repository", sentence(err.Error()))
			return false
		}
	}
	if err := r.push(ctx, plan.ImageURI.ValueString(), built); err != nil {
		addPushError(diags, plan.ImageURI.ValueString(), err)
		return false
	}
	return true
}

// hasBuiltImage reports whether the image that a function was built from is still in its repository; who may not look takes it for granted.
func (r *functionResource) hasBuiltImage(ctx context.Context, state *functionModel) (bool, error) {
	var diags diag.Diagnostics
	repository := state.repository(ctx, &diags)
	if diags.HasError() {
		return false, diagError(diags)
	}
	exists, err := r.hasImage(ctx, repository.Name.ValueString(), state.ImageURI.ValueString())
	switch {
	case cloud.IsNotFound(err):
		return false, nil
	case cloud.IsDenied(err):
		return true, nil
	default:
		return exists, err
	}
}
