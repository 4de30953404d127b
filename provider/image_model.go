package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

type imageModel struct {
	Source        types.Object `tfsdk:"source"`
	Repository    types.Object `tfsdk:"repository"`
	Tags          types.Map    `tfsdk:"tags"`
	TagsAll       types.Map    `tfsdk:"tags_all"`
	RepositoryURL types.String `tfsdk:"repository_url"`
	ImageURI      types.String `tfsdk:"image_uri"`
	ImageDigest   types.String `tfsdk:"image_digest"`
	ImageSize     types.Int64  `tfsdk:"image_size"`
	Handlers      types.Map    `tfsdk:"handlers"`
	Fingerprint   types.String `tfsdk:"fingerprint"`
}

type sourceModel struct {
	Package      types.String `tfsdk:"package"`
	Tags         types.List   `tfsdk:"tags"`
	Ldflags      types.List   `tfsdk:"ldflags"`
	Env          types.Map    `tfsdk:"env"`
	GoVersion    types.String `tfsdk:"go_version"`
	Architecture types.String `tfsdk:"architecture"`
}

type repositoryModel struct {
	Name       types.String `tfsdk:"name"`
	URL        types.String `tfsdk:"url"`
	KeepImages types.Int32  `tfsdk:"keep_images"`
}

// id is what the repository is called in messages and in the resource's identity.
func (m repositoryModel) id() string {
	if name := m.Name.ValueString(); name != "" {
		return name
	}
	return m.URL.ValueString()
}

var handlersType = types.ListType{ElemType: types.StringType}

// inputs returns what the image is made of and where it goes, and whether all of it is known yet.
func (m *imageModel) inputs(ctx context.Context, diags *diag.Diagnostics) (image.Source, repositoryModel, bool) {
	if !fullyKnown(ctx, m.Source) || !fullyKnown(ctx, m.Repository) {
		return image.Source{}, repositoryModel{}, false
	}
	var source sourceModel
	diags.Append(m.Source.As(ctx, &source, basetypes.ObjectAsOptions{})...)
	return image.Source{
		Package:      source.Package.ValueString(),
		Tags:         listTexts(source.Tags),
		Ldflags:      listTexts(source.Ldflags),
		Env:          mapTexts(source.Env),
		GoVersion:    source.GoVersion.ValueString(),
		Architecture: source.Architecture.ValueString(),
	}, m.repository(ctx, diags), true
}

func (m *imageModel) repository(ctx context.Context, diags *diag.Diagnostics) repositoryModel {
	var repository repositoryModel
	diags.Append(m.Repository.As(ctx, &repository, basetypes.ObjectAsOptions{})...)
	return repository
}

// repositoryIs reports whether the image is in this repository.
func (m *imageModel) repositoryIs(ctx context.Context, other repositoryModel) bool {
	var diags diag.Diagnostics
	return m.repository(ctx, &diags).id() == other.id() && !diags.HasError()
}

// keep takes over what was computed before.
func (m *imageModel) keep(state *imageModel) {
	m.RepositoryURL, m.ImageURI, m.ImageDigest, m.ImageSize = state.RepositoryURL, state.ImageURI, state.ImageDigest, state.ImageSize
	m.Handlers, m.Fingerprint = state.Handlers, state.Fingerprint
}

func (m *imageModel) setBuilt(repositoryURL string, built *image.Built) {
	m.setImage(repositoryURL, built.Digest, built.Size, built.App)
	m.Fingerprint = types.StringValue(built.Fingerprint)
}

func (m *imageModel) setImage(repositoryURL, digest string, size int64, app image.App) {
	m.RepositoryURL = types.StringValue(repositoryURL)
	m.ImageURI = types.StringValue(repositoryURL + "@" + digest)
	m.ImageDigest = types.StringValue(digest)
	m.ImageSize = types.Int64Value(size)
	handlers := map[string]attr.Value{}
	for name, handler := range app.Handlers {
		events := make([]attr.Value, len(handler.Events))
		for i, event := range handler.Events {
			events[i] = types.StringValue(event)
		}
		handlers[name] = types.ListValueMust(types.StringType, events)
	}
	m.Handlers = types.MapValueMust(handlersType, handlers)
}

// handlerNames returns the names of the app's handlers, sorted.
func (m *imageModel) handlerNames() []string { return slices.Sorted(maps.Keys(m.Handlers.Elements())) }

// repositoryOf returns the repository of an image URI that ends in a digest.
func repositoryOf(imageURI string) string {
	repository, _, _ := strings.Cut(imageURI, "@")
	return repository
}

func fullyKnown(ctx context.Context, value attr.Value) bool {
	raw, err := value.ToTerraformValue(ctx)
	return err == nil && raw.IsFullyKnown()
}

// addBuildError blames the attribute that is the cause.
func addBuildError(diags *diag.Diagnostics, err error) {
	attribute, detail := "package", sentence(err.Error())
	if wrong, ok := errors.AsType[*image.SourceError](err); ok {
		attribute = sourceAttributes[wrong.Field]
	}
	if _, ok := errors.AsType[*image.ToolchainError](err); ok {
		attribute = "go_version"
	}
	if broken, ok := errors.AsType[*image.BuildError](err); ok {
		detail = fmt.Sprintf("The package %s does not compile:\n\n%s\n\nMend the code and plan again.", broken.Package,
			strings.TrimSpace(broken.Output))
	}
	blame(diags, path.Root("source").AtName(attribute), "Failed to build image", detail)
}

// sourceAttributes are the attributes of source by the names of [image.Source]'s fields.
var sourceAttributes = map[string]string{
	"Package": "package", "Tags": "tags", "Ldflags": "ldflags", "Env": "env", "GoVersion": "go_version", "Architecture": "architecture",
}

func addPushError(diags *diag.Diagnostics, plan *imageModel, err error) {
	if mismatch, ok := errors.AsType[*image.MismatchError](err); ok {
		blame(diags, path.Root("source"), "Failed to build the planned image", sentence(mismatch.Error())+" Plan and apply again.")
		return
	}
	diags.AddError("Failed to push image", fmt.Sprintf("The image %s was not pushed: %s", plan.ImageURI.ValueString(), sentence(err.Error())))
}
