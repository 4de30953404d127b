package provider

import (
	"context"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// accountID matches the ID of an AWS account.
var accountID = regexp.MustCompile(`^[0-9]{12}$`)

func (p *handlerProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := credentialAttributes()
	maps.Copy(attributes, connectionAttributes())
	maps.Copy(attributes, endpointAttributes())
	maps.Copy(attributes, checkAttributes())
	attributes["default_tags"] = schema.MapAttribute{
		MarkdownDescription: "Tags of everything that the provider creates. A resource's own `tags` win. The environment adds tags, " +
			"too: `TF_AWS_DEFAULT_TAGS_team=platform` is the tag `team`, unless it is set here.",
		ElementType: types.StringType,
		Optional:    true,
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Turns one Go binary into as many AWS Lambda functions as it has handlers, each draining its SQS queues.\n\n" +
			"Credentials, region and endpoints are found as the AWS provider finds them, and configured by the same arguments and " +
			"blocks: in this configuration, in environment variables such as `AWS_PROFILE`, `AWS_REGION` and `AWS_ENDPOINT_URL`, in " +
			"the shared configuration files, or from the machine that Terraform runs on, in this order. Only `default_tags` is an " +
			"attribute here, not a block.",
		Attributes: attributes,
		Blocks: map[string]schema.Block{
			"assume_role":                   assumeRoleBlock(),
			"assume_role_with_web_identity": webIdentityBlock(),
			"endpoints":                     endpointsBlock(),
			"ignore_tags":                   ignoreTagsBlock(),
		},
	}
}

// credentialAttributes say who calls AWS.
func credentialAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"access_key": schema.StringAttribute{
			MarkdownDescription: "AWS access key ID, together with `secret_key`. Defaults to `AWS_ACCESS_KEY_ID`. Keys do not belong into " +
				"configurations that are checked in; prefer a profile, or what the machine provides.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("secret_key"))},
		},
		"secret_key": schema.StringAttribute{
			MarkdownDescription: "AWS secret access key of `access_key`. Defaults to `AWS_SECRET_ACCESS_KEY`.",
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("access_key"))},
		},
		"token": schema.StringAttribute{
			MarkdownDescription: "Session token of temporary credentials. Defaults to `AWS_SESSION_TOKEN`.",
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("access_key"))},
		},
		"profile": schema.StringAttribute{
			MarkdownDescription: "Profile of the shared configuration and credentials files; it wins over keys in the environment. Defaults " +
				"to `AWS_PROFILE` or `AWS_DEFAULT_PROFILE`, and to `default`.",
			Optional: true,
		},
		"shared_config_files":      filesAttribute("Shared configuration files. Defaults to `AWS_CONFIG_FILE` or `~/.aws/config`."),
		"shared_credentials_files": filesAttribute("Shared credentials files. Defaults to `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`."),
		"ec2_metadata_service_endpoint": schema.StringAttribute{
			MarkdownDescription: "URL of the EC2 instance metadata service, which knows the credentials and the region of an instance. " +
				"Defaults to `AWS_EC2_METADATA_SERVICE_ENDPOINT`.",
			Optional:   true,
			Validators: []validator.String{isWebAddress()},
		},
		"ec2_metadata_service_endpoint_mode": schema.StringAttribute{
			MarkdownDescription: "`IPv4` or `IPv6`, for the EC2 instance metadata service. Defaults to `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.OneOf("IPv4", "IPv6")},
		},
		"skip_metadata_api_check": schema.StringAttribute{
			MarkdownDescription: "`true` to never ask the EC2 instance metadata service for credentials, `false` to ask it although " +
				"`AWS_EC2_METADATA_DISABLED` says otherwise.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf("true", "false")},
		},
	}
}

func filesAttribute(description string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description,
		ElementType:         types.StringType,
		Optional:            true,
		Validators:          []validator.List{listvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
	}
}

// connectionAttributes say how AWS is called.
func connectionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"max_retries": schema.Int64Attribute{
			MarkdownDescription: "How often a call is tried at most when AWS throttles it or fails. Defaults to `AWS_MAX_ATTEMPTS`, to " +
				"`max_attempts` of the profile, and to 25.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.AtLeast(0)},
		},
		"retry_mode": schema.StringAttribute{
			MarkdownDescription: "`standard`, or `adaptive` to also slow calls down while AWS throttles them. Defaults to `AWS_RETRY_MODE`, " +
				"to that of the profile, and to `standard`.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf("standard", "adaptive")},
		},
		"token_bucket_rate_limiter_capacity": schema.Int64Attribute{
			MarkdownDescription: "Capacity of the token bucket that limits retries: each takes tokens, and what succeeds gives some back. " +
				"Retries are not limited by default.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.AtLeast(0)},
		},
		"http_proxy": schema.StringAttribute{
			MarkdownDescription: "URL of the proxy for calls of AWS by HTTP, and by HTTPS unless there is an `https_proxy`. Defaults to " +
				"`HTTP_PROXY` or `http_proxy`. Images are pushed through the proxies that the environment names.",
			Optional: true,
		},
		"https_proxy": schema.StringAttribute{
			MarkdownDescription: "URL of the proxy for calls of AWS by HTTPS; empty for none beside an `http_proxy`. Defaults to " +
				"`HTTPS_PROXY` or `https_proxy`.",
			Optional: true,
		},
		"no_proxy": schema.StringAttribute{
			MarkdownDescription: "Hosts that are called without a proxy, separated by commas: domain names, IP addresses or ranges of them, " +
				"each with or without a port, or `*` for all. Defaults to `NO_PROXY` or `no_proxy`.",
			Optional: true,
		},
		"custom_ca_bundle": schema.StringAttribute{
			MarkdownDescription: "File of the root and intermediate certificates, in PEM form, that calls of AWS trust. Defaults to `AWS_CA_BUNDLE`.",
			Optional:            true,
		},
		"insecure": schema.BoolAttribute{
			MarkdownDescription: "Whether calls of AWS accept certificates that cannot be verified. Defaults to false.",
			Optional:            true,
		},
	}
}

// endpointAttributes say which AWS is called.
func endpointAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"region": schema.StringAttribute{
			MarkdownDescription: "AWS region of everything that the provider manages. Defaults to `AWS_REGION` or `AWS_DEFAULT_REGION`, to " +
				"that of the profile, and to that of the EC2 instance if its credentials are used. For several regions, configure the " +
				"provider several times, with an `alias` each.",
			Optional: true,
		},
		"sts_region": schema.StringAttribute{
			MarkdownDescription: "AWS region whose STS gives out credentials of roles and says which account they belong to. Defaults to `region`.",
			Optional:            true,
		},
		"use_dualstack_endpoint": schema.BoolAttribute{
			MarkdownDescription: "Whether to call the endpoints that speak IPv6 as well as IPv4. Defaults to `AWS_USE_DUALSTACK_ENDPOINT`, to " +
				"that of the profile, and to false.",
			Optional: true,
		},
		"use_fips_endpoint": schema.BoolAttribute{
			MarkdownDescription: "Whether to call the endpoints that fulfil FIPS 140. Defaults to `AWS_USE_FIPS_ENDPOINT`, to that of the " +
				"profile, and to false. Services in `endpoints` are called there in any case.",
			Optional: true,
		},
	}
}

// checkAttributes say what is checked before anything is done.
func checkAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"allowed_account_ids": schema.SetAttribute{
			MarkdownDescription: "AWS accounts that the credentials may belong to, so that nothing is done in another one by mistake.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators: []validator.Set{
				setvalidator.ConflictsWith(path.MatchRoot("forbidden_account_ids")),
				setvalidator.ValueStringsAre(isAccountID()),
			},
		},
		"forbidden_account_ids": schema.SetAttribute{
			MarkdownDescription: "AWS accounts that the credentials may not belong to.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.Set{setvalidator.ValueStringsAre(isAccountID())},
		},
		"skip_region_validation": schema.BoolAttribute{
			MarkdownDescription: "Whether to accept a region that the provider does not know, such as one that is newer than this version. " +
				"Defaults to false.",
			Optional: true,
		},
		"skip_credentials_validation": schema.BoolAttribute{
			MarkdownDescription: "Taken for the sake of blocks that are copied from the AWS provider. It changes nothing: credentials are not " +
				"checked before they are used.",
			Optional: true,
		},
		"skip_requesting_account_id": schema.BoolAttribute{
			MarkdownDescription: "Taken for the sake of blocks that are copied from the AWS provider. It changes nothing: the account is asked " +
				"for only where something depends on it.",
			Optional: true,
		},
	}
}

func isAccountID() validator.String {
	return stringvalidator.RegexMatches(accountID, "must be the 12 digits of an AWS account, such as \"012345678901\"")
}
