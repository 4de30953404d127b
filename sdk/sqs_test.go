package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// errSQS is how the fake SQS fails.
var errSQS = errors.New("SQS is down")

// fakeSQS records what an app calls, and fails where a test says so.
type fakeSQS struct {
	redrivePolicy string
	retention     string            // seconds; "" for none
	failing       map[string]error  // by operation
	rejected      map[string]bool   // receipt handles and bodies whose batch entries fail
	stuck         bool              // calls end only with their contexts
	urls          map[string]string // by label
	mu            sync.Mutex
	calls         map[string]int               // by operation
	visibility    map[string]int32             // by receipt handle
	dead          []*sqs.SendMessageInput      // to dead-letter queues
	batches       []*sqs.SendMessageBatchInput // sent
	changes       []*sqs.ChangeMessageVisibilityBatchInput
}

func newFakeSQS() *fakeSQS {
	return &fakeSQS{
		redrivePolicy: `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:222233334444:dead","maxReceiveCount":5}`,
		urls:          map[string]string{"jobs": "https://sqs/jobs", "orders": "https://sqs/orders.fifo"},
		calls:         make(map[string]int),
		visibility:    make(map[string]int32),
	}
}

func (f *fakeSQS) context(ctx context.Context) context.Context {
	return environ.NewContext(ctx, &environ.Environment{SQS: f, QueueURL: environ.Queues(f.urls).URL})
}

func (f *fakeSQS) call(ctx context.Context, operation string) error {
	f.mu.Lock()
	f.calls[operation]++
	f.mu.Unlock()
	if f.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.failing[operation]
}

func (f *fakeSQS) GetQueueUrl(ctx context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	url := "https://sqs/" + aws.ToString(in.QueueOwnerAWSAccountId) + "/" + *in.QueueName
	return &sqs.GetQueueUrlOutput{QueueUrl: &url}, f.call(ctx, "GetQueueUrl")
}

func (f *fakeSQS) GetQueueAttributes(ctx context.Context, _ *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (
	*sqs.GetQueueAttributesOutput, error) {
	attributes := make(map[string]string)
	if f.redrivePolicy != "" {
		attributes["RedrivePolicy"] = f.redrivePolicy
	}
	if f.retention != "" {
		attributes["MessageRetentionPeriod"] = f.retention
	}
	return &sqs.GetQueueAttributesOutput{Attributes: attributes}, f.call(ctx, "GetQueueAttributes")
}

func (f *fakeSQS) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	err := f.call(ctx, "SendMessage")
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.dead = append(f.dead, in)
	}
	return &sqs.SendMessageOutput{}, err
}

func (f *fakeSQS) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (
	*sqs.SendMessageBatchOutput, error) {
	if err := f.call(ctx, "SendMessageBatch"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, in)
	out := new(sqs.SendMessageBatchOutput)
	for _, entry := range in.Entries {
		isIn := func(mark string) bool { return strings.Contains(*entry.MessageBody, mark) }
		if slices.ContainsFunc(slices.Collect(maps.Keys(f.rejected)), isIn) {
			out.Failed = append(out.Failed, rejection(entry.Id))
		} else {
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: entry.Id})
		}
	}
	return out, nil
}

func (f *fakeSQS) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (
	*sqs.ChangeMessageVisibilityBatchOutput, error) {
	if err := f.call(ctx, "ChangeMessageVisibilityBatch"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes = append(f.changes, in)
	out := new(sqs.ChangeMessageVisibilityBatchOutput)
	for _, entry := range in.Entries {
		if f.rejected[*entry.ReceiptHandle] {
			out.Failed = append(out.Failed, rejection(entry.Id))
			continue
		}
		f.visibility[*entry.ReceiptHandle] = entry.VisibilityTimeout
	}
	return out, nil
}

func rejection(id *string) types.BatchResultErrorEntry {
	return types.BatchResultErrorEntry{Id: id, SenderFault: true, Code: aws.String("Rejected"), Message: aws.String("for the test")}
}

// payload is the SQS event with CloudEvents that Lambda would invoke with.
func payload(t testing.TB, batch ...sdktest.Event) []byte {
	t.Helper()
	var event events.SQSEvent
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for i, e := range batch {
		n := strconv.Itoa(i)
		body, err := json.Marshal(map[string]any{
			"specversion": "1.0", "id": e.ID, "source": "test", "type": e.Type, "time": e.Time, "data": e.Data,
		})
		if err != nil {
			t.Fatal(err)
		}
		record := events.SQSMessage{
			MessageId: "m" + n, ReceiptHandle: "r" + n, Body: string(body), EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:eu-west-1:111122223333:h", AWSRegion: "eu-west-1", Md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(max(e.Attempt, 1)), "AWSTraceHeader": "Root=1", "SenderId": "AIDAIO23YVJENQZJOL4VO",
				"SentTimestamp": now, "ApproximateFirstReceiveTimestamp": now,
			},
		}
		record.MessageAttributes = make(map[string]events.SQSMessageAttribute)
		for name, value := range e.Attributes {
			record.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
		}
		if e.Group != "" {
			record.EventSourceARN += ".fifo"
			record.Attributes["MessageGroupId"], record.Attributes["MessageDeduplicationId"] = e.Group, "dedup"+n
		}
		event.Records = append(event.Records, record)
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// invokeRaw hands a payload to the handler "h" and returns its answer.
func invokeRaw(ctx context.Context, t *testing.T, app *sdk.App, payload []byte) string {
	t.Helper()
	invoker, err := app.Invoker("h")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := invoker.Invoke(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestAnswerNamesExactlyTheFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		batch []sdktest.Event
		want  string
	}{
		{"none", []sdktest.Event{do(""), do("")}, `{"batchItemFailures":[]}`},
		{"some", []sdktest.Event{do(""), do("fail"), do(""), do("panic")},
			`{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m3"}]}`},
		{"all", []sdktest.Event{do("fail")}, `{"batchItemFailures":[{"itemIdentifier":"m0"}]}`},
		{"dead-lettered", []sdktest.Event{do("permanent")}, `{"batchItemFailures":[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := invokeRaw(newFakeSQS().context(t.Context()), t, doing(), payload(t, test.batch...)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestInputThatIsNoSQSEventFailsTheInvocation(t *testing.T) {
	t.Parallel()
	invoker, err := doing().Invoker("h")
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{
		``, `hunter2`, `null`, `{}`, `{"Records":"x"}`, `{"Records":[{"eventSource":"aws:s3"}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":""}]}`,
	} {
		_, err := invoker.Invoke(t.Context(), []byte(input))
		if err == nil || !strings.Contains(err.Error(), "event source mappings of SQS queues") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", input, err)
		}
	}
	answer, err := invoker.Invoke(t.Context(), []byte(`{"Records":[]}`))
	if string(answer) != `{"batchItemFailures":[]}` || err != nil {
		t.Errorf("no records: got %s, %v", answer, err)
	}
}

// TestNothingRefersToThePayloadAfterwards matters because aws-lambda-go uses its memory for the next invocation.
func TestNothingRefersToThePayloadAfterwards(t *testing.T) {
	t.Parallel()
	var kept sdk.Event[json.RawMessage]
	app := sdk.New("acme", sdk.Handler("h", sdk.On("*", func(_ context.Context, e sdk.Event[json.RawMessage]) error {
		kept = e
		return nil
	})))
	input := payload(t, sdktest.Event{Type: "a", ID: "1", Data: "hello"})
	invokeRaw(t.Context(), t, app, input)
	for i := range input {
		input[i] = 'X'
	}
	if kept.ID != "1" || kept.Type != "a" || string(kept.Data) != `"hello"` {
		t.Errorf("the event changed: %+v, data %s", kept, kept.Data)
	}
}

func TestVisibilityIsChangedInTensAndFailuresOfItAreNoLoss(t *testing.T) {
	t.Parallel()
	var batch []sdktest.Event
	for range 23 {
		batch = append(batch, do("retry 5s"))
	}
	for _, test := range []struct {
		name    string
		prepare func(*fakeSQS)
		changed int
	}{
		{"all changed", func(*fakeSQS) {}, 23},
		{"call fails", func(f *fakeSQS) { f.failing = map[string]error{"ChangeMessageVisibilityBatch": errSQS} }, 0},
		{"queue URL cannot be found", func(f *fakeSQS) { f.failing = map[string]error{"GetQueueUrl": errSQS} }, 0},
		{"one entry fails", func(f *fakeSQS) { f.rejected = map[string]bool{"r4": true} }, 22},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			test.prepare(f)
			answer := invokeRaw(f.context(t.Context()), t, doing(), payload(t, batch...))
			if got := strings.Count(answer, "itemIdentifier"); got != 23 {
				t.Errorf("got %d failures in %s, want 23", got, answer)
			}
			if len(f.visibility) != test.changed {
				t.Errorf("got %d changed visibilities, want %d", len(f.visibility), test.changed)
			}
			for _, seconds := range f.visibility {
				if seconds != 5 {
					t.Errorf("got visibility %d, want 5", seconds)
				}
			}
			for _, change := range f.changes {
				if n := len(change.Entries); n > 10 || *change.QueueUrl != "https://sqs/111122223333/h" {
					t.Errorf("got a call with %d entries for %s", n, *change.QueueUrl)
				}
			}
			if test.name == "all changed" && f.calls["GetQueueUrl"] != 1 {
				t.Errorf("got %d calls of GetQueueUrl, want 1", f.calls["GetQueueUrl"])
			}
		})
	}
}

func TestPermanentFailureGoesToTheDeadLetterQueueAsItCame(t *testing.T) {
	t.Parallel()
	f := newFakeSQS()
	f.redrivePolicy = `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:222233334444:dead.fifo","maxReceiveCount":5}`
	app := doing()
	event := do("permanent")
	event.Attributes, event.Group = map[string]string{"tenant": "t1"}, "g1"
	for range 2 {
		input := payload(t, event)
		if got := invokeRaw(f.context(t.Context()), t, app, input); got != `{"batchItemFailures":[]}` {
			t.Errorf("got %s, want no failures", got)
		}
	}
	var batch events.SQSEvent
	if err := json.Unmarshal(payload(t, event), &batch); err != nil {
		t.Fatal(err)
	}
	sent := f.dead[0]
	if *sent.MessageBody != batch.Records[0].Body {
		t.Errorf("got body %s, want %s", *sent.MessageBody, batch.Records[0].Body)
	}
	if *sent.QueueUrl != "https://sqs/222233334444/dead.fifo" || *sent.MessageGroupId != "g1" || *sent.MessageDeduplicationId != "m0" {
		t.Errorf("got URL %s, group %s, deduplication ID %s", *sent.QueueUrl, *sent.MessageGroupId, *sent.MessageDeduplicationId)
	}
	if got := sent.MessageSystemAttributes["AWSTraceHeader"].StringValue; aws.ToString(got) != "Root=1" {
		t.Errorf("got trace %v", got)
	}
	for name, want := range map[string]string{
		"tenant": "t1", "dead-letter-reason": "broken", "dead-letter-handler": "h",
		"dead-letter-source": "arn:aws:sqs:eu-west-1:111122223333:h.fifo",
	} {
		if got := aws.ToString(sent.MessageAttributes[name].StringValue); got != want {
			t.Errorf("attribute %s: got %q, want %q", name, got, want)
		}
	}
	if f.calls["GetQueueAttributes"] != 1 || f.calls["GetQueueUrl"] != 2 {
		t.Errorf("what is known about queues was asked again: %v", f.calls)
	}
}

// TestAttributesStayWithinTheLimit prefers those of the message to those that explain.
func TestAttributesStayWithinTheLimit(t *testing.T) {
	t.Parallel()
	for own, want := range map[int][]string{
		8:  {"dead-letter-handler", "dead-letter-reason"},
		9:  {"dead-letter-reason"},
		10: nil,
	} {
		f := newFakeSQS()
		event := do("permanent")
		event.Attributes = make(map[string]string)
		for i := range own {
			event.Attributes["a"+strconv.Itoa(i)] = "x"
		}
		invokeRaw(f.context(t.Context()), t, doing(), payload(t, event))
		added := slices.DeleteFunc(slices.Sorted(maps.Keys(f.dead[0].MessageAttributes)), func(name string) bool {
			return !strings.HasPrefix(name, "dead-letter")
		})
		if !slices.Equal(added, want) {
			t.Errorf("%d attributes: got %v added, want %v", own, added, want)
		}
	}
}

// TestFailedDeadLetteringLeavesTheMessageToTheRedrivePolicy has one message fail permanently and one succeed.
func TestFailedDeadLetteringLeavesTheMessageToTheRedrivePolicy(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*fakeSQS){
		"no dead-letter queue":        func(f *fakeSQS) { f.redrivePolicy = "" },
		"unreadable redrive policy":   func(f *fakeSQS) { f.redrivePolicy = "{" },
		"dead-letter queue's bad ARN": func(f *fakeSQS) { f.redrivePolicy = `{"deadLetterTargetArn":"nonsense"}` },
		"URL not found":               func(f *fakeSQS) { f.failing = map[string]error{"GetQueueUrl": errSQS} },
		"attributes not readable":     func(f *fakeSQS) { f.failing = map[string]error{"GetQueueAttributes": errSQS} },
		"sending denied":              func(f *fakeSQS) { f.failing = map[string]error{"SendMessage": errSQS} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			prepare(f)
			got := invokeRaw(f.context(t.Context()), t, doing(), payload(t, do("permanent"), do("")))
			if want := `{"batchItemFailures":[{"itemIdentifier":"m0"}]}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestStuckSQSDoesNotHoldUpTheAnswer has every call to SQS hang: the answer must still come, soon and before the deadline.
func TestStuckSQSDoesNotHoldUpTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSQS()
		f.stuck = true
		for limit, want := range map[time.Duration]time.Duration{
			10 * time.Second: 10*time.Second - 125*time.Millisecond, // just before the deadline
			15 * time.Minute: 20 * time.Second,                      // 10 s for each of two calls after another
		} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			began := time.Now()
			got := invokeRaw(f.context(ctx), t, doing(), payload(t, do("permanent"), do("fail"), do("")))
			if want := `{"batchItemFailures":[{"itemIdentifier":"m0"},{"itemIdentifier":"m1"}]}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if took := time.Since(began); took != want {
				t.Errorf("of %s, the invocation took %s, want %s", limit, took, want)
			}
		}
	})
}
