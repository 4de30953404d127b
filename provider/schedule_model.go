package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/sdk/expression"
)

type scheduleModel struct {
	Name                types.String `tfsdk:"name"`
	Expression          types.String `tfsdk:"expression"`
	Timezone            types.String `tfsdk:"timezone"`
	FlexibleWindow      types.Int32  `tfsdk:"flexible_window"`
	Start               types.String `tfsdk:"start"`
	End                 types.String `tfsdk:"end"`
	Enabled             types.Bool   `tfsdk:"enabled"`
	Description         types.String `tfsdk:"description"`
	QueueARN            types.String `tfsdk:"queue_arn"`
	MessageGroup        types.String `tfsdk:"message_group"`
	Event               types.Object `tfsdk:"event"`
	KMSKeyARN           types.String `tfsdk:"kms_key_arn"`
	PermissionsBoundary types.String `tfsdk:"permissions_boundary"`
	Tags                types.Map    `tfsdk:"tags"`
	TagsAll             types.Map    `tfsdk:"tags_all"`
	ARN                 types.String `tfsdk:"arn"`
	RoleARN             types.String `tfsdk:"role_arn"`
}

// schedule returns the schedule as it is to be from now on.
func (m *scheduleModel) schedule(ctx context.Context, now time.Time, diags *diag.Diagnostics) cloud.Schedule {
	s := cloud.Schedule{
		Name:         m.Name.ValueString(),
		Description:  m.Description.ValueString(),
		Expression:   m.Expression.ValueString(),
		Timezone:     m.Timezone.ValueString(),
		Window:       m.FlexibleWindow.ValueInt32(),
		Start:        m.begin(now),
		End:          instant(m.End),
		Enabled:      m.Enabled.ValueBool(),
		KeyARN:       m.KMSKeyARN.ValueString(),
		QueueARN:     m.QueueARN.ValueString(),
		MessageGroup: m.MessageGroup.ValueString(),
		RoleARN:      m.RoleARN.ValueString(),
	}
	if m.Event.IsNull() {
		return s
	}
	var err error
	if s.Body, err = m.event(ctx, diags).body(); err != nil {
		diags.AddError("Failed to encode event", fmt.Sprintf("The event of schedule %s: %s", s.Name, sentence(err.Error())))
	}
	return s
}

// parsed returns the expression, which is known and valid.
func (m *scheduleModel) parsed() (expression.Expression, error) {
	zone, err := expression.Zone(m.Timezone.ValueString())
	if err != nil {
		return expression.Expression{}, err
	}
	return expression.Parse(m.Expression.ValueString(), zone)
}

// begin returns the start that Scheduler is told, which takes none that has passed: none then, or for a rate the next time that is a
// multiple of it after start, so that updates do not shift when it fires.
func (m *scheduleModel) begin(now time.Time) time.Time {
	start := instant(m.Start)
	if start.IsZero() || start.After(now) {
		return start
	}
	parsed, err := m.parsed()
	if err != nil || !parsed.Regular() {
		return time.Time{}
	}
	return parsed.Next(now, start)
}

// read takes over what AWS says of the schedule.
func (m *scheduleModel) read(ctx context.Context, s *cloud.Schedule, diags *diag.Diagnostics) {
	if begin := m.begin(s.Changed); !sameInstant(begin, s.Start) && !sameInstant(instant(m.Start), s.Start) {
		m.Start = instantOrNull(s.Start)
	}
	if !sameInstant(instant(m.End), s.End) {
		m.End = instantOrNull(s.End)
	}
	m.ARN = types.StringValue(s.ARN)
	m.Description = textOrNull(s.Description)
	m.Expression = types.StringValue(s.Expression)
	m.Timezone = types.StringValue(s.Timezone)
	m.FlexibleWindow = types.Int32Value(s.Window)
	m.Enabled = types.BoolValue(s.Enabled)
	m.KMSKeyARN = textOrNull(s.KeyARN)
	m.QueueARN = types.StringValue(s.QueueARN)
	m.MessageGroup = textOrNull(s.MessageGroup)
	m.RoleARN = types.StringValue(s.RoleARN)
	if body, err := m.event(ctx, diags).body(); err == nil && !m.Event.IsNull() && body == s.Body {
		return // the same event, whatever its data's white space
	}
	m.Event = types.ObjectNull(scheduleEventTypes)
	if event, ok := readBody(s.Body); ok {
		m.Event = event.object()
	}
}

// instant returns a time of the configuration, in RFC 3339; the zero time if there is none.
func instant(text types.String) time.Time {
	t, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func instantOrNull(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// sameInstant compares times to the second, which is how exactly Scheduler keeps them at least.
func sameInstant(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }
