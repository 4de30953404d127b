package sdk_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestEnvelopes reads every form in which an event may arrive.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 30, 0, 500_000_000, time.UTC)
	const arn = "arn:aws:sqs:us-east-1:111122223333:h"
	for _, test := range []struct {
		name, body, attribute string
		want                  sdk.RawEvent
	}{
		{
			name: "CloudEvent",
			body: `{"specversion":"1.0","id":"1","source":"acme","type":"a.b","time":"2026-11-23T12:30:00.5Z","data":{"n":1}}`,
			want: sdk.RawEvent{ID: "1", Type: "a.b", Source: "acme", Time: at, Data: json.RawMessage(`{"n":1}`), Attempt: 3},
		},
		{
			name: "CloudEvent with JSON in base64",
			body: `{"specversion":"1.0","id":"1","source":"s","type":"a","time":"2026-11-23T12:30:00.5Z","data_base64":"eyJuIjoxfQ=="}`,
			want: sdk.RawEvent{ID: "1", Type: "a", Source: "s", Time: at, Data: json.RawMessage(`{"n":1}`), Attempt: 3},
		},
		{
			name: "CloudEvent with bytes",
			body: `{"specversion":"1.0","id":"1","source":"s","type":"a","time":"2026-11-23T12:30:00.5Z","data_base64":"AAEC"}`,
			want: sdk.RawEvent{ID: "1", Type: "a", Source: "s", Time: at, Data: json.RawMessage(`"AAEC"`), Attempt: 3},
		},
		{
			name: "CloudEvent without data, and an attribute that does not count",
			body: `{"specversion":"1.0","id":"1","source":"s","type":"a","time":"2026-11-23T12:30:00.5Z"}`, attribute: "other",
			want: sdk.RawEvent{ID: "1", Type: "a", Source: "s", Time: at, Attempt: 3},
		},
		{
			name: "CloudEvent whose null attributes are as good as absent",
			body: `{"specversion":"1.0","id":null,"source":"s","type":"a","time":null,"data_base64":null,"data":{"n":1}}`,
			want: sdk.RawEvent{ID: "message-1", Type: "a", Source: "s", Data: json.RawMessage(`{"n":1}`), Attempt: 3},
		},
		{
			name: "EventBridge",
			body: `{"version":"0","id":"e","detail-type":"Scheduled","source":"aws.events","account":"1","time":"2026-11-23T12:30:00.5Z",` +
				`"region":"eu-west-1","resources":[],"detail":{"n":1}}`,
			want: sdk.RawEvent{
				ID: "e", Type: "Scheduled", Source: "aws.events", Time: at, Data: json.RawMessage(`{"n":1}`), Attempt: 3,
			},
		},
		{
			name: "EventBridge through an input transformer that leaves out what it has no use for",
			body: `{"detail-type":"Scheduled","source":"acme","detail":{"n":1}}`,
			want: sdk.RawEvent{ID: "message-1", Type: "Scheduled", Source: "acme", Data: json.RawMessage(`{"n":1}`), Attempt: 3},
		},
		{
			name: "subjects",
			body: `{"specversion":"1.0","id":"1","source":"s","type":"a","subject":"order/7","time":"2026-11-23T12:30:00.5Z"}`,
			want: sdk.RawEvent{ID: "1", Type: "a", Source: "s", Subject: "order/7", Time: at, Attempt: 3},
		},
		{
			name: "SNS around a CloudEvent",
			body: `{"Type":"Notification","MessageId":"m","TopicArn":"arn:t","Timestamp":"2026-01-01T00:00:00Z",` +
				`"Message":"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"a\",\"time\":\"2026-11-23T12:30:00.5Z\",\"data\":2}"}`,
			want: sdk.RawEvent{ID: "1", Type: "a", Source: "s", Time: at, Data: json.RawMessage(`2`), Attempt: 3},
		},
		{
			name: "SNS around a bare body",
			body: `{"Type":"Notification","MessageId":"m","TopicArn":"arn:t","Timestamp":"2026-11-23T12:30:00.5Z","Message":"{\"n\":1}",` +
				`"MessageAttributes":{"type":{"Type":"String","Value":"a"}}}`,
			want: sdk.RawEvent{ID: "m", Type: "a", Source: "arn:t", Time: at, Data: json.RawMessage(`{"n":1}`), Attempt: 3},
		},
		{
			name: "bare JSON", body: `{"Type":"x"}`, attribute: "a",
			want: sdk.RawEvent{ID: "message-1", Type: "a", Source: arn, Data: json.RawMessage(`{"Type":"x"}`), Attempt: 3},
		},
		{
			name: "bare text", body: `say "hi"`, attribute: "a",
			want: sdk.RawEvent{ID: "message-1", Type: "a", Source: arn, Data: json.RawMessage(`"say \"hi\""`), Attempt: 3},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got sdk.RawEvent
			app := sdk.New("acme", sdk.Handler("h", sdk.On("*", func(_ context.Context, e sdk.RawEvent) error {
				got = e
				return nil
			})))
			event := sdktest.Event{Body: test.body, Attempt: 3}
			if test.attribute != "" {
				event.Attributes = map[string]string{"type": test.attribute}
			}
			if result := sdktest.Invoke(t, app, "h", event); result.Messages[0].Outcome != sdktest.Handled {
				t.Fatal(result.Messages[0].Err)
			}
			if test.want.Time.IsZero() {
				if time.Since(got.Time) > time.Hour || got.Time.IsZero() {
					t.Errorf("got time %s, want that of sending", got.Time)
				}
				got.Time = time.Time{}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUndecodableEventsAreDeadLettered also holds errors to telling what is wrong without quoting data.
func TestUndecodableEventsAreDeadLettered(t *testing.T) {
	t.Parallel()
	type data struct {
		Count int8
		At    time.Time
	}
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[data]) error { return nil })))
	const envelope = `{"specversion":"1.0","id":"1","source":"s","type":"a",`
	for _, test := range []struct{ name, body, want string }{
		{"not JSON", `hunter2`, "no CloudEvent, EventBridge event or SNS notification"},
		{"JSON without envelope", `{"password":"hunter2"}`, "no CloudEvent, EventBridge event or SNS notification"},
		{"array", `["hunter2"]`, "no CloudEvent, EventBridge event or SNS notification"},
		{"no type", `{"specversion":"1.0","id":"1","source":"s"}`, "it has no type"},
		{"other version", `{"specversion":"0.3","type":"a"}`, "version other than 1"},
		{"bad time", envelope + `"time":"hunter2"}`, `its "time" is no RFC 3339 time`},
		{"bad base64", envelope + `"data_base64":"hunter2!"}`, "data_base64 is no base64"},
		{"unknown type", `{"specversion":"1.0","id":"1","source":"s","type":"b"}`, `handler "h" has no function for event type "b" (it has a)`},
		{"number too large", envelope + `"data":{"Count":7357}}`, `Count does not fit sdk_test.data: it must decode into int8`},
		{"text that is no time", envelope + `"data":{"At":"hunter2"}}`, `it does not fit sdk_test.data`},
		{"text instead of an object", envelope + `"data":"hunter2"}`, `it does not fit sdk_test.data`},
		{"empty notification", `{"Type":"Notification","TopicArn":"t","Message":"hunter2"}`, "no CloudEvent"},
		{"notification's bad time", `{"Type":"Notification","TopicArn":"t","Message":"","Timestamp":"hunter2"}`, `its "Timestamp" is no`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := sdktest.Invoke(t, app, "h", sdktest.Event{Body: test.body}).Messages[0]
			if m.Outcome != sdktest.DeadLettered {
				t.Errorf("got outcome %s, want %s", m.Outcome, sdktest.DeadLettered)
			}
			if !strings.Contains(m.Err.Error(), test.want) {
				t.Errorf("got %q, want %q", m.Err, test.want)
			}
			if strings.Contains(m.Err.Error(), "hunter2") || strings.Contains(m.Err.Error(), "7357") {
				t.Errorf("the error quotes data: %s", m.Err)
			}
		})
	}
}
