package sdk_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// sends returns a context with which an app sends to the queue through intercept, which may answer instead of the server.
func (c *cloud) sends(t *testing.T, url string, intercept func(w http.ResponseWriter, r *http.Request) bool) context.Context {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !intercept(w, r) {
			c.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	config := c.Config()
	config.BaseEndpoint = &proxy.URL
	queues := environ.Queues{"q": url}
	ctx := environ.NewContext(t.Context(), &environ.Environment{SQS: sqs.NewFromConfig(config), QueueURL: queues.URL})
	return sdk.New("acme").Context(ctx)
}

func pass(http.ResponseWriter, *http.Request) bool { return false }

// received is an event on a queue.
type received struct {
	ID   string
	Data string
}

// receiveAll takes n events off a queue, and whatever more is there. A message that comes again, because the answer with it was lost,
// counts once.
func (c *cloud) receiveAll(t *testing.T, url string, n int) []received {
	t.Helper()
	var all []received
	seen := make(map[string]bool)
	for {
		wait := int32(0)
		if len(all) < n {
			wait = 20
		}
		messages := c.receive(t, url, wait)
		if len(messages) == 0 {
			return all
		}
		done := make([]types.DeleteMessageBatchRequestEntry, len(messages))
		for i, m := range messages {
			var e received
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				t.Fatal(err)
			}
			if !seen[*m.MessageId] {
				seen[*m.MessageId] = true
				all = append(all, e)
			}
			done[i] = types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle}
		}
		if _, err := c.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: done}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *cloud) delete(t *testing.T, url string, receipt *string) {
	t.Helper()
	if _, err := c.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: receipt}); err != nil {
		t.Fatal(err)
	}
}

// TestTenThousandEventsArriveOnceAndWhole has sizes from a few bytes to almost 1 MiB, and every 50th call fail before SQS
// took anything.
func TestTenThousandEventsArriveOnceAndWhole(t *testing.T) {
	t.Parallel()
	const total = 10_000
	c := startCloud(t)
	url, _ := c.queue(t, "jobs", map[string]string{"VisibilityTimeout": "5"})
	var calls, faults atomic.Int32
	ctx := c.sends(t, url, func(w http.ResponseWriter, _ *http.Request) bool {
		if calls.Add(1)%50 != 0 {
			return false
		}
		faults.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	data := func(i int) string {
		size := 3 * i % 2000
		switch {
		case i%1000 == 7:
			size = 1_000_000
		case i%100 == 3:
			size = 100_000
		}
		return fmt.Sprint(i, " ") + strings.Repeat("é", size/2)
	}
	events := make([]sdk.Outgoing, total)
	for i := range events {
		events[i] = sdk.Outgoing{Type: "a", Data: data(i), Options: []sdk.SendOption{sdk.WithID(strconv.Itoa(i))}}
	}
	if err := sdk.SendAll(ctx, "q", events...); err != nil {
		t.Fatal(err)
	}
	if got, least := int(calls.Load()-faults.Load()), total/10; got > least+least/20 {
		t.Errorf("got %d calls, want hardly more than %d", got, least)
	}
	seen := make(map[string]int)
	for _, e := range c.receiveAll(t, url, total) {
		seen[e.ID]++
		if i, err := strconv.Atoi(e.ID); err != nil || e.Data != data(i) {
			t.Fatalf("event %s arrived with other data of %d bytes", e.ID, len(e.Data))
		}
	}
	for i := range total {
		if n := seen[strconv.Itoa(i)]; n != 1 {
			t.Errorf("event %d arrived %d times", i, n)
		}
	}
}

// rejecting answers a SendMessageBatch in place of SQS: entries whose body holds one of the marks are rejected through no fault of
// their own, the others are sent.
func (c *cloud) rejecting(t *testing.T, w http.ResponseWriter, r *http.Request, marks ...string) {
	var input struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
		t.Error(err)
	}
	answer := map[string]any{}
	var failed []any
	input.Entries = slices.DeleteFunc(input.Entries, func(entry map[string]any) bool {
		bad := slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(fmt.Sprint(entry["MessageBody"]), mark) })
		if bad {
			failed = append(failed, map[string]any{"Id": entry["Id"], "SenderFault": false, "Code": "InternalError"})
		}
		return bad
	})
	if len(input.Entries) > 0 {
		rest, err := json.Marshal(input)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(rest))
		recorder := httptest.NewRecorder()
		c.ServeHTTP(recorder, r)
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Error(err)
		}
	}
	answer["Failed"] = failed
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		t.Error(err)
	}
}

// TestAFIFOQueueKeepsTheOrderOfGroupsThroughFaults sends events of three groups in turn. In the middle, the rest of group b is rejected
// twice, or an event of it that others have overtaken once.
func TestAFIFOQueueKeepsTheOrderOfGroupsThroughFaults(t *testing.T) {
	t.Parallel()
	const perGroup = 20
	for _, test := range []struct {
		name    string
		rejects func(call int) []string
		missing int // the first event of group b that does not arrive
	}{
		{"a group has to wait", func(call int) []string {
			if call == 3 || call == 4 {
				return []string{`"b `}
			}
			return nil
		}, perGroup},
		{"an event was overtaken", func(call int) []string {
			if call == 3 {
				return []string{`"b 7"`}
			}
			return nil
		}, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t)
			url, _ := c.queue(t, "orders.fifo", map[string]string{"VisibilityTimeout": "3"}) // soon again where an answer is lost
			call := 0
			ctx := c.sends(t, url, func(w http.ResponseWriter, r *http.Request) bool {
				call++
				c.rejecting(t, w, r, test.rejects(call)...)
				return true
			})
			var events []sdk.Outgoing
			for i := range 3 * perGroup {
				group := string("abc"[i%3])
				data := fmt.Sprint(group, " ", i/3)
				events = append(events, sdk.Outgoing{Type: "a", Data: data, Options: []sdk.SendOption{sdk.WithGroup(group)}})
			}
			err := sdk.SendAll(ctx, "q", events...)
			if (err != nil) != (test.missing < perGroup) {
				t.Errorf("got %v", err)
			}
			got := make(map[string][]string)
			for _, e := range c.receiveAll(t, url, 2*perGroup+test.missing) {
				got[e.Data[:1]] = append(got[e.Data[:1]], e.Data)
			}
			for group, want := range map[string]int{"a": perGroup, "b": test.missing, "c": perGroup} {
				var data []string
				for i := range want {
					data = append(data, fmt.Sprint(group, " ", i))
				}
				if test.missing < perGroup && group == "b" {
					data = append(data, overtaking(got[group], test.missing)...)
				}
				if diff := cmp.Diff(data, got[group]); diff != "" {
					t.Errorf("group %s (-want +got):\n%s", group, diff)
				}
			}
		})
	}
}

// overtaking is what was in the same call as event n and behind it, at most three.
func overtaking(got []string, n int) []string {
	return slices.DeleteFunc(slices.Clone(got), func(data string) bool {
		i, err := strconv.Atoi(data[2:])
		return err != nil || i <= n || i > n+3
	})
}

// TestThrottledCallsAreRepeated has the first call throttled, or all of them.
func TestThrottledCallsAreRepeated(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	url, _ := c.queue(t, "jobs", nil)
	for name, throttled := range map[string]int32{"once": 1, "always": 1000} {
		var calls atomic.Int32
		ctx := c.sends(t, url, func(w http.ResponseWriter, _ *http.Request) bool {
			if calls.Add(1) > throttled {
				return false
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}`)
			return true
		})
		err := sdk.Send(ctx, "q", "a", 1)
		if throttled == 1 && (err != nil || calls.Load() != 2) {
			t.Errorf("%s: got %v with %d calls", name, err, calls.Load())
		}
		if throttled > 1 && (err == nil || !strings.Contains(err.Error(), "slow down")) {
			t.Errorf("%s: got %v with %d calls", name, err, calls.Load())
		}
	}
}

// TestSQSTakesWhatIsSentAtTheLimits has text that SQS would not take as it is, an event of exactly 1 MiB, and the longest IDs.
func TestSQSTakesWhatIsSentAtTheLimits(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	url, _ := c.queue(t, "orders.fifo", nil)
	ctx := c.sends(t, url, pass)
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	group := strings.Repeat(punctuation, 4)
	send := func(data any) *string {
		t.Helper()
		id := (rand.Text() + group)[:128]
		if err := sdk.Send(ctx, "q", "a", data, sdk.WithTime(time.Unix(0, 0)), sdk.WithGroup(group), sdk.WithID(id)); err != nil {
			t.Fatal(err)
		}
		messages := c.receive(t, url, 5)
		if len(messages) != 1 || messages[0].Attributes["MessageGroupId"] != group || messages[0].Attributes["MessageDeduplicationId"] != id {
			t.Fatalf("got %d messages, want one with its IDs", len(messages))
		}
		c.delete(t, url, messages[0].ReceiptHandle)
		return messages[0].Body
	}
	room := mebibyte - len(*send(""))
	if got := len(*send(strings.Repeat("x", room))); got != mebibyte {
		t.Errorf("got %d bytes, want 1 MiB", got)
	}
	var got received
	if err := json.Unmarshal([]byte(*send(json.RawMessage("\"a\xff \uffff\""))), &got); err != nil || got.Data != "a\ufffd \uffff" {
		t.Errorf("got %q, %v", got.Data, err)
	}
}
