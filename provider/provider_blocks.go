package provider

import (
	"encoding/json"
	"net/url"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// IAM's rules for sessions of roles, as STS's API reference states them.
var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

func assumeRoleBlock() schema.ListNestedBlock {
	attributes := roleAttributes()
	attributes["external_id"] = schema.StringAttribute{
		MarkdownDescription: "External ID that the role's trust policy asks for.",
		Optional:            true,
		Validators: []validator.String{
			stringvalidator.LengthBetween(2, 1224),
			stringvalidator.RegexMatches(externalID, "must be of letters, digits and _+=,.@:/-"),
		},
	}
	attributes["source_identity"] = schema.StringAttribute{
		MarkdownDescription: "Name of who acts through the role, which stays with all sessions that come of this one.",
		Optional:            true,
		Validators:          []validator.String{isSessionName()},
	}
	attributes["tags"] = schema.MapAttribute{
		MarkdownDescription: "Tags of the session, which policies can ask for.",
		ElementType:         types.StringType,
		Optional:            true,
	}
	attributes["transitive_tag_keys"] = schema.SetAttribute{
		MarkdownDescription: "Keys of those `tags` that the sessions of further roles have, too.",
		ElementType:         types.StringType,
		Optional:            true,
	}
	return schema.ListNestedBlock{
		MarkdownDescription: "Role to assume with the credentials found. Of several blocks, each role is assumed with the credentials of the " +
			"one before it.",
		NestedObject: schema.NestedBlockObject{Attributes: attributes},
	}
}

func webIdentityBlock() schema.ListNestedBlock {
	attributes := roleAttributes()
	other := path.MatchRelative().AtParent().AtName
	attributes["web_identity_token"] = schema.StringAttribute{
		MarkdownDescription: "Token of the identity provider. Either this or `web_identity_token_file` is to be set.",
		Optional:            true,
		Sensitive:           true,
		Validators:          []validator.String{stringvalidator.ExactlyOneOf(other("web_identity_token_file"))},
	}
	attributes["web_identity_token_file"] = schema.StringAttribute{
		MarkdownDescription: "File that holds the token; it is read again whenever credentials are due.",
		Optional:            true,
	}
	return schema.ListNestedBlock{
		MarkdownDescription: "Role to assume with the token of an OpenID Connect identity provider. Without this block, `AWS_ROLE_ARN`, " +
			"`AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_SESSION_NAME` do the same.",
		NestedObject: schema.NestedBlockObject{Attributes: attributes},
		Validators:   []validator.List{listvalidator.SizeAtMost(1)},
	}
}

// roleAttributes are what both ways to assume a role have.
func roleAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"role_arn": schema.StringAttribute{
			MarkdownDescription: "ARN of the role.",
			Required:            true,
			Validators:          []validator.String{isARN()},
		},
		"session_name": schema.StringAttribute{
			MarkdownDescription: "Name of the session, as audit logs show it. A generated one by default.",
			Optional:            true,
			Validators:          []validator.String{isSessionName()},
		},
		"duration": schema.StringAttribute{
			MarkdownDescription: "How long the credentials of the session are valid, from `15m` to `12h`; they are renewed when they are " +
				"about to expire. The default is `15m`.",
			Optional:   true,
			Validators: []validator.String{isSessionDuration()},
		},
		"policy": schema.StringAttribute{
			MarkdownDescription: "IAM policy in JSON. The session may do only what both this and the role allow.",
			Optional:            true,
			Validators:          []validator.String{isJSONObject()},
		},
		"policy_arns": schema.SetAttribute{
			MarkdownDescription: "ARNs of IAM policies that limit the session as `policy` does.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.Set{setvalidator.ValueStringsAre(isARN())},
		},
	}
}

func endpointsBlock() schema.SetNestedBlock {
	attributes := map[string]schema.Attribute{}
	for name, service := range map[string]string{
		"ecr": "ECR", "iam": "IAM", "lambda": "Lambda", "scheduler": "EventBridge Scheduler", "secretsmanager": "Secrets Manager",
		"sqs": "SQS", "sts": "STS",
	} {
		attributes[name] = endpointAttribute("URL of " + service + ".")
	}
	attributes["logs"] = endpointAttribute("URL of CloudWatch Logs.",
		stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("cloudwatchlogs")))
	attributes["cloudwatchlogs"] = endpointAttribute("Another name of `logs`.")
	return schema.SetNestedBlock{
		MarkdownDescription: "URLs of services that are not where their region says. They win over `AWS_ENDPOINT_URL`, and over the variables " +
			"of the services such as `AWS_ENDPOINT_URL_SQS`.",
		NestedObject: schema.NestedBlockObject{Attributes: attributes},
	}
}

func endpointAttribute(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Validators:          append(validators, isWebAddress()),
	}
}

func ignoreTagsBlock() schema.ListNestedBlock {
	return schema.ListNestedBlock{
		MarkdownDescription: "Tags that something else sets: `tags_all` does not show them, and they are neither changed nor removed.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"keys": schema.SetAttribute{
				MarkdownDescription: "Keys of these tags, beside those in `TF_AWS_IGNORE_TAGS_KEYS`, which are separated by commas.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"key_prefixes": schema.SetAttribute{
				MarkdownDescription: "What the keys of these tags begin with, beside those in `TF_AWS_IGNORE_TAGS_KEY_PREFIXES`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
		}},
		Validators: []validator.List{listvalidator.SizeAtMost(1)},
	}
}

func isSessionName() validator.String {
	return stringvalidator.RegexMatches(sessionName, "must be of 2 to 64 letters, digits and _+=,.@-")
}

func isARN() validator.String {
	return textThat("must be an ARN, such as arn:aws:iam::123456789012:role/deployer", arn.IsARN)
}

func isSessionDuration() validator.String {
	return textThat("must be a duration between 15m and 12h, such as 1h30m", func(text string) bool {
		duration, err := time.ParseDuration(text)
		return err == nil && duration >= 15*time.Minute && duration <= 12*time.Hour
	})
}

func isJSONObject() validator.String {
	return textThat("must be an IAM policy in JSON", func(text string) bool {
		var object map[string]json.RawMessage
		return json.Unmarshal([]byte(text), &object) == nil
	})
}

func isWebAddress() validator.String {
	return textThat("must be a URL that begins with http:// or https://", func(text string) bool {
		address, err := url.Parse(text)
		return err == nil && (address.Scheme == "http" || address.Scheme == "https") && address.Host != ""
	})
}
