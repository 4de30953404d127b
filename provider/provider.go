// Package provider is the Terraform provider handler: schemas, plans, state and diagnostics. What it does in AWS is in package
// cloud, how images come about in package image.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ provider.Provider = (*handlerProvider)(nil)

type handlerProvider struct {
	version   string
	creations *creations
}

// New returns a function that makes the provider of this version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &handlerProvider{version: version, creations: newCreations()} }
}

type providerModel struct {
	Region                types.String     `tfsdk:"region"`
	Profile               types.String     `tfsdk:"profile"`
	AccessKey             types.String     `tfsdk:"access_key"`
	SecretKey             types.String     `tfsdk:"secret_key"`
	Token                 types.String     `tfsdk:"token"`
	MaxRetries            types.Int64      `tfsdk:"max_retries"`
	SharedConfigFiles     types.List       `tfsdk:"shared_config_files"`
	SharedCredentialFiles types.List       `tfsdk:"shared_credentials_files"`
	AssumeRole            *assumeRoleModel `tfsdk:"assume_role"`
	DefaultTags           types.Map        `tfsdk:"default_tags"`
}

type assumeRoleModel struct {
	RoleARN     types.String `tfsdk:"role_arn"`
	SessionName types.String `tfsdk:"session_name"`
	ExternalID  types.String `tfsdk:"external_id"`
}

func (p *handlerProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "handler"
	resp.Version = p.version
}

func (p *handlerProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Turns one Go binary into as many AWS Lambda functions as it has handlers, each draining its SQS queues.\n\n" +
			"Credentials, region and endpoints are found as the AWS provider finds them: in this configuration, in environment " +
			"variables such as `AWS_PROFILE`, `AWS_REGION` and `AWS_ENDPOINT_URL`, in the shared configuration files, or from the " +
			"machine that Terraform runs on.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				MarkdownDescription: "AWS region of everything that the provider manages. Defaults to `AWS_REGION`, `AWS_DEFAULT_REGION` or that of the profile.",
				Optional:            true,
			},
			"profile": schema.StringAttribute{
				MarkdownDescription: "Profile of the shared configuration files. Defaults to `AWS_PROFILE`.",
				Optional:            true,
			},
			"access_key": schema.StringAttribute{
				MarkdownDescription: "AWS access key ID. Defaults to `AWS_ACCESS_KEY_ID`.",
				Optional:            true,
			},
			"secret_key": schema.StringAttribute{
				MarkdownDescription: "AWS secret access key. Defaults to `AWS_SECRET_ACCESS_KEY`.",
				Optional:            true,
				Sensitive:           true,
			},
			"token": schema.StringAttribute{
				MarkdownDescription: "Session token of temporary credentials. Defaults to `AWS_SESSION_TOKEN`.",
				Optional:            true,
				Sensitive:           true,
			},
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: "How often a call is tried at most when AWS throttles it or fails. Defaults to 25.",
				Optional:            true,
			},
			"shared_config_files": schema.ListAttribute{
				MarkdownDescription: "Shared configuration files. Defaults to `AWS_CONFIG_FILE` or `~/.aws/config`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"shared_credentials_files": schema.ListAttribute{
				MarkdownDescription: "Shared credentials files. Defaults to `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"assume_role": schema.SingleNestedAttribute{
				MarkdownDescription: "Role to assume with the credentials found.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"role_arn": schema.StringAttribute{
						MarkdownDescription: "ARN of the role.",
						Required:            true,
					},
					"session_name": schema.StringAttribute{
						MarkdownDescription: "Name of the session, as audit logs show it.",
						Optional:            true,
					},
					"external_id": schema.StringAttribute{
						MarkdownDescription: "External ID that the role's trust policy asks for.",
						Optional:            true,
					},
				},
			},
			"default_tags": schema.MapAttribute{
				MarkdownDescription: "Tags of everything that the provider creates. A resource's own `tags` win.",
				ElementType:         types.StringType,
				Optional:            true,
			},
		},
	}
}

func (p *handlerProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newFunctionResource,
		newImageResource,
		newQueueResource,
		newResetResource,
	}
}

func (p *handlerProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newAppData}
}
