package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

type logModel struct {
	Retention types.Int32  `tfsdk:"retention"`
	Format    types.String `tfsdk:"format"`
	Level     types.String `tfsdk:"level"`
	Group     types.String `tfsdk:"group"`
	Keep      types.Bool   `tfsdk:"keep"`
}

var logTypes = map[string]attr.Type{
	"retention": types.Int32Type,
	"format":    types.StringType,
	"level":     types.StringType,
	"group":     types.StringType,
	"keep":      types.BoolType,
}

func (l logModel) object() types.Object {
	return types.ObjectValueMust(logTypes, map[string]attr.Value{
		"retention": l.Retention, "format": l.Format, "level": l.Level, "group": l.Group, "keep": l.Keep,
	})
}

func defaultLog() logModel {
	return logModel{
		Retention: types.Int32Value(defaultLogRetention),
		Format:    types.StringValue("Text"),
		Level:     types.StringNull(),
		Group:     types.StringNull(),
		Keep:      types.BoolValue(true),
	}
}

func (m *functionModel) log(ctx context.Context, diags *diag.Diagnostics) logModel {
	settings := defaultLog()
	if !m.Log.IsNull() && !m.Log.IsUnknown() {
		diags.Append(m.Log.As(ctx, &settings, basetypes.ObjectAsOptions{})...)
	}
	return settings
}

// logGroup returns the name of the log group: the configured one, or Lambda's own choice.
func (m *functionModel) logGroup(log logModel) string {
	return orDefault(log.Group, lambdaLogGroup(m.Name.ValueString()))
}

// lambdaLogGroup returns the name of the log group that Lambda chooses for a function.
func lambdaLogGroup(function string) string { return "/aws/lambda/" + function }

// logLevel returns the level that a function filters its log by: the configured one, or Lambda's default for JSON.
func logLevel(format, configured types.String) types.String {
	switch {
	case !configured.IsNull():
		return configured
	case format.IsUnknown():
		return types.StringUnknown()
	case format.ValueString() == "JSON":
		return types.StringValue("INFO")
	default:
		return types.StringNull()
	}
}

// plannedLogGroup returns the name of the log group as far as it is known.
func plannedLogGroup(plan *functionModel, log logModel) types.String {
	if log.Group.IsUnknown() || plan.Name.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(plan.logGroup(log))
}
