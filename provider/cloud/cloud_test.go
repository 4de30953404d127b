package cloud

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

func TestQueueARNIsThatOfTheURL(t *testing.T) {
	china := New(aws.Config{Region: "cn-north-1"})
	for url, want := range map[string]string{
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/jobs":        "arn:aws-cn:sqs:cn-north-1:123456789012:jobs",
		"http://127.0.0.1:4566/000000000000/jobs.fifo":                     "arn:aws-cn:sqs:cn-north-1:000000000000:jobs.fifo",
		"https://cn-north-1.queue.amazonaws.com.cn/123456789012/jobs/more": "",
		"jobs": "", "": "", "http://[": "",
	} {
		if got := china.QueueARN(url); got != want {
			t.Errorf("%q: got %q, want %q", url, got, want)
		}
	}
}

func TestTagChanges(t *testing.T) {
	set, removed := tagChanges(map[string]string{"a": "1", "b": "2", "d": "4", "c": "3"}, map[string]string{"a": "1", "b": "3", "e": ""})
	if diff := cmp.Diff(map[string]string{"b": "3", "e": ""}, set); diff != "" || !slices.Equal(removed, []string{"c", "d"}) {
		t.Errorf("got %s and %v", diff, removed)
	}
}

func TestConcurrencyFloor(t *testing.T) {
	for total, want := range map[int]int{1000: 100, 50: 50, 10: 10} {
		if got := (ConcurrencyLimits{Total: total}).Floor(); got != want {
			t.Errorf("of %d: got %d, want %d", total, got, want)
		}
	}
}

func TestRedactKeepsValuesOutOfErrors(t *testing.T) {
	f := Function{Name: "acme", ImageURI: "host/acme-first@sha256:1"}
	environment := map[string]string{
		"PASSWORD": "hunter2", "LONGER": "hunter2-and-more", "HANDLER": "acme-first", "SHORT": "is", "QUOTED": "a\"b\\\n<c>",
	}
	for text, want := range map[string]string{
		`exceeded the 4KB limit. String measured: {"PASSWORD":"hunter2"}`: `exceeded the 4KB limit. (the environment's values are left out here)`,
		`value hunter2 of host/acme-first@sha256:1 is refused`:            `value (the value of PASSWORD) of host/acme-first@sha256:1 is refused`,
		`hunter2-and-more: refused`:                                       `(the value of LONGER): refused`,
		`{"A":"a\"b\\\n<c>","B":"a\"b\\\n\u003cc\u003e"}`:                 `{"A":"(the value of QUOTED)","B":"(the value of QUOTED)"}`,
		"a\"b\\\n<c> is refused":                                          `(the value of QUOTED) is refused`,
		`nothing of it`:                                                   `nothing of it`,
	} {
		if got := f.redact(errors.New(text), environment).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRoleNameIsThatOfTheARN(t *testing.T) {
	if got := RoleName("arn:aws:iam::1:role/team/path/acme"); got != "acme" {
		t.Errorf("got %q", got)
	}
}
