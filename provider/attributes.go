package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func tagsAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "Tags. They win over the provider's `default_tags`.",
		ElementType:         types.StringType,
		Optional:            true,
	}
}

func tagsAllAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "All tags, the provider's `default_tags` among them.",
		ElementType:         types.StringType,
		Computed:            true,
	}
}

// computedText is a string that AWS chooses once.
func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func numberWithDefault(description string, byDefault, low, high int32) schema.Int32Attribute {
	return schema.Int32Attribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Default:             int32default.StaticInt32(byDefault),
		Validators:          []validator.Int32{int32validator.Between(low, high)},
	}
}
