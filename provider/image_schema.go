package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	defaultKeepImages = 10
	maxKeepImages     = 1000
	encryptionAES     = "AES256"
	encryptionKMS     = "KMS"
)

// repositoryPath is what the distribution specification allows as a repository's name, and ECR, too.
const repositoryPath = `[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*`

var (
	repositoryName    = regexp.MustCompile(`^` + repositoryPath + `$`)
	kmsKeyARN         = regexp.MustCompile(`^arn:[^:]+:kms:[^:]+:[0-9]+:key/.+$`)
	repositoryAddress = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?/` + repositoryPath + `$`)
)

func (r *imageResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The app as a container image: built from Go source by the plan if its inputs changed, so that the digest is " +
			"known there, and pushed once by the apply. Needs no Docker, and no Go: where that is missing, it is downloaded.\n\n" +
			"An edit that does not change the image, such as one within a comment or of a package that the app does not import, changes nothing " +
			"in the plan. An image that vanished from the repository is pushed again by the next apply. An apply that finds other code than " +
			"the plan did stops, and has to be planned again.",
		Attributes: map[string]schema.Attribute{
			"source": schema.SingleNestedAttribute{
				MarkdownDescription: "What the image is built from.",
				Required:            true,
				Attributes:          sourceAttributes(),
			},
			"repository": repositoryAttribute(),
			"sbom": schema.StringAttribute{
				MarkdownDescription: "File to write the image's bill of materials to: the Go modules in the binary, in SPDX 2.3 JSON. It is " +
					"written by every apply that changes the image or this path, and not looked at afterwards. It is never pushed.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"tags":     tagsAttribute(),
			"tags_all": tagsAllAttribute(),
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
				MarkdownDescription: "Handlers that the app registers, each with its event types. Empty for an app that is not on the SDK.",
				ElementType:         handlersType,
				Computed:            true,
			},
			"fingerprint": schema.StringAttribute{
				MarkdownDescription: "Hash of `inputs`.",
				Computed:            true,
			},
			"inputs": schema.MapAttribute{
				MarkdownDescription: "What the image was built from, by kind: the Go release, and hashes of files, modules, settings and what " +
					"else is in it. Shows what kind of change makes another image.",
				ElementType: types.StringType,
				Computed:    true,
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
					"the policy that lets Lambda pull, and is deleted with the resource, see `force_delete`.",
				Optional:      true,
				PlanModifiers: replace,
				Validators:    repositoryNameValidators(),
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "Address of a repository that something else owns, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme`.",
				Optional:            true,
				PlanModifiers:       replace,
				Validators:          repositoryURLValidators(),
			},
			"keep_images": schema.Int32Attribute{
				MarkdownDescription: "How many of the newest images are kept when a new one is pushed to a repository that this resource owns, " +
					"besides those that functions and their published versions run, and those that somebody tagged. Defaults to 10.",
				Optional:   true,
				Computed:   true,
				Default:    int32default.StaticInt32(defaultKeepImages),
				Validators: []validator.Int32{int32validator.Between(1, maxKeepImages)},
			},
			"force_delete": schema.BoolAttribute{
				MarkdownDescription: "Whether the repository may be deleted with images in it that this provider did not push. Its own go " +
					"in any case. Defaults to false.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"encryption": schema.StringAttribute{
				MarkdownDescription: "`AES256` or `KMS`. A change makes another repository. Defaults to `AES256`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(encryptionAES),
				PlanModifiers:       replace,
				Validators:          []validator.String{stringvalidator.OneOf(encryptionAES, encryptionKMS)},
			},
			"kms_key_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the key for `encryption = \"KMS\"`. Defaults to the account's key `aws/ecr`. A change makes another " +
					"repository.",
				Optional:      true,
				PlanModifiers: replace,
				Validators:    []validator.String{stringvalidator.RegexMatches(kmsKeyARN, "must be the ARN of a key, arn:…:kms:…:key/…")},
			},
		},
	}
}

func repositoryNameValidators() []validator.String {
	return []validator.String{
		stringvalidator.LengthBetween(2, 256), // ECR's limits
		stringvalidator.RegexMatches(repositoryName, "must be of lower-case letters, digits, and single - _ . or / between them"),
	}
}

func repositoryURLValidators() []validator.String {
	return []validator.String{
		stringvalidator.RegexMatches(repositoryAddress, "must be of the form host/repository, without a scheme, tag or digest"),
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
	at := path.Root("repository")
	switch {
	case repository.Name.IsNull() == repository.URL.IsNull():
		blame(&resp.Diagnostics, at, "Invalid repository", "Set name, for a repository that this resource "+
			"owns, or url, for one that something else owns; not both.")
	case !repository.URL.IsNull():
		for name, value := range map[string]attr.Value{
			"keep_images": repository.KeepImages, "force_delete": repository.ForceDelete,
			"encryption": repository.Encryption, "kms_key_arn": repository.KMSKeyARN,
		} {
			if !value.IsNull() {
				blame(&resp.Diagnostics, at.AtName(name), "Invalid repository", "It is a setting of a repository that this resource owns, and "+
					"something else owns the one that url names. Remove it, or set name instead of url.")
			}
		}
	case !repository.KMSKeyARN.IsNull() && !repository.Encryption.IsUnknown() && repository.Encryption.ValueString() != encryptionKMS:
		blame(&resp.Diagnostics, at.AtName("kms_key_arn"), "Invalid repository", "A key is used with encryption = \"KMS\" only. Set that, or "+
			"remove kms_key_arn.")
	}
}
