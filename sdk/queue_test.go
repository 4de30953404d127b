package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestRedrivePoliciesMayChange gives a queue its dead-letter queue while a runtime is warm, and then another.
func TestRedrivePoliciesMayChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSQS()
		app := doing()
		policy := func(name string) string {
			return fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:222233334444:%s","maxReceiveCount":5}`, name)
		}
		for _, step := range []struct {
			policy, want string
			after        time.Duration
		}{
			{"", "", 0},
			{policy("first"), "https://sqs/222233334444/first", 16 * time.Second},
			{policy("second"), "https://sqs/222233334444/first", time.Minute},
			{policy("second"), "https://sqs/222233334444/second", 5 * time.Minute},
		} {
			time.Sleep(step.after)
			f.redrivePolicy, f.dead = step.policy, nil
			invokeRaw(f.context(t.Context()), t, app, payload(t, do("permanent")))
			got := ""
			if len(f.dead) == 1 {
				got = *f.dead[0].QueueUrl
			}
			if got != step.want {
				t.Errorf("after %s: sent to %q, want %q", step.after, got, step.want)
			}
		}
		// A dead-letter queue that does not take a message is looked for again at once.
		f.failing = map[string]error{"SendMessage": &smithy.GenericAPIError{Code: "AWS.SimpleQueueService.NonExistentQueue"}}
		invokeRaw(f.context(t.Context()), t, app, payload(t, do("permanent")))
		f.failing, f.redrivePolicy, f.dead = nil, policy("third"), nil
		invokeRaw(f.context(t.Context()), t, app, payload(t, do("permanent")))
		if len(f.dead) != 1 || *f.dead[0].QueueUrl != "https://sqs/222233334444/third" {
			t.Errorf("got %v", f.dead)
		}
	})
}

// TestOneInvocationDoesNotWaitForTheCallsOfAnother has SQS hang, for one with a minute and one with 2 s.
func TestOneInvocationDoesNotWaitForTheCallsOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSQS()
		f.stuck = true
		app := doing()
		var running sync.WaitGroup
		for i, limit := range []time.Duration{time.Minute, 2 * time.Second} {
			running.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				invokeRaw(f.context(ctx), t, app, payload(t, do("fail")))
				if ctx.Err() != nil {
					t.Errorf("the answer of an invocation with %s came too late", limit)
				}
			})
		}
		running.Wait()
	})
}

// slowSQS takes its time for each call.
type slowSQS struct{ *fakeSQS }

func (s slowSQS) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (
	*sqs.ChangeMessageVisibilityBatchOutput, error) {
	select {
	case <-time.After(15 * time.Millisecond):
		return s.fakeSQS.ChangeMessageVisibilityBatch(ctx, in)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestAllThatIsNotStartedComesBackAtOnce has 10,000 messages of which only the first ones are started, and SQS take 15 ms for ten.
func TestAllThatIsNotStartedComesBackAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSQS()
		ctx, cancel := context.WithTimeout(environ.NewContext(t.Context(), &environ.Environment{SQS: slowSQS{f}}), 10*time.Second)
		defer cancel()
		batch := make([]sdktest.Event, 10_000)
		for i := range batch {
			batch[i] = do("work 1h")
		}
		batch[0] = do("ignore-context")
		invokeRaw(sdk.WithLogger(ctx, discardLogger()), t, doing(), payload(t, batch...))
		unchanged := 0
		for i := range batch {
			seconds, changed := f.visibility[fmt.Sprint("r", i)]
			if !changed || i >= 10 && seconds != 0 {
				unchanged++
			}
		}
		if unchanged > 0 || ctx.Err() != nil {
			t.Errorf("%d messages wait for their visibility timeout", unchanged)
		}
		time.Sleep(2 * time.Hour) // what was left behind returns
	})
}

// TestWhatAFunctionMakesIsNoVerdictOfTheSDK has functions return errors of the types that the SDK itself fails messages with, and panic
// with errors that decide about messages.
func TestWhatAFunctionMakesIsNoVerdictOfTheSDK(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func() error{
		"decode error":         func() error { return fmt.Errorf("fetch: %w", &sdk.DecodeError{What: "the answer", Err: errBroken}) },
		"unknown type":         func() error { return &sdk.UnknownTypeError{Handler: "h", Type: "x"} },
		"panic that is final":  func() error { panic(sdk.Permanent(errBroken)) },
		"join around the like": func() error { return errors.Join(&sdk.DecodeError{Err: errBroken}, errBroken) },
	} {
		app := sdk.New("acme", sdk.Handler("h", sdk.Unhandled(sdk.Drop), sdk.On("a", func(context.Context, sdk.Event[int]) error { return fn() })))
		if m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0]; m.Outcome != sdktest.Retried {
			t.Errorf("%s: got %s, want it retried", name, m.Outcome)
		}
	}
	deep := func() error { return errors.Join(errBroken, fmt.Errorf("in vain: %w", sdk.Permanent(errBroken))) }
	app := sdk.New("acme", sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[int]) error { return deep() })))
	if m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a"}).Messages[0]; m.Outcome != sdktest.DeadLettered {
		t.Errorf("a permanent error among others: got %s", m.Outcome)
	}
}

// TestDefaultType handles what brings no type, and leaves what does alone.
func TestDefaultType(t *testing.T) {
	t.Parallel()
	const body = `{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"a.csv"}}}]}`
	var got []string
	app := sdk.New("acme", sdk.Handler("h", sdk.DefaultType("s3.notification"), sdk.Concurrency(1),
		sdk.On("*", func(_ context.Context, e sdk.RawEvent) error {
			got = append(got, e.Type+" "+string(e.Data))
			return nil
		})))
	sdktest.Invoke(t, app, "h", sdktest.Event{Body: body}, sdktest.Event{Body: body, Attributes: map[string]string{"type": "own"}},
		sdktest.Event{Type: "cloud", Data: 1}, sdktest.Event{Body: "text"})
	want := []string{"s3.notification " + body, "own " + body, "cloud 1", `s3.notification "text"`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
