package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// SQS's limits, in seconds and bytes, as its API reference states them.
const (
	maxQueueName      = 80
	maxVisibility     = 43200
	minRetention      = 60
	maxRetention      = 1209600
	defaultRetention  = 345600
	minMessageSize    = 1024
	maxMessageSize    = 1048576
	maxDelay          = 900
	maxReceiveWait    = 20
	maxReceives       = 1000
	visibilityFactor  = 6 // AWS advises 6 times the function's timeout, so that throttled invocations can be tried again
	maxFunctionSecond = 900
	// defaultFunctionTimeout is the timeout of functions, and what queues assume of the function that drains them, in seconds.
	defaultFunctionTimeout = 60
)

// kmsAlias is what aliases of KMS keys begin with.
const kmsAlias = "alias/"

var (
	queueName    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)
	queueAddress = regexp.MustCompile(`^https?://[^/]+/\d+/[A-Za-z0-9_-]+(\.fifo)?$`)
	queueKey     = regexp.MustCompile(`^(arn:[^:]+:kms:|` + kmsAlias + `.)`)
)

func (r *queueResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An SQS queue with its dead-letter queue. It owns the messages: destroying it is refused while it or its " +
			"dead-letter queue holds any, unless `force_destroy` is set. Functions that drain it come and go without losing one. " +
			"A queue of the same name that exists already is never taken over: import it.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the queue, up to 80 letters, digits, `-` and `_`. One that ends in `.fifo` makes a FIFO queue.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, maxQueueName),
					stringvalidator.RegexMatches(queueName, "must be of letters, digits, - and _, with .fifo at the end of FIFO queues"),
				},
			},
			"function_timeout": schema.Int32Attribute{
				MarkdownDescription: "Timeout in seconds of the function that drains the queue, from which `visibility_timeout` is " +
					"derived. Defaults to 60, as does the timeout of `handler_function`.",
				Optional:   true,
				Validators: []validator.Int32{int32validator.Between(1, maxFunctionSecond)},
			},
			"visibility_timeout": schema.Int32Attribute{
				MarkdownDescription: "For how many seconds a received message is hidden from other receivers. Defaults to 6 times " +
					"`function_timeout`, as AWS advises.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.Int32{int32validator.Between(0, maxVisibility)},
			},
			"message_retention": numberWithDefault("For how many seconds a message is kept. Defaults to 345600 (4 days).",
				defaultRetention, minRetention, maxRetention),
			"max_message_size": numberWithDefault("How many bytes a message may have. Defaults to 1048576 (1 MiB).",
				maxMessageSize, minMessageSize, maxMessageSize),
			"delay": numberWithDefault("For how many seconds a new message is hidden. Defaults to 0.", 0, 0, maxDelay),
			"receive_wait_time": numberWithDefault("For how many seconds a receiver that does not say so itself waits for messages. "+
				"Defaults to 0. Lambda's pollers always wait.", 0, 0, maxReceiveWait),
			"kms_key_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the KMS key that encrypts the messages, or an alias such as `alias/aws/sqs`. Without it, SQS encrypts " +
					"them with a key of its own. It is that of the dead-letter queue, too.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.RegexMatches(queueKey, "must be the ARN of a KMS key, or an alias that begins with alias/")},
			},
			"policy": schema.StringAttribute{
				MarkdownDescription: "Who else may use the queue: a resource policy, JSON, such as one that lets an SNS topic or an S3 bucket send.",
				Optional:            true,
				Validators:          []validator.String{policyDocument{}},
			},
			"content_based_deduplication": schema.BoolAttribute{
				MarkdownDescription: "Whether messages of a FIFO queue with the same body are taken for the same. Defaults to false.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"high_throughput": schema.BoolAttribute{
				MarkdownDescription: "Whether a FIFO queue deduplicates and limits throughput by message group instead of as a whole. Defaults to false.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"dead_letter": schema.SingleNestedAttribute{
				MarkdownDescription: "The dead-letter queue, named as the queue with `-dlq`. There is one unless `enabled` is false.",
				Optional:            true,
				Computed:            true,
				Default:             objectdefault.StaticValue(defaultDeadLetter().object()),
				Attributes: map[string]schema.Attribute{
					"enabled": schema.BoolAttribute{
						MarkdownDescription: "Whether there is a dead-letter queue. Defaults to true.",
						Optional:            true,
						Computed:            true,
						Default:             booldefault.StaticBool(true),
					},
					"max_receive_count": numberWithDefault("How often a message is received before it is moved to the dead-letter queue. "+
						"Defaults to 5.", defaultMaxReceiveCount, 1, maxReceives),
					"message_retention": numberWithDefault("For how many seconds a message is kept there. Defaults to 1209600 (14 days).",
						defaultDeadLetterRetention, minRetention, maxRetention),
				},
			},
			"force_destroy": schema.BoolAttribute{
				MarkdownDescription: "Whether the queue may be destroyed with messages in it. Defaults to false.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"tags":     tagsAttribute(),
			"tags_all": tagsAllAttribute(),
			"arn":      computedText("ARN of the queue."),
			"url":      computedText("URL of the queue."),
			"dead_letter_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the dead-letter queue.",
				Computed:            true,
			},
			"dead_letter_url": schema.StringAttribute{
				MarkdownDescription: "URL of the dead-letter queue.",
				Computed:            true,
			},
		},
	}
}

func (r *queueResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("url", "URL of the queue.")
}

func (r *queueResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.Conflicting(path.MatchRoot("function_timeout"), path.MatchRoot("visibility_timeout")),
	}
}

// ValidateConfig checks what concerns more than one attribute.
func (r *queueResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config queueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Name.IsUnknown() {
		return
	}
	name := config.Name.ValueString()
	if !config.isFIFO() {
		for attribute, value := range map[string]types.Bool{
			"content_based_deduplication": config.ContentBasedDeduplication,
			"high_throughput":             config.HighThroughput,
		} {
			if value.ValueBool() {
				blame(&resp.Diagnostics, path.Root(attribute), "Invalid queue", fmt.Sprintf("Only FIFO queues have %s, and the "+
					"name %s makes a standard queue. Remove the attribute or let the name end in .fifo.", attribute, name))
			}
		}
	}
	if config.DeadLetter.IsUnknown() {
		return
	}
	deadLetter := config.deadLetter(ctx, &resp.Diagnostics)
	off := !deadLetter.Enabled.IsNull() && !deadLetter.Enabled.IsUnknown() && !deadLetter.Enabled.ValueBool()
	if longer := deadLetterName(name); !off && len(longer) > maxQueueName {
		blame(&resp.Diagnostics, path.Root("name"), "Invalid queue", fmt.Sprintf("The dead-letter queue would be named %s, which "+
			"has %d characters; SQS allows %d. Shorten the name by %d.", longer, len(longer), maxQueueName, len(longer)-maxQueueName))
	}
	count := deadLetter.MaxReceiveCount
	if !off && !count.IsNull() && !count.IsUnknown() && count.ValueInt32() < defaultMaxReceiveCount {
		resp.Diagnostics.AddAttributeWarning(path.Root("dead_letter").AtName("max_receive_count"), "Messages may be dead-lettered unhandled",
			fmt.Sprintf("Messages that Lambda receives and cannot hand to the function, because it is throttled, count as received. With a "+
				"max_receive_count of %d they soon are in the dead-letter queue without having been handled. Use 5 or more.", count.ValueInt32()))
	}
}
