package provider

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

type functionModel struct {
	Name                types.String   `tfsdk:"name"`
	Handler             types.String   `tfsdk:"handler"`
	ImageURI            types.String   `tfsdk:"image_uri"`
	Source              types.Object   `tfsdk:"source"`
	Repository          types.Object   `tfsdk:"repository"`
	Reset               types.String   `tfsdk:"reset"`
	Queues              types.Map      `tfsdk:"queues"`
	SendTo              types.Map      `tfsdk:"send_to"`
	Secrets             types.List     `tfsdk:"secrets"`
	Environment         types.Map      `tfsdk:"environment"`
	EnvironmentMode     types.String   `tfsdk:"environment_mode"`
	KMSKeyARN           types.String   `tfsdk:"kms_key_arn"`
	ReservedConcurrency types.Int32    `tfsdk:"reserved_concurrency"`
	MemorySize          types.Int32    `tfsdk:"memory_size"`
	Timeout             types.Int32    `tfsdk:"timeout"`
	Architecture        types.String   `tfsdk:"architecture"`
	EphemeralStorage    types.Int32    `tfsdk:"ephemeral_storage"`
	VPC                 types.Object   `tfsdk:"vpc"`
	Tracing             types.Bool     `tfsdk:"tracing"`
	RecursiveLoop       types.String   `tfsdk:"recursive_loop"`
	Log                 types.Object   `tfsdk:"log"`
	RoleARN             types.String   `tfsdk:"role_arn"`
	RolePath            types.String   `tfsdk:"role_path"`
	Policy              types.String   `tfsdk:"policy"`
	PermissionsBoundary types.String   `tfsdk:"permissions_boundary"`
	Tags                types.Map      `tfsdk:"tags"`
	TagsAll             types.Map      `tfsdk:"tags_all"`
	Timeouts            timeouts.Value `tfsdk:"timeouts"`
	ARN                 types.String   `tfsdk:"arn"`
	ImageDigest         types.String   `tfsdk:"image_digest"`
	Fingerprint         types.String   `tfsdk:"fingerprint"`
	LogGroupName        types.String   `tfsdk:"log_group_name"`
	RolePolicy          types.String   `tfsdk:"role_policy"`
	Version             types.String   `tfsdk:"version"`
	Mappings            types.Map      `tfsdk:"mappings"`
}

// deployment is a function with all that belongs to it, as Go values.
type deployment struct {
	function    cloud.Function
	mappings    map[string]cloud.Mapping // by label
	permissions cloud.Permissions
	policy      string            // as planned, or else that of permissions
	extra       []json.RawMessage // further statements of the policy
	sendTo      map[string]string // ARNs by label
	secrets     []string
	ownRole     bool
	rolePath    string
	boundary    string
	recursion   string
	retention   int32
	logGroup    string // as configured; somebody may have the function log elsewhere
	keepLogs    bool
	marked      map[string]string // tags of the function that create makes
	runs        *cloud.Function   // what an update has come to so far, nil for nothing
	failed      bool              // whether its last update failed, so that nobody knows how far it got
	repushed    bool              // whether the image had vanished: Lambda may have given up on it, and has to be told that it is back
}

// consumed returns the ARNs of the queues that the function drains, sorted.
func (d *deployment) consumed() []string {
	arns := make([]string, 0, len(d.mappings))
	for _, mapping := range d.mappings {
		arns = append(arns, mapping.QueueARN)
	}
	slices.Sort(arns)
	return arns
}

// deployment returns a model that is known as what is to be deployed. Permissions and HANDLER_QUEUES need AWS, see complete.
func (m *functionModel) deployment(ctx context.Context, diags *diag.Diagnostics) deployment {
	log, vpc := m.log(ctx, diags), m.vpc(ctx, diags)
	extra, err := statementsOf(m.Policy.ValueString())
	if err != nil {
		blame(diags, path.Root("policy"), invalidFunction, sentence(err.Error()))
	}
	d := deployment{
		function: cloud.Function{
			Name:         m.Name.ValueString(),
			ARN:          m.ARN.ValueString(),
			ImageURI:     m.ImageURI.ValueString(),
			Architecture: m.Architecture.ValueString(),
			RoleARN:      m.RoleARN.ValueString(),
			MemorySize:   m.MemorySize.ValueInt32(),
			Timeout:      m.Timeout.ValueInt32(),
			Environment:  mapTexts(m.Environment),
			LogGroup:     orDefault(m.LogGroupName, m.logGroup(log)),
			LogFormat:    log.Format.ValueString(),
			LogLevel:     log.Level.ValueString(),
			Tags:         mapTexts(m.TagsAll),
			Reserved:     m.ReservedConcurrency.ValueInt32Pointer(),

			EphemeralStorage: m.EphemeralStorage.ValueInt32(),
			KMSKeyARN:        m.KMSKeyARN.ValueString(),
			Tracing:          m.Tracing.ValueBool(),
			VPC:              vpc,
			Merge:            m.merges(),
		},
		mappings:  map[string]cloud.Mapping{},
		sendTo:    mapTexts(m.SendTo),
		secrets:   listTexts(m.Secrets),
		extra:     extra,
		policy:    m.RolePolicy.ValueString(),
		rolePath:  m.RolePath.ValueString(),
		boundary:  m.PermissionsBoundary.ValueString(),
		recursion: m.RecursiveLoop.ValueString(),
		retention: log.Retention.ValueInt32(),
		logGroup:  m.logGroup(log),
		keepLogs:  log.Keep.ValueBool(),
		failed:    m.Version.IsNull(),
	}
	for label, queue := range m.queues(ctx, diags) {
		d.mappings[label] = cloud.Mapping{
			QueueARN:           queue.ARN.ValueString(),
			FunctionName:       d.function.Name,
			BatchSize:          queue.BatchSize.ValueInt32(),
			BatchingWindow:     queue.BatchingWindow.ValueInt32(),
			MaximumConcurrency: queue.MaximumConcurrency.ValueInt32Pointer(),
			Enabled:            queue.Enabled.ValueBool(),
			Filters:            listTexts(queue.Filters),
			Pollers:            queue.pollers(ctx, diags),
		}
	}
	maps.Copy(d.function.Environment, m.ownEnvironment(d.secrets))
	return d
}

// setComputed takes over what AWS chose. What the plan knows already stays.
func (m *functionModel) setComputed(f *cloud.Function, uuids map[string]string) {
	set := func(target *types.String, value string) {
		if target.IsUnknown() || target.IsNull() {
			*target = textOrNull(value)
		}
	}
	set(&m.ARN, f.ARN)
	set(&m.RoleARN, f.RoleARN)
	set(&m.ImageDigest, f.ImageDigest)
	set(&m.LogGroupName, f.LogGroup)
	set(&m.Version, f.Version)
	m.Mappings = textMap(uuids)
}
