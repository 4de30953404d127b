package provider

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// Environment variables that the provider sets, and the SDK reads.
const (
	envHandler = "HANDLER"
	envReset   = "HANDLER_RESET"
	envQueues  = "HANDLER_QUEUES"
	envSecrets = "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS"
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
	ReservedConcurrency types.Int32    `tfsdk:"reserved_concurrency"`
	MemorySize          types.Int32    `tfsdk:"memory_size"`
	Timeout             types.Int32    `tfsdk:"timeout"`
	Architecture        types.String   `tfsdk:"architecture"`
	Log                 types.Object   `tfsdk:"log"`
	RoleARN             types.String   `tfsdk:"role_arn"`
	PermissionsBoundary types.String   `tfsdk:"permissions_boundary"`
	Tags                types.Map      `tfsdk:"tags"`
	TagsAll             types.Map      `tfsdk:"tags_all"`
	Timeouts            timeouts.Value `tfsdk:"timeouts"`
	ARN                 types.String   `tfsdk:"arn"`
	ImageDigest         types.String   `tfsdk:"image_digest"`
	Fingerprint         types.String   `tfsdk:"fingerprint"`
	LogGroupName        types.String   `tfsdk:"log_group_name"`
	Mappings            types.Map      `tfsdk:"mappings"`
}

type functionQueueModel struct {
	ARN                types.String `tfsdk:"arn"`
	BatchSize          types.Int32  `tfsdk:"batch_size"`
	BatchingWindow     types.Int32  `tfsdk:"batching_window"`
	MaximumConcurrency types.Int32  `tfsdk:"maximum_concurrency"`
	Enabled            types.Bool   `tfsdk:"enabled"`
	Filters            types.List   `tfsdk:"filters"`
}

type logModel struct {
	Retention types.Int32  `tfsdk:"retention"`
	Format    types.String `tfsdk:"format"`
	Level     types.String `tfsdk:"level"`
}

var (
	functionQueueTypes = map[string]attr.Type{
		"arn":                 types.StringType,
		"batch_size":          types.Int32Type,
		"batching_window":     types.Int32Type,
		"maximum_concurrency": types.Int32Type,
		"enabled":             types.BoolType,
		"filters":             types.ListType{ElemType: types.StringType},
	}
	logTypes = map[string]attr.Type{
		"retention": types.Int32Type,
		"format":    types.StringType,
		"level":     types.StringType,
	}
)

func (q functionQueueModel) object() types.Object {
	return types.ObjectValueMust(functionQueueTypes, map[string]attr.Value{
		"arn":                 q.ARN,
		"batch_size":          q.BatchSize,
		"batching_window":     q.BatchingWindow,
		"maximum_concurrency": q.MaximumConcurrency,
		"enabled":             q.Enabled,
		"filters":             q.Filters,
	})
}

func (l logModel) object() types.Object {
	return types.ObjectValueMust(logTypes, map[string]attr.Value{"retention": l.Retention, "format": l.Format, "level": l.Level})
}

func defaultLog() logModel {
	return logModel{Retention: types.Int32Value(defaultLogRetention), Format: types.StringValue("Text"), Level: types.StringNull()}
}

// queues returns the queues by label that are known, though parts of them may not be.
func (m *functionModel) queues(ctx context.Context, diags *diag.Diagnostics) map[string]functionQueueModel {
	queues := map[string]functionQueueModel{}
	for label, element := range m.Queues.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		var queue functionQueueModel
		diags.Append(object.As(ctx, &queue, basetypes.ObjectAsOptions{})...)
		queues[label] = queue
	}
	return queues
}

// knowsQueues reports whether all queues are known, though parts of them may not be.
func (m *functionModel) knowsQueues() bool {
	for _, element := range m.Queues.Elements() {
		if element.IsUnknown() {
			return false
		}
	}
	return !m.Queues.IsUnknown()
}

func (m *functionModel) setQueues(queues map[string]functionQueueModel) {
	objectType := types.ObjectType{AttrTypes: functionQueueTypes}
	if len(queues) == 0 {
		if !m.Queues.IsNull() && len(m.Queues.Elements()) == 0 {
			return // an empty map stays what it is
		}
		m.Queues = types.MapNull(objectType)
		return
	}
	elements := map[string]attr.Value{}
	for label, queue := range queues {
		elements[label] = queue.object()
	}
	m.Queues = types.MapValueMust(objectType, elements)
}

func (m *functionModel) log(ctx context.Context, diags *diag.Diagnostics) logModel {
	settings := defaultLog()
	if !m.Log.IsNull() && !m.Log.IsUnknown() {
		diags.Append(m.Log.As(ctx, &settings, basetypes.ObjectAsOptions{})...)
	}
	return settings
}

func (m *functionModel) logGroup() string { return "/aws/lambda/" + m.Name.ValueString() }

// deployment is a function with all that belongs to it, as Go values.
type deployment struct {
	function    cloud.Function
	mappings    map[string]cloud.Mapping // by label
	permissions cloud.Permissions
	sendTo      map[string]string // ARNs by label
	secrets     []string
	ownRole     bool
	boundary    string
	retention   int32
	made        bool // whether create made the function, or may have
	repushed    bool // whether the image had vanished: Lambda may have given up on it, and has to be told that it is back
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
	log := m.log(ctx, diags)
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
			LogGroup:     m.logGroup(),
			LogFormat:    log.Format.ValueString(),
			LogLevel:     log.Level.ValueString(),
			Tags:         mapTexts(m.TagsAll),
			Reserved:     m.ReservedConcurrency.ValueInt32Pointer(),
		},
		mappings:  map[string]cloud.Mapping{},
		sendTo:    mapTexts(m.SendTo),
		secrets:   listTexts(m.Secrets),
		boundary:  m.PermissionsBoundary.ValueString(),
		retention: log.Retention.ValueInt32(),
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
		}
	}
	maps.Copy(d.function.Environment, m.ownEnvironment(d.secrets))
	return d
}

// ownEnvironment returns the variables that the provider sets, but for HANDLER_QUEUES, which needs the queues' URLs.
func (m *functionModel) ownEnvironment(secrets []string) map[string]string {
	own := map[string]string{envHandler: m.Handler.ValueString()}
	if reset := m.Reset.ValueString(); reset != "" {
		own[envReset] = reset
	}
	if len(secrets) > 0 {
		own[envSecrets] = strings.Join(secrets, ",")
	}
	return own
}

// joinQueues returns URLs by label as HANDLER_QUEUES.
func joinQueues(urls map[string]string) string {
	pairs := make([]string, 0, len(urls))
	for _, label := range slices.Sorted(maps.Keys(urls)) {
		pairs = append(pairs, label+"="+urls[label])
	}
	return strings.Join(pairs, ",")
}

// splitQueues is the inverse of joinQueues.
func splitQueues(text string) map[string]string {
	urls := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if label, url, ok := strings.Cut(pair, "="); ok {
			urls[label] = url
		}
	}
	return urls
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
	m.Mappings = textMap(uuids)
}
