package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Scheduler's limits, as its API reference states them.
const (
	maxScheduleName        = 64
	maxScheduleDescription = 512
	maxScheduleExpression  = 256
	maxMessageGroup        = 128
	maxScheduleBody        = 256 << 10 // bytes
	maxWindow              = 1440      // minutes
)

var (
	scheduleName = regexp.MustCompile(`^[0-9a-zA-Z_.-]+$`)
	messageGroup = regexp.MustCompile("^[0-9A-Za-z!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]+$")
)

func (r *scheduleResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A schedule of EventBridge Scheduler that sends an event to a queue: at regular intervals, by the calendar, or " +
			"once. It comes with a role that may send to that queue and do nothing else. The event is a CloudEvent, which `sdk.On` " +
			"dispatches by its type like any other; its ID is new for each firing, and its time is the one it was scheduled for.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the schedule, up to 64 letters, digits, `-`, `_` and `.`. The schedule is in the group `default`.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, maxScheduleName),
					stringvalidator.RegexMatches(scheduleName, "must be of letters, digits, -, _ and ."),
				},
			},
			"expression": schema.StringAttribute{
				MarkdownDescription: "When the schedule fires. `rate(5 minutes)` (or `hours`, `days`) fires at regular intervals, the first time " +
					"at `start` or else at once. `cron(0 8 ? * MON-FRI *)` fires by the calendar; its fields are minutes, hours, day of month, " +
					"month, day of week and year, one of the two days being `?`. `at(2027-01-31T08:00:00)` fires once. Firing takes up to a minute.",
				Required:   true,
				Validators: []validator.String{stringvalidator.LengthAtMost(maxScheduleExpression)},
			},
			"timezone": schema.StringAttribute{
				MarkdownDescription: "Time zone of `cron` and `at`, as the IANA names it, such as `Europe/Berlin`. A time that clocks skip in spring " +
					"does not fire, one that they show twice in autumn fires once. Defaults to `UTC`.",
				Optional: true,
				Computed: true,
				Default:  stringdefault.StaticString("UTC"),
			},
			"flexible_window": schema.Int32Attribute{
				MarkdownDescription: "Within how many minutes of its time the schedule may fire, which spreads load. Defaults to 0, which is within " +
					"the minute.",
				Optional:   true,
				Computed:   true,
				Default:    int32default.StaticInt32(0),
				Validators: []validator.Int32{int32validator.Between(0, maxWindow)},
			},
			"start": schema.StringAttribute{
				MarkdownDescription: "When the schedule begins, in RFC 3339, such as `2027-01-01T00:00:00Z`. `rate` counts from it. One that has " +
					"passed means at once. `at` ignores it.",
				Optional: true,
			},
			"end": schema.StringAttribute{
				MarkdownDescription: "When the schedule ends, in RFC 3339. `at` ignores it.",
				Optional:            true,
			},
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the schedule fires. Defaults to true.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "What the schedule is for.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthBetween(1, maxScheduleDescription)},
			},
			"queue_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the queue that the event is sent to, in this region. A FIFO queue must have " +
					"`content_based_deduplication`, as Scheduler sends no deduplication ID.",
				Required: true,
			},
			"message_group": schema.StringAttribute{
				MarkdownDescription: "Message group of the event. A FIFO queue needs it, a standard queue has none.",
				Optional:            true,
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, maxMessageGroup),
					stringvalidator.RegexMatches(messageGroup, "must be of letters, digits and punctuation"),
				},
			},
			"event": scheduleEventAttribute(),
			"kms_key_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the KMS key that encrypts the schedule. Without it, AWS encrypts it with a key of its own. That of the " +
					"queue is not named here: the role may use it.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^arn:[^:]+:kms:[^:]+:\d{12}:key/`), "must be the ARN of a KMS key")},
			},
			"permissions_boundary": schema.StringAttribute{
				MarkdownDescription: "ARN of the policy that bounds what the schedule's role may do.",
				Optional:            true,
				Validators: []validator.String{
					stringvalidator.RegexMatches(regexp.MustCompile(`^arn:[^:]+:iam::[^:]+:policy/`), "must be the ARN of an IAM policy"),
				},
			},
			"tags":     tagsAttribute(), // of the role: schedules have none
			"tags_all": tagsAllAttribute(),
			"arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the schedule.",
				Computed:            true,
			},
			"role_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the role that Scheduler assumes, which carries the tags.",
				Computed:            true,
			},
		},
	}
}

func scheduleEventAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Event that is sent.",
		Required:            true,
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				MarkdownDescription: "Type of the event, such as `cron.cleanup`, by which the app finds the function that handles it.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"data": schema.StringAttribute{
				MarkdownDescription: "Data of the event, as JSON: `jsonencode({ older_than = \"24h\" })`.",
				Optional:            true,
			},
			"source": schema.StringAttribute{
				MarkdownDescription: "Source of the event. Defaults to the ARN of the schedule.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"subject": schema.StringAttribute{
				MarkdownDescription: "Subject of the event, what in the source it is about.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

func (r *scheduleResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("name", "Name of the schedule.")
}
