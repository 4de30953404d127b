package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

type imageModel struct {
	Source        types.Object `tfsdk:"source"`
	Repository    types.Object `tfsdk:"repository"`
	SBOM          types.String `tfsdk:"sbom"`
	Tags          types.Map    `tfsdk:"tags"`
	TagsAll       types.Map    `tfsdk:"tags_all"`
	RepositoryURL types.String `tfsdk:"repository_url"`
	ImageURI      types.String `tfsdk:"image_uri"`
	ImageDigest   types.String `tfsdk:"image_digest"`
	ImageSize     types.Int64  `tfsdk:"image_size"`
	Handlers      types.Map    `tfsdk:"handlers"`
	Fingerprint   types.String `tfsdk:"fingerprint"`
	Inputs        types.Map    `tfsdk:"inputs"`
}

type repositoryModel struct {
	Name        types.String `tfsdk:"name"`
	URL         types.String `tfsdk:"url"`
	KeepImages  types.Int32  `tfsdk:"keep_images"`
	ForceDelete types.Bool   `tfsdk:"force_delete"`
	Encryption  types.String `tfsdk:"encryption"`
	KMSKeyARN   types.String `tfsdk:"kms_key_arn"`
}

// id is what the repository is called in messages and in the resource's identity.
func (m repositoryModel) id() string {
	if name := m.Name.ValueString(); name != "" {
		return name
	}
	return m.URL.ValueString()
}

func (m repositoryModel) encryption() cloud.Encryption {
	return cloud.Encryption{Type: m.Encryption.ValueString(), KMSKeyARN: m.KMSKeyARN.ValueString()}
}

var handlersType = types.ListType{ElemType: types.StringType}

// given returns what the image is made of and where it goes, and whether all of it is known yet.
func (m *imageModel) given(ctx context.Context, diags *diag.Diagnostics) (image.Source, repositoryModel, bool) {
	source, known := sourceOf(ctx, m.Source, diags)
	if !known || !fullyKnown(ctx, m.Repository) {
		return image.Source{}, repositoryModel{}, false
	}
	return source, m.repository(ctx, diags), true
}

func (m *imageModel) repository(ctx context.Context, diags *diag.Diagnostics) repositoryModel {
	var repository repositoryModel
	diags.Append(m.Repository.As(ctx, &repository, basetypes.ObjectAsOptions{})...)
	return repository
}

func (m *imageModel) setRepository(ctx context.Context, repository repositoryModel) (diags diag.Diagnostics) {
	m.Repository, diags = types.ObjectValueFrom(ctx, m.Repository.AttributeTypes(ctx), repository)
	return diags
}

// repositoryIs reports whether the image is in this repository.
func (m *imageModel) repositoryIs(ctx context.Context, other repositoryModel) bool {
	var diags diag.Diagnostics
	return m.repository(ctx, &diags).id() == other.id() && !diags.HasError()
}

// keep takes over what was computed before.
func (m *imageModel) keep(state *imageModel) {
	m.RepositoryURL, m.ImageURI, m.ImageDigest, m.ImageSize = state.RepositoryURL, state.ImageURI, state.ImageDigest, state.ImageSize
	m.Handlers, m.Fingerprint, m.Inputs = state.Handlers, state.Fingerprint, state.Inputs
}

func (m *imageModel) setBuilt(repositoryURL string, built *image.Built) {
	m.setImage(repositoryURL, built.Digest, built.Size, built.App)
	m.Fingerprint = types.StringValue(built.Fingerprint)
	m.Inputs = textMap(built.Inputs)
}

func (m *imageModel) setImage(repositoryURL, digest string, size int64, app image.App) {
	m.RepositoryURL = types.StringValue(repositoryURL)
	m.ImageURI = types.StringValue(repositoryURL + "@" + digest)
	m.ImageDigest = types.StringValue(digest)
	m.ImageSize = types.Int64Value(size)
	handlers := map[string]attr.Value{}
	for name, handler := range app.Handlers {
		handlers[name] = textList(handler.Events)
	}
	m.Handlers = types.MapValueMust(handlersType, handlers)
}

// facts returns what functions have to agree with. No handlers may be those of an app that does not list them.
func (m *imageModel) facts(source image.Source) imageFacts {
	names := slices.Sorted(maps.Keys(m.Handlers.Elements()))
	return imageFacts{architecture: source.Architecture, handlers: names, listed: len(names) > 0}
}
