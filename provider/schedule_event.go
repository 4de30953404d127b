package provider

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

type scheduleEventModel struct {
	Type    types.String `tfsdk:"type"`
	Data    types.String `tfsdk:"data"`
	Source  types.String `tfsdk:"source"`
	Subject types.String `tfsdk:"subject"`
}

var scheduleEventTypes = map[string]attr.Type{
	"type":    types.StringType,
	"data":    types.StringType,
	"source":  types.StringType,
	"subject": types.StringType,
}

func (e scheduleEventModel) object() types.Object {
	return types.ObjectValueMust(scheduleEventTypes, map[string]attr.Value{
		"type":    e.Type,
		"data":    e.Data,
		"source":  e.Source,
		"subject": e.Subject,
	})
}

// event returns the event, or a zero one if there is none.
func (m *scheduleModel) event(ctx context.Context, diags *diag.Diagnostics) scheduleEventModel {
	var event scheduleEventModel
	if !m.Event.IsNull() && !m.Event.IsUnknown() {
		diags.Append(m.Event.As(ctx, &event, basetypes.ObjectAsOptions{})...)
	}
	return event
}

// scheduledTime is what Scheduler replaces in the message each time it sends it. It is also the event's ID: unlike that of an execution it is
// the same when Scheduler tries again, so that handlers, and FIFO queues, can tell a repetition.
const scheduledTime = "<aws.scheduler.scheduled-time>"

// cloudEvent is the JSON format of CloudEvents 1.0, as the SDK reads and writes it.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// body returns the message that carries the event. Its data must be JSON.
func (e scheduleEventModel) body() (string, error) {
	event := cloudEvent{
		SpecVersion: "1.0",
		ID:          scheduledTime,
		Source:      e.Source.ValueString(),
		Type:        e.Type.ValueString(),
		Subject:     e.Subject.ValueString(),
		Time:        scheduledTime,
	}
	if !e.Data.IsNull() {
		event.ContentType, event.Data = "application/json", json.RawMessage(e.Data.ValueString())
	}
	return event.encode()
}

// encode leaves < and > as they are, without which Scheduler would not find what it is to replace.
func (e cloudEvent) encode() (string, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return string(bytes.TrimSpace(body.Bytes())), err
}

// readBody returns the event that a message carries, and whether it is one that body makes.
func readBody(body string) (scheduleEventModel, bool) {
	var event cloudEvent
	if json.Unmarshal([]byte(body), &event) != nil {
		return scheduleEventModel{}, false
	}
	if again, err := event.encode(); err != nil || again != body || event.ID != scheduledTime || event.Time != scheduledTime {
		return scheduleEventModel{}, false
	}
	return scheduleEventModel{
		Type:    types.StringValue(event.Type),
		Data:    textOrNull(string(event.Data)),
		Source:  types.StringValue(event.Source),
		Subject: textOrNull(event.Subject),
	}, true
}
