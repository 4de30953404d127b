package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// sending is an app whose handler sends the event's data to orders, with the given options.
func sending(options ...sdk.SendOption) *sdk.App {
	return sdk.New("acme", sdk.Handler("h", sdk.SendsTo("orders"), sdk.On("a", func(ctx context.Context, e sdk.Event[string]) error {
		return sdk.Send(ctx, "orders", "b", e.Data, options...)
	})))
}

func TestAFIFOQueueIsOneInHandlerTests(t *testing.T) {
	t.Parallel()
	ctx := sdktest.With(t.Context(), sdktest.FIFO("orders"))
	event := sdktest.Event{Type: "a", Data: "x"}
	for want, app := range map[string]*sdk.App{
		"add WithGroup":    sending(),
		"remove WithDelay": sending(sdk.WithGroup("g"), sdk.WithDelay(time.Second)),
		"<nil>":            sending(sdk.WithGroup("g"), sdk.WithDeduplicationID("d")),
	} {
		result := sdktest.InvokeContext(ctx, t, app, "h", event, event) // the second is a duplicate
		if got := fmt.Sprint(result.Messages[0].Err); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
		if want != "<nil>" {
			continue
		}
		if sent := result.Sent; len(sent) != 1 || sent[0].Queue != "orders" || sent[0].Group != "g" || sent[0].DeduplicationID != "d" {
			t.Errorf("got %+v, want one event without its duplicate", sent)
		}
	}
}

func TestSendsThatAreRejected(t *testing.T) {
	t.Parallel()
	reject := sdktest.RejectSends(func(s sdktest.Sent) error {
		if string(s.Data) == `"bad"` {
			return errBroken
		}
		return nil
	})
	result := sdktest.InvokeContext(sdktest.With(t.Context(), reject), t, sending(), "h",
		sdktest.Event{Type: "a", Data: "bad"}, sdktest.Event{Type: "a", Data: "good"})
	if m := result.Messages[0]; m.Outcome != sdktest.Retried || !strings.Contains(fmt.Sprint(m.Err), "broken") {
		t.Errorf("got %s with %v, want retried as the event was rejected", m.Outcome, m.Err)
	}
	if len(result.Sent) != 1 || string(result.Sent[0].Data) != `"good"` {
		t.Errorf("got %+v, want the other event", result.Sent)
	}
	ctx, outbox := sdktest.Context(t, sending(), reject, sdktest.FIFO("orders"))
	err := sdk.SendAll(ctx, "orders",
		sdk.Outgoing{Type: "b", Data: "bad", Options: []sdk.SendOption{sdk.WithGroup("g")}},
		sdk.Outgoing{Type: "b", Data: "good", Options: []sdk.SendOption{sdk.WithGroup("h")}})
	failed, ok := errors.AsType[*sdk.SendError](err)
	if !ok || len(failed.Failures) != 1 || failed.Failures[0].Index != 0 || len(outbox.Sent()) != 1 {
		t.Errorf("got %v and %+v sent", err, outbox.Sent())
	}
}

// TestTheSenderHoldsToTheRulesOfSQS makes calls that package sdk should never make.
func TestTheSenderHoldsToTheRulesOfSQS(t *testing.T) {
	t.Parallel()
	ctx, outbox := sdktest.Context(t, sdk.New("acme"))
	env := environ.FromContext(ctx)
	entry := func(change func(*types.SendMessageBatchRequestEntry)) types.SendMessageBatchRequestEntry {
		e := types.SendMessageBatchRequestEntry{Id: aws.String("0"), MessageBody: aws.String(`{"type":"a"}`)}
		change(&e)
		return e
	}
	same := func(*types.SendMessageBatchRequestEntry) {}
	eleven := make([]types.SendMessageBatchRequestEntry, 11)
	for i := range eleven {
		eleven[i] = entry(func(e *types.SendMessageBatchRequestEntry) { e.Id = aws.String(fmt.Sprint(i)) })
	}
	half := func(id string) types.SendMessageBatchRequestEntry {
		return entry(func(e *types.SendMessageBatchRequestEntry) {
			e.Id, e.MessageBody = &id, aws.String(`"`+strings.Repeat("x", 1<<19-1)+`"`)
		})
	}
	type entries = []types.SendMessageBatchRequestEntry
	for _, test := range []struct {
		name, label string
		entries     entries
		want        string // code or message
	}{
		{"none", "jobs", nil, "EmptyBatchRequest"},
		{"eleven", "jobs", eleven, "TooManyEntriesInBatchRequest"},
		{"above 1 MiB", "jobs", entries{half("0"), half("1")}, "BatchRequestTooLong"},
		{"one ID for two", "jobs", entries{entry(same), entry(same)}, "BatchEntryIdsNotDistinct"},
		{"no body", "jobs", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.MessageBody = aws.String("") })}, "no body"},
		{"characters", "jobs", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.MessageBody = aws.String("\"\uffff\"") })},
			"allowed set"},
		{"delay", "jobs", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.DelaySeconds = 901 })}, "0 to 900"},
		{"group", "jobs", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.MessageGroupId = aws.String(" ") })}, "1 to 128"},
		{"deduplication", "jobs", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.MessageDeduplicationId = aws.String("d") })},
			"not valid for a standard queue"},
		{"FIFO without group", "o.fifo", entries{entry(same)}, "needs a MessageGroupId"},
		{"FIFO without deduplication", "o.fifo", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.MessageGroupId = aws.String("g") })},
			"needs a MessageDeduplicationId"},
		{"FIFO with delay", "o.fifo", entries{entry(func(e *types.SendMessageBatchRequestEntry) { e.DelaySeconds = 1 })},
			"not valid for a FIFO queue"},
	} {
		url, _ := env.QueueURL(test.label)
		out, err := env.SQS.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: test.entries})
		got := ""
		if refused, ok := errors.AsType[smithy.APIError](err); ok {
			got = refused.ErrorCode()
		} else if err == nil && len(out.Failed) == 1 && out.Failed[0].SenderFault {
			got = aws.ToString(out.Failed[0].Message)
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, %v, want %s", test.name, got, err, test.want)
		}
	}
	if diff := cmp.Diff([]sdktest.Sent(nil), outbox.Sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}
