package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
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
