package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func functionQueuesAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "Queues that the function drains, by a label of your choice.",
		Optional:            true,
		Validators:          []validator.Map{labels()},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the queue.",
				Required:            true,
			},
			"batch_size": numberWithDefault("How many messages one invocation gets at most. Defaults to 10.", defaultBatch, 1, maxBatch),
			"batching_window": numberWithDefault("For how many seconds Lambda may wait to fill a batch. Defaults to 0.",
				0, 0, maxBatchingWindow),
			"maximum_concurrency": schema.Int32Attribute{
				MarkdownDescription: "How many invocations this queue causes at once at most. Defaults to an equal share of " +
					"`reserved_concurrency`, so that none is throttled; without that, or with `provisioned_pollers`, there is no maximum.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.Int32{int32validator.AtLeast(minMaximumConcurrency)},
			},
			"provisioned_pollers": schema.SingleNestedAttribute{
				MarkdownDescription: "Event pollers that Lambda keeps for this queue alone, so that it scales faster. Each causes up to 10 " +
					"invocations at once. They exclude `maximum_concurrency`, and cost as long as they are there.",
				Optional: true,
				Attributes: map[string]schema.Attribute{
					"minimum": numberWithDefault("How many are always there. Defaults to 2.", minPollers, minPollers, maxMinimumPollers),
					"maximum": numberWithDefault("How many there are at most. Defaults to 200.", defaultMaximumPollers, minPollers, maxMaximumPollers),
				},
			},
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the queue is drained. Defaults to true.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"filters": schema.ListAttribute{
				MarkdownDescription: "Filter patterns, JSON. A message that matches none is deleted without being handled.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.List{
					listvalidator.NoNullValues(),
					listvalidator.SizeAtMost(maxFilters),
					listvalidator.ValueStringsAre(stringvalidator.LengthAtMost(maxFilterPattern)),
				},
			},
		}},
	}
}

func labels() validator.Map {
	return mapvalidator.KeysAre(stringvalidator.RegexMatches(queueLabel, "must be a label of letters, digits, _, . and -"))
}
