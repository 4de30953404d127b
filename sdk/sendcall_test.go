package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// What a script says about an event.
const (
	taken    = ""
	rejected = "InternalError" // through no fault of the event
	refused  = "InvalidMessageContents"
	ignored  = "is in no list of the answer"
)

// script is an SQS that does to events, known by their data, what a test says.
type script struct {
	environ.SQS
	call  func(ctx context.Context, n int) error // of all calls; may be nil
	event func(data string, n int) string        // n counts the calls with that event; may be nil

	mu    sync.Mutex
	calls [][]string
	tries map[string]int
	taken []string
}

func (s *script) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (
	*sqs.SendMessageBatchOutput, error) {
	s.mu.Lock()
	n := len(s.calls)
	s.calls = append(s.calls, nil)
	s.mu.Unlock()
	if s.call != nil {
		if err := s.call(ctx, n); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := new(sqs.SendMessageBatchOutput)
	for _, entry := range in.Entries {
		var event struct{ Data string }
		if err := json.Unmarshal([]byte(*entry.MessageBody), &event); err != nil {
			return nil, err
		}
		s.calls[n] = append(s.calls[n], event.Data)
		s.tries[event.Data]++
		verdict := taken
		if s.event != nil {
			verdict = s.event(event.Data, s.tries[event.Data])
		}
		switch verdict {
		case taken:
			s.taken = append(s.taken, event.Data)
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: entry.Id})
		case ignored:
		default:
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: entry.Id, Code: &verdict, SenderFault: verdict == refused})
		}
	}
	return out, nil
}

// sendAll sends one event for each data, which begins with the name of its group, and returns the error and the data of what failed.
func (s *script) sendAll(ctx context.Context, queue string, data ...string) (failed []string, err error) {
	s.tries = make(map[string]int)
	urls := environ.Queues{"jobs": "https://sqs/jobs", "orders": "https://sqs/orders.fifo"}
	ctx = sdk.New("acme").Context(environ.NewContext(ctx, &environ.Environment{SQS: s, QueueURL: urls.URL}))
	var events []sdk.Outgoing
	for _, d := range data {
		events = append(events, sdk.Outgoing{Type: "a", Data: d, Options: []sdk.SendOption{sdk.WithGroup(d[:1]), sdk.WithID(d)}})
	}
	err = sdk.SendAll(ctx, queue, events...)
	if sendErr, ok := errors.AsType[*sdk.SendError](err); ok {
		for _, failure := range sendErr.Failures {
			failed = append(failed, data[failure.Index])
		}
	}
	return failed, err
}

func numbered(n int) []string {
	data := make([]string, n)
	for i := range data {
		data[i] = fmt.Sprint("a", i)
	}
	return data
}

func TestOnlyWhatWasRejectedIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, queue string
		data        string
		event       func(data string, n int) string
		calls       string
		failed      string
		cause       string
		atLeast     time.Duration // half of what it takes at most
	}{
		{"twice", "jobs", "a b c", func(d string, n int) string { return when(d == "b" && n <= 2, rejected) },
			"[[a b c] [b] [b]]", "[]", "", 300 * time.Millisecond},
		{"always", "jobs", "a b c", func(d string, _ int) string { return when(d == "b", rejected) },
			"[[a b c] [b] [b] [b]]", "[b]", "event 1: InternalError", 700 * time.Millisecond},
		{"two, one of them for good", "jobs", "a b c", func(d string, n int) string { return when(d == "b" || d == "c" && n == 1, rejected) },
			"[[a b c] [b c] [b] [b]]", "[b]", "event 1: InternalError", 700 * time.Millisecond},
		{"through its own fault", "jobs", "a b c", func(d string, _ int) string { return when(d == "b", refused) },
			"[[a b c]]", "[b]", "event 1: InvalidMessageContents", 0},
		{"no word about it", "jobs", "a b c", func(d string, _ int) string { return when(d == "b", ignored) },
			"[[a b c]]", "[b]", "does not tell whether it was sent", 0},

		{"FIFO, the last of its group", "orders", "a1 b1 a2 b2", func(d string, n int) string { return when(d == "a2" && n <= 2, rejected) },
			"[[a1 b1 a2 b2] [a2] [a2]]", "[]", "", 300 * time.Millisecond},
		{"FIFO, the rest of its group", "orders", "a1 a2 b1 a3 a4 a5 a6 a7 a8 a9 aA aB",
			func(d string, n int) string { return when(d[0] == 'a' && d > "a1" && n == 1 && d < "aA", rejected) },
			"[[a1 a2 b1 a3 a4 a5 a6 a7 a8 a9] [a2 a3 a4 a5 a6 a7 a8 a9 aA aB]]", "[]", "", 100 * time.Millisecond},
		{"FIFO, what follows was taken", "orders", "a1 a2 a3 b1 b2 b3 b4 b5 b6 b7 a4 b8",
			func(d string, n int) string { return when(d == "a2" && n == 1, rejected) },
			"[[a1 a2 a3 b1 b2 b3 b4 b5 b6 b7] [b8]]", "[a2 a4]", "an event after it in its group was sent", 0},
		{"FIFO, always", "orders", "b1 a1 a2 b2", func(d string, _ int) string { return when(d[0] == 'a', rejected) },
			"[[b1 a1 a2 b2] [a1 a2] [a1 a2] [a1 a2]]", "[a1 a2]", "event 1: InternalError", 700 * time.Millisecond},
		{"FIFO, before one at fault", "orders", "a1 a2 a3 b1",
			func(d string, n int) string {
				return when(d == "a2", refused) + when(d == "a1" && n == 1, rejected) + when(d == "a3", rejected)
			},
			"[[a1 a2 a3 b1] [a1]]", "[a2 a3]", "event 2: not tried: an event before it in its group was not sent", 100 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{event: test.event}
				began := time.Now()
				failed, err := s.sendAll(t.Context(), test.queue, strings.Fields(test.data)...)
				if took := time.Since(began); took < test.atLeast || took > 2*test.atLeast {
					t.Errorf("it took %s, want %s to twice that", took, test.atLeast)
				}
				if got := fmt.Sprint(s.calls); got != test.calls {
					t.Errorf("got calls %s, want %s", got, test.calls)
				}
				if got := fmt.Sprint(failed); got != test.failed || !strings.Contains(fmt.Sprint(err), test.cause) {
					t.Errorf("got failures %s, %v, want %s, %s", got, err, test.failed, test.cause)
				}
			})
		})
	}
}

// when is the verdict if the condition holds, or else that the event is taken.
func when(condition bool, verdict string) string {
	if condition {
		return verdict
	}
	return taken
}

// TestNothingIsTriedBeyondTheContext has an event that is rejected each time.
func TestNothingIsTriedBeyondTheContext(t *testing.T) {
	t.Parallel()
	for _, queue := range []string{"jobs", "orders"} {
		for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
			"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 250*time.Millisecond)
			},
			"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(50*time.Millisecond, cancel)
				return ctx, cancel
			},
		} {
			t.Run(queue+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := end(t.Context())
					defer cancel()
					s := &script{event: func(d string, _ int) string { return when(d == "b", rejected) }}
					began := time.Now()
					failed, err := s.sendAll(ctx, queue, "a", "b", "c")
					if took := time.Since(began); took >= 250*time.Millisecond {
						t.Errorf("it took %s", took)
					}
					if fmt.Sprint(failed) != "[b]" || !strings.Contains(err.Error(), rejected) {
						t.Errorf("got failures %s, %v", failed, err)
					}
					if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
						t.Errorf("the end of the context cannot be found in %v", err)
					}
				})
			})
		}
	}
}

// TestTheEndOfTheContextInTheMiddle cancels with the 15th call of 30.
func TestTheEndOfTheContextInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, queue := range []string{"jobs", "orders"} {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{call: func(ctx context.Context, n int) error {
			if n == 14 {
				cancel()
			}
			return ctx.Err()
		}}
		data := numbered(300)
		failed, err := s.sendAll(ctx, queue, data...)
		if !errors.Is(err, context.Canceled) || len(failed) == 0 || len(s.taken) == 0 {
			t.Errorf("%s: got %v with %d taken", queue, err, len(s.taken))
		}
		got := slices.Sorted(slices.Values(append(failed, s.taken...)))
		if diff := cmp.Diff(slices.Sorted(slices.Values(data)), got); diff != "" {
			t.Errorf("%s: what failed and what was taken (-want +got):\n%s", queue, diff)
		}
		if len(s.calls) > 14+10 {
			t.Errorf("%s: got %d calls, want no more than were under way", queue, len(s.calls))
		}
	}
}

// TestCallsThatFail has the second of four calls fail, which carry the groups a, a and b, b and c, and c.
func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	data := slices.Concat(numbered(15), strings.Fields("b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9"))
	throttled := &smithy.GenericAPIError{Code: "RequestThrottled"}
	for _, test := range []struct {
		name, queue string
		err         error
		calls       int
		failed      int
	}{
		{"answered", "jobs", throttled, 4, 10},
		{"answered, FIFO", "orders", throttled, 3, 15}, // the rest of a, all of b
		{"not answered, FIFO", "orders", errSQS, 2, 25},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &script{call: func(_ context.Context, n int) error {
				if n == 1 {
					return test.err
				}
				return nil
			}}
			failed, err := s.sendAll(t.Context(), test.queue, data...)
			if len(s.calls) != test.calls || len(failed) != test.failed || !errors.Is(err, test.err) {
				t.Errorf("got %d calls, %d failures, %v, want %d and %d", len(s.calls), len(failed), err, test.calls, test.failed)
			}
			if got := len(s.taken) + len(failed); got != len(data) {
				t.Errorf("got %d events sent or failed, want %d", got, len(data))
			}
		})
	}
}

// TestCallsToStandardQueuesAreMadeSideBySide has 25 calls that take a second each, ten at a time.
func TestCallsToStandardQueuesAreMadeSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for queue, want := range map[string]time.Duration{"jobs": 3 * time.Second, "orders": 25 * time.Second} {
			s := &script{call: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
			began := time.Now()
			if _, err := s.sendAll(t.Context(), queue, numbered(250)...); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("%s: it took %s, want %s", queue, took, want)
			}
		}
	})
}
