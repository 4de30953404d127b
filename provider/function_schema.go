package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Lambda's limits, as its API reference states them.
const (
	maxFunctionName       = 64
	minMemory             = 128   // MB
	maxMemory             = 10240 // MB
	defaultMemory         = 256   // MB; less leaves Go so little CPU that cold starts drag
	defaultBatch          = 10
	maxBatch              = 10000
	maxFIFOBatch          = 10
	maxBatchWithoutWindow = 10
	maxBatchingWindow     = 300  // seconds
	minMaximumConcurrency = 2    // of a mapping
	maxMaximumConcurrency = 1000 // of a mapping, unless AWS raised it
	maxFilters            = 10
	maxFilterPattern      = 4096
	maxEnvironment        = 4096 // bytes
	defaultLogRetention   = 30   // days
)

var (
	functionName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	imageAddress = regexp.MustCompile(`^[^/\s]+/[^\s@:]+(:[^\s@]+)?(@sha256:[0-9a-f]{64})?$`)
	queueLabel   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// retentions are the days that CloudWatch Logs accepts, and 0 for ever.
var retentions = []int32{
	0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func (r *functionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Lambda function that runs one handler of the app and drains its queues, with its role, log group and " +
			"mappings. Partial batch responses are always on, and the role may do only what the configuration names. Destroying or tainting a " +
			"function loses no message: they wait in their queues. Its log group is kept, and taken over by a function of the same name.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the function, up to 64 letters, digits, `-` and `_`.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, maxFunctionName),
					stringvalidator.RegexMatches(functionName, "must be of letters, digits, - and _"),
				},
			},
			"handler": schema.StringAttribute{
				MarkdownDescription: "Name of the handler to run, one of those that the app registers. It becomes `HANDLER`.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"image_uri": schema.StringAttribute{
				MarkdownDescription: "Address of the image, best the `image_uri` of a `handler_image`. Set either this or `source`, which makes it known.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.RegexMatches(imageAddress, "must be of the form host/repository@sha256:…")},
			},
			"source": schema.SingleNestedAttribute{
				MarkdownDescription: "What the image is built from, as in `handler_image`. All functions of the same source and repository share " +
					"one build and one push.",
				Optional:   true,
				Attributes: sourceAttributes(),
			},
			"repository": functionRepositoryAttribute(),
			"reset": schema.StringAttribute{
				MarkdownDescription: "The `id` of a `handler_reset`. When it changes, warm runtimes are thrown away. It becomes `HANDLER_RESET`.",
				Optional:            true,
			},
			"queues": functionQueuesAttribute(),
			"send_to": schema.MapAttribute{
				MarkdownDescription: "ARNs of the queues that the handler sends to, by the label that `sdk.Send` uses.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Map{labels(), mapvalidator.NoNullValues()},
			},
			"secrets": schema.ListAttribute{
				MarkdownDescription: "ARNs of secrets whose values are JSON objects. Each key becomes an environment variable before the app " +
					"starts; later secrets win. Only the ARNs are stored, in `SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS`.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.List{listvalidator.UniqueValues(), listvalidator.NoNullValues()},
			},
			"environment": schema.MapAttribute{
				MarkdownDescription: "Environment variables. They are stored in the state: put secrets in `secrets`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"reserved_concurrency": schema.Int32Attribute{
				MarkdownDescription: "How many invocations run at once at most; the account sets them aside for this function. The maximum " +
					"concurrency of the queues' mappings is derived from it. Without it, the function shares the account's.",
				Optional:   true,
				Validators: []validator.Int32{int32validator.AtLeast(0)},
			},
			"memory_size": numberWithDefault("Memory in MB; CPU comes in proportion. Defaults to 256.", defaultMemory, minMemory, maxMemory),
			"timeout": numberWithDefault("How many seconds one invocation may take, with all messages of its batch. Defaults to 60.",
				defaultFunctionTimeout, 1, maxFunctionSecond),
			"architecture": schema.StringAttribute{
				MarkdownDescription: "`x86_64` or `arm64`, as the image. Defaults to `source.architecture`, or else to `x86_64`.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.OneOf("x86_64", "arm64")},
			},
			"log": logAttribute(),
			"role_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the execution role. Without it, a role is made that may do what the configuration needs, and no more.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^arn:[^:]+:iam::`), "must be the ARN of a role")},
			},
			"permissions_boundary": schema.StringAttribute{
				MarkdownDescription: "ARN of a policy that bounds the role that is made.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("role_arn"))},
			},
			"tags":         tagsAttribute(),
			"tags_all":     tagsAllAttribute(),
			"timeouts":     timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
			"arn":          computedText("ARN of the function."),
			"image_digest": schema.StringAttribute{MarkdownDescription: "Digest of the image that the function runs.", Computed: true},
			"fingerprint": schema.StringAttribute{
				MarkdownDescription: "Hash of all that the image was built from. Null if `source` is not set, and when the image vanished from " +
					"the repository, so that the next apply pushes it again.",
				Computed: true,
			},
			"log_group_name": computedText("Name of the log group."),
			"mappings": schema.MapAttribute{
				MarkdownDescription: "UUIDs of the mappings, by the queues' labels.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}

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
					"`reserved_concurrency`, so that none is throttled; without that, there is no maximum.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.Int32{int32validator.AtLeast(minMaximumConcurrency)},
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
		},
	}
}

func labels() validator.Map {
	return mapvalidator.KeysAre(stringvalidator.RegexMatches(queueLabel, "must be a label of letters, digits, _, . and -"))
}

func (r *functionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("name", "Name of the function.")
}
