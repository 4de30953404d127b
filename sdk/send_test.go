package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// sender is an app and a context with which its code sends through f.
func sender(t *testing.T, f *fakeSQS) context.Context {
	t.Helper()
	return sdk.New("acme").Context(f.context(t.Context()))
}

// marshaler is data that becomes JSON by a function.
type marshaler func() ([]byte, error)

func (m marshaler) MarshalJSON() ([]byte, error) { return m() }

func TestSendWritesCloudEvents(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 30, 0, 123456789, time.FixedZone("CET", 3600))
	for _, test := range []struct {
		name    string
		data    any
		options []sdk.SendOption
		want    string // regular expression
	}{
		{"data", map[string]int{"n": 1}, nil, `^\{"specversion":"1.0","id":"[A-Z2-7]{26}","source":"acme","type":"run.requested",` +
			`"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z","datacontenttype":"application/json","data":\{"n":1\}\}$`},
		{"own ID and time", 1, []sdk.SendOption{sdk.WithID("e-1"), sdk.WithTime(at)},
			`"id":"e-1",.*"time":"2026-11-23T13:30:00.123456789Z",.*"data":1\}$`},
		{"raw JSON", json.RawMessage(`{ "a": [1, 2] }`), nil, `"data":\{"a":\[1,2\]\}\}$`},
		{"no data", nil, nil, `"time":"[^"]*"\}$`},
		{"HTML", "<&>", nil, `"data":"<&>"\}$`},
		{"no UTF-8", "a\xff", nil, `"data":"a(\x{fffd}|\\ufffd)"\}$`},
		{"raw JSON that is no UTF-8", json.RawMessage("\"a\xffb\xed\xa0\x80\""), nil, `"data":"a\x{fffd}b\x{fffd}"\}$`},
		{"characters that SQS refuses", "a\ufffeb\uffff", nil, `"data":"a\\ufffeb\\uffff"\}$`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			if err := sdk.Send(sender(t, f), "jobs", "run.requested", test.data, test.options...); err != nil {
				t.Fatal(err)
			}
			got := *f.batches[0].Entries[0].MessageBody
			if !regexp.MustCompile(test.want).MatchString(got) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if url := *f.batches[0].QueueUrl; url != "https://sqs/jobs" {
				t.Errorf("got URL %s", url)
			}
		})
	}
}

func TestSendOptionsBecomeParametersOfTheQueue(t *testing.T) {
	t.Parallel()
	f := newFakeSQS()
	ctx := sender(t, f)
	if err := sdk.Send(ctx, "jobs", "a", nil, sdk.WithDelay(1500*time.Millisecond), sdk.WithGroup("tenant")); err != nil {
		t.Fatal(err)
	}
	if err := sdk.Send(ctx, "orders", "a", nil, sdk.WithGroup("g"), sdk.WithID("e-1")); err != nil {
		t.Fatal(err)
	}
	standard, fifo := f.batches[0].Entries[0], f.batches[1].Entries[0]
	if standard.DelaySeconds != 2 || aws.ToString(standard.MessageGroupId) != "tenant" || standard.MessageDeduplicationId != nil {
		t.Errorf("standard queue: got %+v", standard)
	}
	if aws.ToString(fifo.MessageGroupId) != "g" || aws.ToString(fifo.MessageDeduplicationId) != "e-1" {
		t.Errorf("FIFO queue: got %+v", fifo)
	}
	if err := sdk.Send(ctx, "orders", "a", nil, sdk.WithGroup("g"), sdk.WithID("e 1"), sdk.WithDeduplicationID("d-1")); err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(f.batches[2].Entries[0].MessageDeduplicationId); got != "d-1" {
		t.Errorf("got deduplication ID %s, want d-1", got)
	}
}

// TestSendAllTellsExactlyWhatWasNotSent has 12 events, of which those whose data is "bad" are rejected.
func TestSendAllTellsExactlyWhatWasNotSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, queue string
		bad         []int
		failing     error
		want        string // failed indexes
		cause       string
	}{
		{"all sent", "jobs", nil, nil, "[]", ""},
		{"some rejected", "jobs", []int{3, 11}, nil, "[3 11]", "Rejected: for the test"},
		{"calls fail", "jobs", nil, errSQS, "[0 1 2 3 4 5 6 7 8 9 10 11]", "SQS is down"},
		{"FIFO stops to keep order", "orders", []int{3}, nil, "[3 10 11]", "Rejected: for the test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			f.rejected = map[string]bool{"bad": true}
			f.failing = map[string]error{"SendMessageBatch": test.failing}
			all := make([]sdk.Outgoing, 12)
			for i := range all {
				id := sdk.WithID(fmt.Sprint("id-", i))
				all[i] = sdk.Outgoing{Type: "a", Options: []sdk.SendOption{sdk.WithGroup("g"), id}}
			}
			for _, i := range test.bad {
				all[i].Data = "bad"
			}
			err := sdk.SendAll(sender(t, f), test.queue, all...)
			failed := []int{}
			if sendErr, ok := errors.AsType[*sdk.SendError](err); ok {
				for _, failure := range sendErr.Failures {
					failed = append(failed, failure.Index)
					if want := fmt.Sprint("id-", failure.Index); failure.ID != want {
						t.Errorf("got ID %s, want %s", failure.ID, want)
					}
				}
			} else if err != nil {
				t.Fatal(err)
			}
			slices.Sort(failed)
			if got := fmt.Sprint(failed); got != test.want {
				t.Errorf("got failures %s, want %s", got, test.want)
			}
			if test.cause != "" && !strings.Contains(err.Error(), test.cause) {
				t.Errorf("got %s, want %s", err, test.cause)
			}
			if test.failing != nil && !errors.Is(err, test.failing) {
				t.Errorf("the cause cannot be found in %v", err)
			}
		})
	}
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("x", 1<<20)
	for _, test := range []struct {
		name, queue, eventType string
		data                   any
		options                []sdk.SendOption
		want                   string
	}{
		{"unknown label", "job", "a", nil, nil, `no queue is labelled "job" (known are jobs, orders)`},
		{"no type", "jobs", "", nil, nil, "needs a type"},
		{"no ID", "jobs", "a", nil, []sdk.SendOption{sdk.WithID("")}, "an ID"},
		{"too large", "jobs", "a", many, nil, "SQS takes 1048576 at most"},
		{"data that is no JSON", "jobs", "a", make(chan int), nil, "encode it as JSON: json: unsupported type: chan int"},
		{"data that is no number", "jobs", "a", math.NaN(), nil, "unsupported value: NaN"},
		{"data that fails", "jobs", "a", marshaler(func() ([]byte, error) { return nil, errBroken }), nil, "broken"},
		{"data that panics", "jobs", "a", marshaler(func() ([]byte, error) { panic("at the disco") }), nil, "panic: at the disco"},
		{"data that lies", "jobs", "a", marshaler(func() ([]byte, error) { return []byte("{"), nil }), nil, "unexpected end of JSON"},
		{"raw data that is no JSON", "jobs", "a", json.RawMessage("\x00"), nil, "invalid character"},
		{"time beyond RFC 3339", "jobs", "a", nil, []sdk.SendOption{sdk.WithTime(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))}, "year outside"},
		{"negative delay", "jobs", "a", nil, []sdk.SendOption{sdk.WithDelay(-1)}, "must be 0 to 15m"},
		{"long delay", "jobs", "a", nil, []sdk.SendOption{sdk.WithDelay(time.Hour)}, "must be 0 to 15m"},
		{"FIFO without group", "orders", "a", nil, nil, "add WithGroup"},
		{"FIFO with delay", "orders", "a", nil, []sdk.SendOption{sdk.WithGroup("g"), sdk.WithDelay(time.Second)}, "remove WithDelay"},
		{"group with a space", "jobs", "a", nil, []sdk.SendOption{sdk.WithGroup("a b")}, "the group must consist of"},
		{"long group", "orders", "a", nil, []sdk.SendOption{sdk.WithGroup(strings.Repeat("g", 129))}, "the group must consist of"},
		{"group beyond ASCII", "orders", "a", nil, []sdk.SendOption{sdk.WithGroup("é")}, "the group must consist of"},
		{"deduplication ID with a space", "orders", "a", nil, []sdk.SendOption{sdk.WithGroup("g"), sdk.WithDeduplicationID(" ")},
			"the deduplication ID must consist of"},
		{"deduplication by a long ID", "orders", "a", nil, []sdk.SendOption{sdk.WithGroup("g"), sdk.WithID(strings.Repeat("i", 129))},
			"add WithDeduplicationID"},
		{"deduplication in a standard queue", "jobs", "a", nil, []sdk.SendOption{sdk.WithDeduplicationID("d")},
			"remove WithDeduplicationID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			err := sdk.Send(sender(t, f), test.queue, test.eventType, test.data, test.options...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if len(f.batches) > 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestSendAllSendsNothingWhenOneEventCannotBeSent(t *testing.T) {
	t.Parallel()
	f := newFakeSQS()
	err := sdk.SendAll(sender(t, f), "jobs", sdk.Outgoing{Type: "a"}, sdk.Outgoing{}, sdk.Outgoing{Type: "c"})
	sendErr, ok := errors.AsType[*sdk.SendError](err)
	if !ok || len(sendErr.Failures) != 3 || sendErr.Failures[0].Index != 1 || sendErr.Total != 3 {
		t.Errorf("got %v, want all three to fail, the second as the cause", err)
	}
	if len(f.batches) > 0 {
		t.Error("something was sent")
	}
}

func TestAnUnknownQueueIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.SendsTo("jobs", "audit"), sdk.On("a", func(ctx context.Context, _ sdk.RawEvent) error {
		return sdk.Send(ctx, "job", "b", nil)
	})))
	for name, test := range map[string]struct {
		err  error
		want []string
	}{
		"HANDLER_QUEUES": {sdk.SendAll(sender(t, newFakeSQS()), "job"), []string{"jobs", "orders"}},
		"sdktest":        {sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0].Err, []string{"audit", "jobs"}},
	} {
		unknown, ok := errors.AsType[*sdk.UnknownQueueError](test.err)
		if !ok || unknown.Label != "job" || !slices.Equal(unknown.Known, test.want) {
			t.Errorf("%s: got %v, want that it knows %s", name, test.err, test.want)
		}
	}
}

// TestSendPassesTheTraceOn has messages that came with a trace header, or with what is none.
func TestSendPassesTheTraceOn(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.SendsTo("jobs"), sdk.On("a", func(ctx context.Context, _ sdk.RawEvent) error {
		return sdk.SendAll(ctx, "jobs", sdk.Outgoing{Type: "b"}, sdk.Outgoing{Type: "b"})
	})))
	for _, header := range []string{"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "nonsense", ""} {
		f := newFakeSQS()
		received := strings.Replace(string(payload(t, sdktest.Event{Type: "a"})), "Root=1", header, 1)
		invokeRaw(f.context(t.Context()), t, app, []byte(received))
		for _, entry := range f.batches[0].Entries {
			trace, ok := entry.MessageSystemAttributes["AWSTraceHeader"]
			if want := strings.HasPrefix(header, "Root="); ok != want || want && aws.ToString(trace.StringValue) != header {
				t.Errorf("%q: got %v", header, aws.ToString(trace.StringValue))
			}
		}
	}
}

func TestSendNeedsAContextOfTheApp(t *testing.T) {
	t.Parallel()
	err := sdk.Send(t.Context(), "jobs", "a", nil)
	if err == nil || !strings.Contains(err.Error(), "the context must be derived from") {
		t.Errorf("got %v", err)
	}
}

func TestHandlersSendWithinTheirDeclaredQueues(t *testing.T) {
	t.Parallel()
	app := sdk.New("acme", sdk.Handler("h", sdk.SendsTo("jobs"), sdk.On("a", func(ctx context.Context, e sdk.Event[string]) error {
		return sdk.Send(ctx, e.Data, "b", map[string]string{"from": e.ID})
	})))
	result := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "e-1", Data: "jobs"}, sdktest.Event{Type: "a", Data: "others"})
	if got, want := fmt.Sprint(result.Messages[0].Outcome, " ", result.Messages[1].Outcome), "handled retried"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(result.Sent) != 1 || result.Sent[0].Queue != "jobs" || result.Sent[0].Type != "b" {
		t.Fatalf("got %+v", result.Sent)
	}
	if got := sdktest.Data[map[string]string](t, result.Sent[0])["from"]; got != "e-1" {
		t.Errorf("got data from %q, want e-1", got)
	}
}

func TestServersSendToo(t *testing.T) {
	t.Parallel()
	ctx, outbox := sdktest.Context(t, sdk.New("acme"))
	if err := sdk.Send(ctx, "jobs", "a", 1); err != nil {
		t.Fatal(err)
	}
	outbox.Fail(errSQS)
	if err := sdk.Send(ctx, "jobs", "b", 2); !errors.Is(err, errSQS) {
		t.Errorf("got %v, want %v", err, errSQS)
	}
	if sent := outbox.Sent(); len(sent) != 1 || sent[0].Type != "a" || sdktest.Data[int](t, sent[0]) != 1 {
		t.Errorf("got %+v", sent)
	}
}
