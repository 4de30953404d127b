package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// sourceModel is the source of an image, wherever one is given.
type sourceModel struct {
	Package       types.String `tfsdk:"package"`
	Tags          types.List   `tfsdk:"tags"`
	Ldflags       types.List   `tfsdk:"ldflags"`
	Env           types.Map    `tfsdk:"env"`
	GoVersion     types.String `tfsdk:"go_version"`
	Architecture  types.String `tfsdk:"architecture"`
	BaseImage     types.String `tfsdk:"base_image"`
	Files         types.Map    `tfsdk:"files"`
	Copy          types.List   `tfsdk:"copy"`
	Labels        types.Map    `tfsdk:"labels"`
	BuildTimeout  types.String `tfsdk:"build_timeout"`
	CheckHandlers types.Bool   `tfsdk:"check_handlers"`
}

type copyModel struct {
	Image types.String `tfsdk:"image"`
	Path  types.String `tfsdk:"path"`
}

// sourceOf returns a source that is given, and whether all of it is known yet.
func sourceOf(ctx context.Context, object types.Object, diags *diag.Diagnostics) (image.Source, bool) {
	if object.IsNull() || !fullyKnown(ctx, object) {
		return image.Source{}, false
	}
	var model sourceModel
	var copies []copyModel
	diags.Append(object.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	diags.Append(model.Copy.ElementsAs(ctx, &copies, false)...)
	timeout, err := time.ParseDuration(model.BuildTimeout.ValueString())
	if err != nil {
		timeout = image.DefaultBuildTimeout // which is not given; others are validated
	}
	source := image.Source{
		Package:      model.Package.ValueString(),
		Tags:         listTexts(model.Tags),
		Ldflags:      listTexts(model.Ldflags),
		Env:          mapTexts(model.Env),
		GoVersion:    model.GoVersion.ValueString(),
		Architecture: orDefault(model.Architecture, defaultArchitecture),
		BaseImage:    model.BaseImage.ValueString(),
		Files:        mapTexts(model.Files),
		Labels:       mapTexts(model.Labels),
		BuildTimeout: timeout,
		SkipHandlers: !model.CheckHandlers.IsNull() && !model.CheckHandlers.ValueBool(),
	}
	for _, c := range copies {
		source.Copy = append(source.Copy, image.Copy{Image: c.Image.ValueString(), Path: c.Path.ValueString()})
	}
	return source, true
}

// orDefault returns a known text, or what it stands for if it is null.
func orDefault(text types.String, byDefault string) string {
	if text.IsNull() {
		return byDefault
	}
	return text.ValueString()
}

func fullyKnown(ctx context.Context, value attr.Value) bool {
	raw, err := value.ToTerraformValue(ctx)
	return err == nil && raw.IsFullyKnown()
}

// sourceFields are the attributes of source by the names of [image.Source]'s fields.
var sourceFields = map[string]string{
	"Package": "package", "Tags": "tags", "Ldflags": "ldflags", "Env": "env", "GoVersion": "go_version", "Architecture": "architecture",
	"BaseImage": "base_image", "Files": "files", "Copy": "copy", "Labels": "labels", "BuildTimeout": "build_timeout",
}

// fieldPath returns the attribute that a wrong source has to thank for it.
func fieldPath(wrong *image.SourceError) path.Path {
	field, inner, _ := strings.Cut(wrong.Field, ".")
	at := path.Root("source").AtName(sourceFields[field])
	switch {
	case wrong.Key != "":
		return at.AtMapKey(wrong.Key)
	case inner != "":
		return at.AtListIndex(wrong.Index).AtName(strings.ToLower(inner))
	case field == "Copy" || field == "Tags" || field == "Ldflags":
		return at.AtListIndex(wrong.Index)
	default:
		return at
	}
}

// warnOfNoHandlers says that nobody will notice a function whose handler does not exist.
func warnOfNoHandlers(diags *diag.Diagnostics, source image.Source) {
	diags.AddAttributeWarning(path.Root("source"), "Handlers cannot be checked", fmt.Sprintf("The app %s registers no handlers, or is not on "+
		"the SDK, so a function with the name of a handler that does not exist would be deployed all the same. Set source.check_handlers = "+
		"false if that is meant.", source.Package))
}
