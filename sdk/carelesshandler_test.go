package sdk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const allDone = `response {"batchItemFailures":[]}`

// TestNilPointerFailsItsMessageOnly: a bug in one message's handling must not make the rest of the batch come again, nor cost a cold start.
func TestNilPointerFailsItsMessageOnly(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
	got := api.invoke(string(payload(t, carefree("a", ""), carefree("b", "nil-pointer"), carefree("c", ""))))
	if want := `request-1 response {"batchItemFailures":[{"itemIdentifier":"m1"}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := api.invoke(string(payload(t, carefree("d", "")))), "request-2 "+allDone; got != want {
		t.Errorf("afterwards: got %s, want %s", got, want)
	}
	p.kill(t)
	for _, want := range []string{"\"a\" ends\n", "\"c\" ends\n", "\"d\" ends\n", "nil pointer dereference", `"stack":"goroutine `, "beCareless("} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("no %s in\n%s", want, &p.stdout)
		}
	}
}

// TestWhatNeverReturnsIsAnsweredInTime: a timeout of the invocation would make all of its messages come again, also those that are done.
func TestWhatNeverReturnsIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"never", "spin", "go-never"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			api := newRuntimeAPI(t)
			p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
			const limit = 4 * time.Second // leaves the answer 200 ms
			got := <-api.begin(string(payload(t, carefree("a", ""), carefree("b", verb), carefree("c", "until-the-end"))), limit)
			if want := `request-1 response {"batchItemFailures":[{"itemIdentifier":"m1"}]}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got, want := <-api.begin(string(payload(t, carefree("d", ""))), limit), "request-2 "+allDone; got != want {
				t.Errorf("afterwards: got %s, want %s", got, want)
			}
			p.kill(t)
			for _, want := range []string{"did not return when its context ended", "\"c\" ends true before the invocation\n"} {
				if !strings.Contains(p.stdout.String(), want) {
					t.Errorf("no %s in\n%s", want, &p.stdout)
				}
			}
		})
	}
}

// TestWhatEndsTheProcessAcknowledgesNothing: only if there is no answer does Lambda give the messages back, and only with the stack on
// standard error can anybody find the cause.
func TestWhatEndsTheProcessAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		verb   string
		code   int
		stderr []string
	}{
		{"exit 0", 0, nil},
		{"exit 3", 3, nil},
		{"go-panic", 2, []string{"panic: in a goroutine of its own", "beCareless"}},
	} {
		t.Run(test.verb, func(t *testing.T) {
			t.Parallel()
			api := newRuntimeAPI(t)
			p := start(t, "careless", []string{api.env(), "HANDLER=one"}, nil)
			answer := api.begin(string(payload(t, carefree("a", ""), carefree("b", test.verb), carefree("c", ""))), time.Minute)
			if code := p.exit(t); code != test.code {
				t.Errorf("got exit code %d, want %d", code, test.code)
			}
			select {
			case got := <-answer:
				t.Errorf("got the answer %s", got)
			default:
			}
			if n := api.unanswered(); n != 1 {
				t.Errorf("%d invocations are without an answer, want 1", n)
			}
			for _, want := range test.stderr {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("no %s in standard error:\n%s", want, &p.stderr)
				}
			}
			if out := p.stdout.String(); !strings.Contains(out, `"a" ends`) || strings.Contains(out, `"c" begins`) {
				t.Errorf("got standard output\n%s", out)
			}
		})
	}
}

// TestBatchThatFailsAsAWholeIsNoFunctionError: Lambda would count an error and poll less. That SQS is out of reach, too, changes nothing.
func TestBatchThatFailsAsAWholeIsNoFunctionError(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	start(t, "careless", []string{
		api.env(), "HANDLER=h", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_MAX_ATTEMPTS=1",
	}, nil)
	batch := string(payload(t, carefree("a", "fail"), carefree("b", "permanent"), carefree("c", "nil-pointer")))
	for n := range 2 {
		want := fmt.Sprintf(`request-%d response {"batchItemFailures":[{"itemIdentifier":"m0"},{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}`, n+1)
		if got := api.invoke(batch); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
