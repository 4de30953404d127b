package sdk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// batchOf is an SQS event of records in JSON.
func batchOf(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

// record is a record with a CloudEvent and further members, as they are.
func record(id, queue, data string, members ...string) string {
	body := fmt.Sprintf(`{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"s\",\"type\":\"do\",\"data\":\"%s\"}`, id, data)
	members = append([]string{fmt.Sprintf(`"messageId":"%s","receiptHandle":"r","body":"%s","eventSource":"aws:sqs"`, id, body),
		fmt.Sprintf(`"eventSourceARN":"arn:aws:sqs:eu-west-1:111122223333:%s"`, queue)}, members...)
	return "{" + strings.Join(members, ",") + "}"
}

// TestTenThousandRecords: the largest batch that a mapping can make must fit into the smallest function, and each message be handled once.
func TestTenThousandRecords(t *testing.T) {
	t.Parallel()
	const count, limit = 10_000, 6 << 20
	pad := strings.Repeat("x", limit/count-len(record("m00000", "h", ""))-2)
	records := make([]string, count)
	for i := range records {
		records[i] = record(fmt.Sprintf("m%05d", i), "h", pad)
	}
	batch := batchOf(records...)
	if len(batch) > limit || len(batch) < limit*99/100 {
		t.Fatalf("the batch has %d bytes, want just below %d", len(batch), limit)
	}
	api := newRuntimeAPI(t)
	p := start(t, "careless", []string{api.env(), "HANDLER=counting", "COUNT=10000", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "LOG_LEVEL=ERROR"}, nil)
	if got, want := api.invoke(batch), "request-1 "+allDone; got != want {
		t.Errorf("got %.200s, want %s", got, want)
	}
	p.kill(t)
	var calls, events, together, megabytes int
	_, counted, _ := strings.Cut("\n"+p.stdout.String(), "\n10000 calls")
	if _, err := fmt.Sscanf("10000 calls"+counted, "%d calls for %d events, %d at a time, in %d MB\n", &calls, &events, &together, &megabytes); err != nil {
		t.Fatalf("%s in\n%.1000s", err, &p.stdout)
	}
	if calls != count || events != count || together != 10 || megabytes > 128 {
		t.Errorf("got %d calls for %d events, %d at a time, in %d MB", calls, events, together, megabytes)
	}
	t.Logf("it took %d MB", megabytes)
}

// TestWhatIsNoUTF8: one sender's bytes must neither end the process nor keep others' messages from being handled.
func TestWhatIsNoUTF8(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"raw bytes": "show a\xff\xc3(\xedz", "half of a surrogate pair": `show a\ud800z`, "in the data": `show a\\ud800z`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRuntimeAPI(t)
			p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
			batch := batchOf(record("m0", "h", data), record("m1", "h", ""), record("m2\xff", "h\xff", "", "\"attributes\":{\"MessageGroupId\":\"\xff\"}"))
			if got, want := api.invoke(batch), "request-1 "+allDone; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			bare := `{"messageId":"m3","eventSource":"aws:sqs","body":"` + data + `","eventSourceARN":"h","messageAttributes":{"type":` +
				`{"stringValue":"do","dataType":"String"}}}`
			if got, want := api.invoke(batchOf(bare)), "request-2 "+allDone; got != want {
				t.Errorf("bare: got %s, want %s", got, want)
			}
			p.kill(t)
			if out := p.stdout.String(); strings.Count(out, "data \"a") != 2 || !strings.Contains(out, "data \"a\uFFFD") {
				t.Errorf("got standard output\n%s", out)
			}
		})
	}
}

// TestRecordsWithLessOrMore: AWS leaves members out, sets them to null and adds new ones, as time goes by.
func TestRecordsWithLessOrMore(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
	for _, test := range []struct{ name, batch string }{
		{"no attributes", batchOf(record("m0", "h", ""))},
		{"null", batchOf(record("m0", "h", "", `"attributes":null,"messageAttributes":null,"md5OfMessageAttributes":null,"md5OfBody":null`))},
		{"empty", batchOf(record("m0", "h", "", `"attributes":{},"messageAttributes":{}`))},
		{"of other types", batchOf(record("m0", "h", "", `"attributes":[1,"2"],"messageAttributes":7,"awsRegion":{}`))},
		{"nonsense in them", batchOf(record("m0", "h", "", `"attributes":{"ApproximateReceiveCount":"many","SentTimestamp":12,`+
			`"MessageGroupId":null},"messageAttributes":{"type":null,"n":{"binaryValue":"?"}}`))},
		{"unknown members", `{"Version":2,` + batchOf(record("m0", "h", "", `"new":{"deep":[{"x":[null,true,1e9]}]},"attributes":{"New":"1"}`))[1:]},
		{"repeated members", batchOf(record("m0", "h", "", `"attributes":{"SentTimestamp":"1","SentTimestamp":"2"},"attributes":{}`))},
		{"a queue of no ARN", batchOf(record("m0", "h", "", `"eventSourceARN":null`))},
		{"no records", batchOf()},
	} {
		if got := api.invoke(test.batch); !strings.HasSuffix(got, " "+allDone) {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
	p.kill(t)
	if got := strings.Count(p.stdout.String(), `"m0" ends`); got != 8 {
		t.Errorf("got %d calls, want 8:\n%s", got, &p.stdout)
	}
}

// TestWhatIsNoSQSEventFailsItsInvocationOnly: whoever invokes a function by hand with something else must not cost a cold start.
func TestWhatIsNoSQSEventFailsItsInvocationOnly(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
	for _, batch := range []string{
		"", "null", "[]", `"x"`, "\x00", `{"Records":{}}`, `{"Records":[[]]}`, `{"Records":[{"eventSource":"aws:s3","messageId":"hunter2"}]}`,
		batchOf(record("m0", "h", ""))[:200], strings.Repeat("[", 1_000_000), `{"Records":` + strings.Repeat("[", 1_000_000),
		`{"x":` + strings.Repeat(`{"x":`, 1_000_000),
	} {
		got := api.invoke(batch)
		if !strings.Contains(got, " error {") || !strings.Contains(got, "event source mappings of SQS queues") || strings.Contains(got, "hunter2") {
			t.Errorf("%.50s: got %s", batch, got)
		}
	}
	if got := api.invoke(batchOf(record("m0", "h", ""))); !strings.HasSuffix(got, allDone) {
		t.Errorf("afterwards: got %s", got)
	}
	p.kill(t)
	if got := strings.Count(p.stdout.String(), "begins"); got != 1 {
		t.Errorf("got %d calls, want 1:\n%s", got, &p.stdout)
	}
}

// TestAnswersNameMessagesOfTheirOwnBatch: Lambda takes an unknown ID for the failure of the whole batch, so nothing of an earlier batch, and
// no ID twice received, may get in. Messages of FIFO and standard queues wait only for their own groups.
func TestAnswersNameMessagesOfTheirOwnBatch(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
	group := func(name string) string { return fmt.Sprintf(`"attributes":{"MessageGroupId":"%s"}`, name) }
	for _, test := range []struct{ name, batch, failed string }{
		{"both of an ID fail", batchOf(record("m0", "h", "fail"), record("m0", "h", "fail"), record("m1", "h", "")), "m0 m0"},
		{"one of an ID fails", batchOf(record("m0", "h", ""), record("m0", "h", "fail"), record("m1", "h", "")), "m0"},
		{"other IDs", batchOf(record("x0", "h", ""), record("x1", "h", "fail")), "x1"},
		{"none", batchOf(record("m0", "h", "")), ""},
		{"mixed queues", batchOf(
			record("f0", "h.fifo", "fail", group("a")), record("s0", "h", "", group("a")), record("f1", "h.fifo", "", group("a")),
			record("g0", "g.fifo", "", group("a")), record("s1", "h", "fail", group("a")), record("s2", "h", "", group("a")),
			record("f2", "h.fifo", "", group("b")), record("f3", "h.fifo", "", group("a"))), "f0 f1 s1 f3"},
		{"strange IDs", batchOf(record(`\"<\ud83d\ude00`, "h", "fail")), `\"\u003c😀`},
	} {
		var want []string
		for id := range strings.FieldsSeq(test.failed) {
			want = append(want, `{"itemIdentifier":"`+id+`"}`)
		}
		answer := api.invoke(test.batch)
		if want := ` response {"batchItemFailures":[` + strings.Join(want, ",") + `]}`; !strings.HasSuffix(answer, want) {
			t.Errorf("%s: got %s, want %s", test.name, answer, want)
		}
	}
}

// TestLargeBodyAmongSmallOnes: what one message takes must not be cut by or run into another's.
func TestLargeBodyAmongSmallOnes(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	p := start(t, "careless", []string{api.env(), "HANDLER=h"}, nil)
	large := strings.Repeat("\\ud83d\\ude00\xff", 50_000) // is read as 7 bytes, of which 3 have to be added
	events := batchOf(record("m0", "h", "show small"), record("m1", "h", "show "+large), record("m2", "h", "show last"))
	if got := <-api.begin(events, time.Minute); !strings.HasSuffix(got, allDone) {
		t.Errorf("got %s", got)
	}
	p.kill(t)
	for _, want := range []string{`data "small"`, `data "` + strings.Repeat("😀\uFFFD", 50_000) + `"`, `data "last"`} {
		if !strings.Contains(p.stdout.String(), want+"\n") {
			t.Errorf("no %.50s in\n%.1000s", want, &p.stdout)
		}
	}
}
