package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

type functionQueueModel struct {
	ARN                types.String `tfsdk:"arn"`
	BatchSize          types.Int32  `tfsdk:"batch_size"`
	BatchingWindow     types.Int32  `tfsdk:"batching_window"`
	MaximumConcurrency types.Int32  `tfsdk:"maximum_concurrency"`
	Enabled            types.Bool   `tfsdk:"enabled"`
	Filters            types.List   `tfsdk:"filters"`
	ProvisionedPollers types.Object `tfsdk:"provisioned_pollers"`
}

type pollersModel struct {
	Minimum types.Int32 `tfsdk:"minimum"`
	Maximum types.Int32 `tfsdk:"maximum"`
}

var (
	pollersTypes       = map[string]attr.Type{"minimum": types.Int32Type, "maximum": types.Int32Type}
	functionQueueTypes = map[string]attr.Type{
		"arn":                 types.StringType,
		"batch_size":          types.Int32Type,
		"batching_window":     types.Int32Type,
		"maximum_concurrency": types.Int32Type,
		"enabled":             types.BoolType,
		"filters":             types.ListType{ElemType: types.StringType},
		"provisioned_pollers": types.ObjectType{AttrTypes: pollersTypes},
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
		"provisioned_pollers": q.ProvisionedPollers,
	})
}

// hasPollers reports whether the queue has, or may turn out to have, pollers of its own.
func (q functionQueueModel) hasPollers() bool { return !q.ProvisionedPollers.IsNull() }

// pollers returns the queue's own pollers, nil if it has none.
func (q functionQueueModel) pollers(ctx context.Context, diags *diag.Diagnostics) *cloud.Pollers {
	if q.ProvisionedPollers.IsNull() || q.ProvisionedPollers.IsUnknown() {
		return nil
	}
	var model pollersModel
	diags.Append(q.ProvisionedPollers.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	return &cloud.Pollers{Minimum: model.Minimum.ValueInt32(), Maximum: model.Maximum.ValueInt32()}
}

func pollersObject(pollers *cloud.Pollers) types.Object {
	if pollers == nil {
		return types.ObjectNull(pollersTypes)
	}
	return types.ObjectValueMust(pollersTypes, map[string]attr.Value{
		"minimum": types.Int32Value(pollers.Minimum),
		"maximum": types.Int32Value(pollers.Maximum),
	})
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
