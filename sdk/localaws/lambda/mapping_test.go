package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// queue makes a queue and returns its URL and ARN.
func (f *fixture) queue(t *testing.T, name string, attributes map[string]string) (url, arn string) {
	t.Helper()
	out, err := f.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl, "arn:aws:sqs:eu-west-1:000000000000:" + name
}

func (f *fixture) send(t *testing.T, url string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		in := &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}
		if group, _, ok := strings.Cut(body, ":"); ok && strings.HasSuffix(url, ".fifo") {
			in.MessageGroupId, in.MessageDeduplicationId = &group, aws.String(strings.ReplaceAll(body, " ", ""))
		}
		if _, err := f.sqs.SendMessage(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
}

// mapped maps a queue to a function and waits until messages flow.
func (f *fixture) mapped(t *testing.T, function, queueARN string, changes ...func(*awslambda.CreateEventSourceMappingInput)) (id string) {
	t.Helper()
	in := &awslambda.CreateEventSourceMappingInput{
		FunctionName: &function, EventSourceArn: &queueARN, FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
	}
	for _, change := range changes {
		change(in)
	}
	out, err := f.lambda.CreateEventSourceMapping(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if state := aws.ToString(out.State); state != "Creating" {
		t.Errorf("a new mapping is %s", state)
	}
	f.awaitMapping(t, *out.UUID, "Enabled")
	return *out.UUID
}

func (f *fixture) awaitMapping(t *testing.T, id, state string) {
	t.Helper()
	eventually(t, "the mapping is "+state, func() bool {
		out, err := f.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &id})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return state == "gone"
		}
		if err != nil {
			t.Fatal(err)
		}
		return *out.State == state
	})
}

// awaitEmpty waits until a queue has no messages, visible or not.
func (f *fixture) awaitEmpty(t *testing.T, url string) {
	t.Helper()
	eventually(t, "the queue is empty", func() bool { return f.count(t, url) == 0 })
}

// count asks for all numbers at once: between two requests a message could go from one to the other, and be in neither.
func (f *fixture) count(t *testing.T, url string) int {
	t.Helper()
	return f.attribute(t, url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
}

// attribute returns the sum of a queue's attributes.
func (f *fixture) attribute(t *testing.T, url string, names ...sqstypes.QueueAttributeName) (sum int) {
	t.Helper()
	out, err := f.sqs.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range out.Attributes {
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// handling is what testdata/function logs for each message.
type handling struct {
	Body, Group, Receives, Reset string
	PID, Batch                   int
}

func handlings(lines []string) (all []handling) {
	for _, line := range lines {
		var h handling
		if strings.HasPrefix(line, `{"b`) && json.Unmarshal([]byte(line), &h) == nil {
			all = append(all, h)
		}
	}
	return all
}

func (f *fixture) awaitHandlings(t *testing.T, n int) []handling {
	t.Helper()
	return handlings(f.log.await(t, func(lines []string) bool { return len(handlings(lines)) >= n }))
}

// short is a queue whose messages come back soon.
var short = map[string]string{"VisibilityTimeout": "1"}

func oneSecond(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) }

func TestMappingDeletesWhatWasHandledAndRedeliversTheRest(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", oneSecond)
	dead, deadARN := f.queue(t, "dead", nil)
	url, arn := f.queue(t, "jobs", map[string]string{
		"VisibilityTimeout": "2", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, deadARN),
	})
	f.send(t, url, "ok 1", "fail 2", "once 3", "ok 4")
	f.mapped(t, "acme", arn)
	f.awaitEmpty(t, url)
	received := map[string]int{}
	for _, h := range f.awaitHandlings(t, 6) {
		received[h.Body]++
	}
	if want := map[string]int{"ok 1": 1, "fail 2": 2, "once 3": 2, "ok 4": 1}; fmt.Sprint(received) != fmt.Sprint(want) {
		t.Errorf("got handled %v, want %v", received, want)
	}
	if n := f.count(t, dead); n != 1 {
		t.Errorf("%d dead letters, want 1", n)
	}
}

func TestMappingKeepsTheWholeBatch(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"error", "malformed", "unknown"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			f.create(t, "acme", oneSecond)
			dead, deadARN := f.queue(t, "dead", nil)
			url, arn := f.queue(t, "jobs", map[string]string{
				"VisibilityTimeout": "1", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, deadARN),
			})
			f.send(t, url, "ok", verb)
			f.mapped(t, "acme", arn)
			eventually(t, "both messages are dead letters", func() bool { return f.count(t, dead) == 2 })
		})
	}
}

func TestMappingIgnoresTheResponseUnlessAskedTo(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", nil)
	f.send(t, url, "fail")
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionResponseTypes = nil })
	f.awaitEmpty(t, url)
}

func TestMappingDropsWhatFiltersDoNotMatch(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", nil)
	f.send(t, url, `{"type":"push"}`, `{"type":"ping"}`, `push`)
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) {
		in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":{"type":["push"]}}`)}}}
	})
	f.awaitEmpty(t, url)
	if all := f.awaitHandlings(t, 1); len(all) != 1 || all[0].Body != `{"type":"push"}` {
		t.Errorf("got handled %v", all)
	}
}

func TestMappingKeepsTheOrderOfGroups(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", oneSecond)
	url, arn := f.queue(t, "jobs.fifo", map[string]string{"VisibilityTimeout": "30", "FifoQueue": "true"})
	for i := range 8 {
		for _, group := range []string{"a", "b", "c"} {
			f.send(t, url, fmt.Sprintf("%s: %d", group, i))
		}
	}
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(4) })
	f.awaitEmpty(t, url)
	order := map[string][]string{}
	for _, h := range f.awaitHandlings(t, 24) {
		order[h.Group] = append(order[h.Group], h.Body)
	}
	for group, bodies := range order {
		if len(bodies) != 8 || !slices.IsSorted(bodies) {
			t.Errorf("group %s was handled as %v", group, bodies)
		}
	}
}

func TestMappingGathersLargeBatchesWithinTheWindow(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", map[string]string{"VisibilityTimeout": "60"})
	for i := range 25 {
		f.send(t, url, fmt.Sprintf("ok %d", i))
	}
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(100), aws.Int32(1)
	})
	f.awaitEmpty(t, url)
	if all := f.awaitHandlings(t, 25); all[0].Batch != 25 {
		t.Errorf("got batches of %d, want one of 25", all[0].Batch)
	}
}

func TestMappingHidesMessagesWhileItGathersThem(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", oneSecond)
	url, arn := f.queue(t, "jobs", short)
	f.send(t, url, "ok 1", "ok 2")
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(100), aws.Int32(3) // longer than the visibility timeout
	})
	f.awaitEmpty(t, url)
	for _, h := range f.awaitHandlings(t, 2) {
		if h.Receives != "1" || h.Batch != 2 {
			t.Errorf("%s was received %s times, in a batch of %d", h.Body, h.Receives, h.Batch)
		}
	}
}

func TestMappingCutsBatchesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", nil)
	for i := range 9 {
		f.send(t, url, fmt.Sprintf("ok %d %s", i, strings.Repeat("x", 1<<20-16)))
	}
	f.mapped(t, "acme", arn)
	f.awaitEmpty(t, url)
	var batches []int
	for _, line := range f.log.await(t, func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "REPORT ") }) {
		if strings.HasPrefix(line, "START ") {
			batches = append(batches, 1)
		}
	}
	if len(batches) < 2 {
		t.Errorf("9 MB were handled in %d invocations", len(batches))
	}
}

func TestMappingRetriesWhileThrottled(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	_, err := f.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String("acme"), ReservedConcurrentExecutions: aws.Int32(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	url, arn := f.queue(t, "jobs", map[string]string{"VisibilityTimeout": "600"})
	for i := range 10 {
		f.send(t, url, fmt.Sprintf("sleep %d", i))
	}
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(1) })
	f.awaitEmpty(t, url)
	for _, h := range f.awaitHandlings(t, 10) {
		if h.Receives != "1" || h.PID != f.awaitHandlings(t, 1)[0].PID {
			t.Errorf("%s was received %s times, by process %d", h.Body, h.Receives, h.PID)
		}
	}
}

func TestMappingDropsItsCopyWhenThrottledTooLong(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", oneSecond)
	_, err := f.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String("acme"), ReservedConcurrentExecutions: aws.Int32(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	dead, deadARN := f.queue(t, "dead", nil)
	url, arn := f.queue(t, "jobs", map[string]string{
		"VisibilityTimeout": "1", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, deadARN),
	})
	f.send(t, url, "ok")
	f.mapped(t, "acme", arn)
	eventually(t, "the message is a dead letter", func() bool { return f.count(t, dead) == 1 })
	if all := handlings(f.log.await(t, func([]string) bool { return true })); len(all) != 0 {
		t.Errorf("a stopped function handled %v", all)
	}
}

func TestThrottledMappingCanBeDeleted(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	_, err := f.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String("acme"), ReservedConcurrentExecutions: aws.Int32(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	url, arn := f.queue(t, "jobs", map[string]string{"VisibilityTimeout": "43200"})
	id := f.mapped(t, "acme", arn)
	f.send(t, url, "ok")
	eventually(t, "the message is received", func() bool { return f.attribute(t, url, "ApproximateNumberOfMessagesNotVisible") == 1 })
	if _, err := f.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &id}); err != nil {
		t.Fatal(err)
	}
	f.awaitMapping(t, id, "gone")
	if n := f.count(t, url); n != 1 {
		t.Errorf("%d messages are left, want the one that was not handled", n)
	}
}

func TestMappingHonoursMaximumConcurrency(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", nil)
	for i := range 24 {
		f.send(t, url, fmt.Sprintf("sleep %d", i))
	}
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.ScalingConfig = aws.Int32(1), &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}
	})
	f.awaitEmpty(t, url)
	processes := map[int]bool{}
	for _, h := range f.awaitHandlings(t, 24) {
		processes[h.PID] = true
	}
	if len(processes) > 2 {
		t.Errorf("%d runtimes were started, want at most 2", len(processes))
	}
}

func TestMappingCanBeDisabledEnabledAndDeleted(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", nil)
	id := f.mapped(t, "acme", arn)
	enable := func(enabled bool) string {
		t.Helper()
		out, err := f.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &id, Enabled: &enabled})
		if err != nil {
			t.Fatal(err)
		}
		return *out.State
	}
	if state := enable(false); state != "Disabling" {
		t.Errorf("got %s, want Disabling", state)
	}
	f.awaitMapping(t, id, "Disabled")
	f.send(t, url, "ok")
	if state := enable(true); state != "Enabling" {
		t.Errorf("got %s, want Enabling", state)
	}
	f.awaitMapping(t, id, "Enabled")
	f.awaitHandlings(t, 1)
	f.send(t, url, "sleep")
	f.awaitHandlings(t, 2)
	out, err := f.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &id})
	if err != nil || *out.State != "Deleting" {
		t.Fatalf("got %+v, %v", out, err)
	}
	f.awaitMapping(t, id, "gone")
	if n := f.count(t, url); n != 0 {
		t.Errorf("the batch that was being handled when the mapping was deleted did not end: %d messages are left", n)
	}
}

func TestResetUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	url, arn := f.queue(t, "jobs", map[string]string{"VisibilityTimeout": "30"})
	f.mapped(t, "acme", arn, func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(2) })
	const messages = 120
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range messages {
			f.send(t, url, fmt.Sprintf("sleep %d", i))
		}
	}()
	f.awaitHandlings(t, messages/4)
	f.reset(t, "again")
	done := len(f.log.snapshot())
	<-sent
	f.awaitEmpty(t, url)

	all := f.awaitHandlings(t, messages)
	handled, old := map[string]int{}, map[int]bool{}
	for _, h := range all {
		handled[h.Body]++
		if h.Reset == "" {
			old[h.PID] = true
		}
	}
	if len(handled) != messages || len(all) != messages {
		t.Errorf("%d messages were handled %d times, want each of %d once", len(handled), len(all), messages)
	}
	started := map[string]bool{} // streams in which an invocation began after the reset
	for i, line := range f.log.snapshot() {
		if i >= done && strings.HasPrefix(line.message, "START ") {
			started[line.stream] = true
		}
		if h := handlings([]string{line.message}); started[line.stream] && len(h) > 0 && h[0].Reset != "again" {
			t.Errorf("%s was handled by an old runtime", h[0].Body)
		}
	}
	if len(started) == 0 || len(old) == 0 {
		t.Fatalf("%d runtimes after and %d before the reset: nothing is shown", len(started), len(old))
	}
	for pid := range old {
		eventually(t, "the old runtime is gone", func() bool { return gone(pid) })
	}
}

func TestMappingGoesOnWhenItsFunctionComesBack(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", oneSecond)
	url, arn := f.queue(t, "jobs", short)
	f.mapped(t, "acme", arn)
	if _, err := f.lambda.DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	f.send(t, url, "ok")
	f.create(t, "acme", oneSecond)
	f.awaitEmpty(t, url)
}

// refusing lets functions be fed but the one named "poor".
type refusing struct{ trusted }

func (refusing) MayConsume(_, functionARN, _ string) error {
	if strings.HasSuffix(functionARN, ":poor") {
		return wire.Errorf("InvalidParameterValueException", "refused")
	}
	return nil
}

func TestMappingMovesOnlyToFunctionsThatMayConsume(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *lambda.Config) { c.Access = refusing{} })
	_, arn := f.queue(t, "jobs", nil)
	f.create(t, "acme")
	f.create(t, "poor")
	id := f.mapped(t, "acme", arn)
	update := func(in awslambda.UpdateEventSourceMappingInput) error {
		in.UUID = &id
		_, err := f.lambda.UpdateEventSourceMapping(t.Context(), &in)
		return err
	}
	err := update(awslambda.UpdateEventSourceMappingInput{FunctionName: aws.String("poor")})
	if _, refused := errors.AsType[*types.InvalidParameterValueException](err); !refused {
		t.Error("the mapping moved to a function that may not consume the queue")
	}
	if err := update(awslambda.UpdateEventSourceMappingInput{BatchSize: aws.Int32(5)}); err != nil {
		t.Errorf("another change: %s", err)
	}
}
