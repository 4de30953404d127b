package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	defaultArchitecture = "x86_64"
	defaultKeepImages   = 10
	maxKeepImages       = 1000
)

// repositoryPath is what the distribution specification allows as a repository's name, and ECR, too.
const repositoryPath = `[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*`

var (
	repositoryName    = regexp.MustCompile(`^` + repositoryPath + `$`)
	repositoryAddress = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?/` + repositoryPath + `$`)
)

func (r *imageResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The app as a container image: built from Go source by the plan if its inputs changed, so that the digest is " +
			"known there, and pushed once by the apply. Needs Go, but no Docker.",
		Attributes: map[string]schema.Attribute{
			"source":     sourceAttribute(),
			"repository": repositoryAttribute(),
			"tags":       tagsAttribute(),
			"tags_all":   tagsAllAttribute(),
			"repository_url": schema.StringAttribute{
				MarkdownDescription: "Address of the repository, without a scheme.",
				Computed:            true,
			},
			"image_uri": schema.StringAttribute{
				MarkdownDescription: "Address of the image, `repository@digest`. Set it as the `image_uri` of functions.",
				Computed:            true,
			},
			"image_digest": schema.StringAttribute{
				MarkdownDescription: "Digest of the image's manifest.",
				Computed:            true,
			},
			"image_size": schema.Int64Attribute{
				MarkdownDescription: "Size of the image in bytes, compressed.",
				Computed:            true,
			},
			"handlers": schema.MapAttribute{
				MarkdownDescription: "Handlers that the app registers, each with its event types.",
				ElementType:         handlersType,
				Computed:            true,
			},
			"fingerprint": schema.StringAttribute{
				MarkdownDescription: "Hash of all that the image is built from: source files, modules, flags and Go version.",
				Computed:            true,
			},
		},
	}
}

func sourceAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the image is built from.",
		Required:            true,
		Attributes: map[string]schema.Attribute{
			"package": schema.StringAttribute{
				MarkdownDescription: "Directory of the app's main package, absolute or relative to where Terraform runs; best written with `path.module`.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"tags": schema.ListAttribute{
				MarkdownDescription: "Build tags, on top of `lambda` and `lambda.norpc`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"ldflags": schema.ListAttribute{
				MarkdownDescription: "Linker flags, on top of those that make the build small and reproducible.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"env": schema.MapAttribute{
				MarkdownDescription: "Environment variables of the build.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"go_version": schema.StringAttribute{
				MarkdownDescription: "Go release to build with, such as `1.26.8`. Defaults to what the package's go.mod asks for.",
				Optional:            true,
			},
			"architecture": schema.StringAttribute{
				MarkdownDescription: "`x86_64` or `arm64`. Defaults to `x86_64`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(defaultArchitecture),
				Validators:          []validator.String{stringvalidator.OneOf("x86_64", "arm64")},
			},
		},
	}
}

func repositoryAttribute() schema.SingleNestedAttribute {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Where the image goes. Set either `name` or `url`.",
		Required:            true,
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of an ECR repository that this resource owns: it is created with immutable tags, scan on push and " +
					"the policy that lets Lambda pull, and is deleted with its images when the resource is destroyed.",
				Optional:      true,
				PlanModifiers: replace,
				Validators: []validator.String{
					stringvalidator.LengthBetween(2, 256), // ECR's limits
					stringvalidator.RegexMatches(repositoryName, "must be of lower-case letters, digits, and single - _ . or / between them"),
				},
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "Address of a repository that something else owns, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme`.",
				Optional:            true,
				PlanModifiers:       replace,
				Validators: []validator.String{
					stringvalidator.RegexMatches(repositoryAddress, "must be of the form host/repository, without a scheme, tag or digest"),
				},
			},
			"keep_images": schema.Int32Attribute{
				MarkdownDescription: "How many of the newest images are kept when a new one is pushed to a repository that this resource owns, " +
					"besides the image in use and the one before it. Defaults to 10.",
				Optional:   true,
				Computed:   true,
				Default:    int32default.StaticInt32(defaultKeepImages),
				Validators: []validator.Int32{int32validator.Between(1, maxKeepImages)},
			},
		},
	}
}

func (r *imageResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("repository", "Name of the repository in the account's own registry.")
}

// ValidateConfig checks that the repository is given in exactly one way.
func (r *imageResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config imageModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Repository.IsNull() || config.Repository.IsUnknown() {
		return
	}
	repository := config.repository(ctx, &resp.Diagnostics)
	if repository.Name.IsNull() == repository.URL.IsNull() {
		blame(&resp.Diagnostics, path.Root("repository"), "Invalid repository", "Set name, for a repository that this resource "+
			"owns, or url, for one that something else owns; not both.")
	}
}
