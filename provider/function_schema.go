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
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

func (r *functionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Lambda function that runs one handler of the app and drains its queues, with its role, log group and " +
			"mappings. Partial batch responses are always on, and the role may do only what the configuration names. Destroying or tainting a " +
			"function loses no message: they wait in their queues. Its log group is kept unless `log.keep` is false, and taken over by a function " +
			"of the same name.",
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
					"starts, and wins over `environment`; no key may be in two of them. Only the ARNs are stored, in " +
					"`SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS`.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.List{listvalidator.UniqueValues(), listvalidator.NoNullValues()},
			},
			"environment": schema.MapAttribute{
				MarkdownDescription: "Environment variables. They are stored in the state: put secrets in `secrets`.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"environment_mode": schema.StringAttribute{
				MarkdownDescription: "`replace` owns all variables of the function: those that somebody else set are removed. `merge` leaves " +
					"them alone. Variables that `merge` finds when it is switched on belong to somebody else. Defaults to `replace`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(environmentReplace),
				Validators: []validator.String{stringvalidator.OneOf(environmentReplace, environmentMerge)},
			},
			"kms_key_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the KMS key that encrypts the environment variables. Without it, Lambda uses a key of its own.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.RegexMatches(kmsARN, "must be the ARN of a KMS key")},
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
			"ephemeral_storage": numberWithDefault("Size of `/tmp` in MB. Defaults to 512.", cloud.DefaultEphemeralStorage,
				cloud.DefaultEphemeralStorage, maxEphemeralStorage),
			"vpc": vpcAttribute(),
			"tracing": schema.BoolAttribute{
				MarkdownDescription: "Whether Lambda sends traces to X-Ray also of invocations that nobody traces, as those by queues. Defaults to false.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"recursive_loop": schema.StringAttribute{
				MarkdownDescription: "What Lambda does with messages that went from this function to a queue and back about 16 times: `Terminate` " +
					"sends them to the dead-letter queue, `Allow` goes on. Defaults to `Terminate`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(recursionTerminate),
				Validators: []validator.String{stringvalidator.OneOf(recursionTerminate, recursionAllow)},
			},
			"log": logAttribute(),
			"role_arn": schema.StringAttribute{
				MarkdownDescription: "ARN of the execution role. Without it, a role is made that may do what the configuration needs, and no more.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^arn:[^:]+:iam::`), "must be the ARN of a role")},
			},
			"role_path": schema.StringAttribute{
				MarkdownDescription: "Path of the role that is made, such as `/teams/platform/`. A change makes another function. Defaults to `/`.",
				Optional:            true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(isOtherRolePath,
					"A role cannot be moved to another path.", "A role cannot be moved to another path.")},
				Validators: []validator.String{
					stringvalidator.ConflictsWith(path.MatchRoot("role_arn")),
					stringvalidator.RegexMatches(regexp.MustCompile(`^/([\x21-\x7e]+/)?$`), "must begin and end with /"),
				},
			},
			"policy": schema.StringAttribute{
				MarkdownDescription: "What else the role that is made may do: an IAM policy document, or a list of statements, as JSON.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("role_arn"))},
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
			"log_group_name": schema.StringAttribute{MarkdownDescription: "Name of the log group.", Computed: true},
			"role_policy": schema.StringAttribute{
				MarkdownDescription: "Policy of the role that is made, JSON: what the function may do. Null with `role_arn`.",
				Computed:            true,
			},
			"version": schema.StringAttribute{
				MarkdownDescription: "Version of the function that its mappings invoke, which is `$LATEST`.",
				Computed:            true,
			},
			"mappings": schema.MapAttribute{
				MarkdownDescription: "UUIDs of the mappings, by the queues' labels.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}

func (r *functionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("name", "Name of the function.")
}
