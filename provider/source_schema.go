package provider

import (
	"context"
	"path"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const defaultArchitecture = "x86_64"

// ownLabels begin the labels that the image sets itself.
const ownLabels = "io.github.lambda-land."

// sourceAttributes describe the source of an image in resources.
func sourceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"package": schema.StringAttribute{
			MarkdownDescription: "Directory of the app's main package, absolute or relative to where Terraform runs; best written with `path.module`.",
			Required:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"tags": texts("Build tags, on top of `lambda` and `lambda.norpc`."),
		"ldflags": texts("Linker flags, on top of those that make the build small and reproducible, such as `-X main.version=1`. One " +
			"that changes from commit to commit makes every commit another image."),
		"env": schema.MapAttribute{
			MarkdownDescription: "Environment variables of the go command, such as `GOPRIVATE` or `GOEXPERIMENT`, on top of those that " +
				"Terraform runs with. They are not in the image, but in the state: let secrets come from Terraform's own environment.",
			ElementType: types.StringType,
			Optional:    true,
			Sensitive:   true,
		},
		"go_version": schema.StringAttribute{
			MarkdownDescription: "Go release to build with, such as `1.26.8`. Defaults to what go.mod asks for. Where there is no Go, or an " +
				"older one, the release is downloaded through `GOPROXY` and verified.",
			Optional: true,
		},
		"architecture": schema.StringAttribute{
			MarkdownDescription: "`x86_64` or `arm64`. Defaults to `x86_64`.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.OneOf("x86_64", "arm64")},
		},
		"base_image": schema.StringAttribute{
			MarkdownDescription: "Image to put the app on, by tag or digest. A tag is resolved by every plan, so that one that moved shows " +
				"there. Defaults to `scratch`: CA certificates and `/tmp`, and nothing else.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"files": schema.MapAttribute{
			MarkdownDescription: "Files and directories to add, by their absolute path in the image, each a path of this machine, " +
				"absolute or relative to where Terraform runs. In the image they belong to root, and anyone may read and execute them.",
			ElementType: types.StringType,
			Optional:    true,
			Validators: []validator.Map{
				mapvalidator.KeysAre(imagePath()), mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
			},
		},
		"copy": schema.ListNestedAttribute{
			MarkdownDescription: "Files and directories of other images to add, as `COPY --from` does. This is how Lambda extensions get in: " +
				"functions with an image have no layers.",
			Optional: true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"image": schema.StringAttribute{
					MarkdownDescription: "The other image, by tag or digest.",
					Required:            true,
					Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				},
				"path": schema.StringAttribute{
					MarkdownDescription: "Absolute path of the file or directory, the same in both images, such as `/opt/extensions`.",
					Required:            true,
					Validators:          []validator.String{imagePath()},
				},
			}},
		},
		"labels": schema.MapAttribute{
			MarkdownDescription: "Labels of the image. None is set that changes from commit to commit by itself.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators: []validator.Map{
				mapvalidator.KeysAre(textThat("must be a label of your own, not one that begins with "+ownLabels, func(text string) bool {
					return text != "" && !strings.HasPrefix(text, ownLabels)
				})),
			},
		},
		"build_timeout": schema.StringAttribute{
			MarkdownDescription: "How long listing and compiling may take, such as `30m`; then the go command is stopped with all that it " +
				"started. Defaults to `15m`.",
			Optional: true,
			Validators: []validator.String{textThat("must be a duration above zero, such as 90s or 30m", func(text string) bool {
				timeout, err := time.ParseDuration(text)
				return err == nil && timeout > 0
			})},
		},
		"check_handlers": schema.BoolAttribute{
			MarkdownDescription: "Whether the app is asked for its handlers, with `backend handlers -json`. Set it to false for an app that is " +
				"not on the SDK; then `handlers` is empty and the handlers of functions are taken on trust. Defaults to true.",
			Optional: true,
		},
	}
}

// sourceAttributesOfData describe the same source in data sources.
func sourceAttributesOfData() map[string]datasource.Attribute {
	return forData(sourceAttributes())
}

// forData returns attributes of a resource, of the kinds that a source has, as those of a data source.
func forData(attributes map[string]schema.Attribute) map[string]datasource.Attribute {
	result := map[string]datasource.Attribute{}
	for name, attribute := range attributes {
		description, required, optional := attribute.GetMarkdownDescription(), attribute.IsRequired(), attribute.IsOptional()
		switch a := attribute.(type) {
		case schema.StringAttribute:
			result[name] = datasource.StringAttribute{
				MarkdownDescription: description, Required: required, Optional: optional, Validators: a.Validators,
			}
		case schema.BoolAttribute:
			result[name] = datasource.BoolAttribute{MarkdownDescription: description, Required: required, Optional: optional}
		case schema.ListAttribute:
			result[name] = datasource.ListAttribute{
				MarkdownDescription: description, Required: required, Optional: optional, Validators: a.Validators, ElementType: a.ElementType,
			}
		case schema.MapAttribute:
			result[name] = datasource.MapAttribute{
				MarkdownDescription: description, Required: required, Optional: optional, Sensitive: a.Sensitive,
				Validators: a.Validators, ElementType: a.ElementType,
			}
		case schema.ListNestedAttribute:
			result[name] = datasource.ListNestedAttribute{
				MarkdownDescription: description, Required: required, Optional: optional,
				NestedObject: datasource.NestedAttributeObject{Attributes: forData(a.NestedObject.Attributes)},
			}
		}
	}
	return result
}

// texts is an optional list of strings.
func texts(description string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description,
		ElementType:         types.StringType,
		Optional:            true,
	}
}

// imagePath wants a path within an image.
func imagePath() validator.String {
	return textThat("must be an absolute path in the image, without . or .. or a slash at its end, such as /opt/extensions", func(text string) bool {
		return text != "/" && path.IsAbs(text) && path.Clean(text) == text
	})
}

// textThat wants a known string that fulfils what is described.
func textThat(description string, fulfils func(string) bool) validator.String {
	return textValidator{description, fulfils}
}

type textValidator struct {
	description string
	fulfils     func(string) bool
}

// Description says what is wanted.
func (v textValidator) Description(context.Context) string { return v.description }

// MarkdownDescription says what is wanted.
func (v textValidator) MarkdownDescription(context.Context) string { return v.description }

// ValidateString adds an error for a string that is not what is wanted.
func (v textValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || v.fulfils(req.ConfigValue.ValueString()) {
		return
	}
	blame(&resp.Diagnostics, req.Path, "Invalid value", "The value "+v.description+", not "+
		"\""+req.ConfigValue.ValueString()+"\".")
}
