package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func functionRepositoryAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Where the image goes that is built from `source`. Set either `name` or `url`.",
		Optional:            true,
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of an ECR repository of the account, which is made if it is missing, with immutable tags, scan on " +
					"push and the policy that lets Lambda pull. Functions share it, and none deletes it.",
				Optional:   true,
				Validators: repositoryNameValidators(),
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "Address of a repository that is there, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme`.",
				Optional:            true,
				Validators:          repositoryURLValidators(),
			},
		},
	}
}

func logAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What happens to what the function writes.",
		Optional:            true,
		Computed:            true,
		Default:             objectdefault.StaticValue(defaultLog().object()),
		Attributes: map[string]schema.Attribute{
			"retention": schema.Int32Attribute{
				MarkdownDescription: "For how many days logs are kept; 0 is for ever. Defaults to 30.",
				Optional:            true,
				Computed:            true,
				Default:             int32default.StaticInt32(defaultLogRetention),
				Validators:          []validator.Int32{int32validator.OneOf(retentions...)},
			},
			"format": schema.StringAttribute{
				MarkdownDescription: "`Text` leaves lines as they are (the SDK writes JSON itself); `JSON` has Lambda write its own lines as " +
					"JSON, too, and filter by level. Defaults to `Text`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString("Text"),
				Validators: []validator.String{stringvalidator.OneOf("Text", "JSON")},
			},
			"level": schema.StringAttribute{
				MarkdownDescription: "Lowest level of lines that are kept, with `format = \"JSON\"` only. Defaults to `INFO` there.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.OneOf("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")},
			},
			"group": schema.StringAttribute{
				MarkdownDescription: "Name of the log group, which several functions may share. Defaults to `/aws/lambda/` and the function's name.",
				Optional:            true,
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, maxLogGroup),
					stringvalidator.RegexMatches(logGroupName, "must be of letters, digits, _ - / . and #"),
				},
			},
			"keep": schema.BoolAttribute{
				MarkdownDescription: "Whether the log group stays when the function is destroyed, or gets another log group. Defaults to true.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
		},
	}
}

func vpcAttribute() schema.SingleNestedAttribute {
	ids := func(description string, pattern *regexp.Regexp, form string) schema.SetAttribute {
		return schema.SetAttribute{
			MarkdownDescription: description,
			ElementType:         types.StringType,
			Required:            true,
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1),
				setvalidator.ValueStringsAre(stringvalidator.RegexMatches(pattern, form)),
			},
		}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "VPC that the function reaches through network interfaces of its own. It then needs a NAT gateway or endpoints to " +
			"reach AWS, its queues and secrets among it. It is taken out of the VPC before it is destroyed, so that security groups are free soon.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"subnet_ids":         ids("IDs of the subnets.", subnetID, "must be the ID of a subnet, subnet-…"),
			"security_group_ids": ids("IDs of the security groups.", securityGroupID, "must be the ID of a security group, sg-…"),
			"ipv6": schema.BoolAttribute{
				MarkdownDescription: "Whether the function may use IPv6 in subnets that have both. Defaults to false.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
		},
	}
}
