//go:build !lambda

package localdrain_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
	"github.com/lambda-land/terraform-provider-handler/sdk/localdrain"
)

// cloud is a localaws that this process's environment leads to.
type cloud struct {
	*localaws.Server
	sqs *sqs.Client
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	s := localaws.Start(t)
	for _, pair := range s.Env() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	t.Setenv("HANDLER_QUEUES", "")
	return &cloud{Server: s, sqs: sqs.NewFromConfig(s.Config())}
}

func (c *cloud) queue(t *testing.T, name string, attributes map[string]string) (url string) {
	t.Helper()
	created, err := c.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *created.QueueUrl
}

// count is how many messages a queue holds, visible or not.
func (c *cloud) count(t *testing.T, url string) (n int) {
	t.Helper()
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := c.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var part int
		if _, err := fmt.Sscan(out.Attributes[string(name)], &part); err != nil {
			t.Fatal(err)
		}
		n += part
	}
	return n
}

// drained is a running local-drain.
type drained struct {
	stop context.CancelFunc
	err  chan error
	log  syncBuffer
}

func drain(t *testing.T, app *sdk.App, args ...string) *drained {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	d := &drained{stop: cancel, err: make(chan error, 1)}
	go func() { d.err <- app.Run(ctx, append([]string{"backend", "local-drain"}, args...), &d.log, &d.log) }()
	return d
}

// end stops it and fails the test if it did not end well.
func (d *drained) end(t *testing.T) {
	t.Helper()
	d.stop()
	if err := <-d.err; err != nil {
		t.Errorf("local-drain: %s", err)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestDrain has a handler send to another one, with messages that fail once and permanently among them.
func TestDrain(t *testing.T) {
	c := startCloud(t)
	dead := c.queue(t, "dead", nil)
	redrive := map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}`}
	webhooks := c.queue(t, "webhooks", redrive)
	jobs := c.queue(t, "jobs", redrive)
	t.Setenv("HANDLER_QUEUES", "webhooks="+webhooks) // jobs is found by name

	const total = 30
	var done atomic.Int32
	all := make(chan struct{})
	count := func() {
		if done.Add(1) == total {
			close(all)
		}
	}
	app := sdk.New("acme", localdrain.Command(),
		sdk.Handler("webhooks", sdk.SendsTo("jobs"), sdk.On("push", func(ctx context.Context, e sdk.Event[int]) error {
			return sdk.Send(ctx, "jobs", "run", e.Data)
		})),
		sdk.Handler("jobs", sdk.BatchSize(4), sdk.On("run", func(_ context.Context, e sdk.Event[int]) error {
			switch {
			case e.Data == 7 && e.Attempt == 1:
				return sdk.RetryAfter(errors.New("once"), 0)
			case e.Data == 8:
				count()
				return sdk.Permanent(errors.New("never"))
			}
			count()
			return nil
		})),
	)
	var events []sdk.Outgoing
	for i := range total {
		events = append(events, sdk.Outgoing{Type: "push", Data: i})
	}
	if err := sdk.SendAll(app.Context(t.Context()), "webhooks", events...); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	select {
	case <-all:
	case err := <-d.err:
		t.Fatal(err)
	}
	d.end(t)
	for url, want := range map[string]int{webhooks: 0, jobs: 0, dead: 1} {
		if got := c.count(t, url); got != want {
			t.Errorf("%s holds %d messages, want %d", url, got, want)
		}
	}
	if got := strings.Count(d.log.String(), `"outcome":"handled"`); got != total+total-1 {
		t.Errorf("got %d handled, want %d", got, total+total-1)
	}
}

// TestEachMessageHasTheTimeoutOfItsHandler has one batch whose messages are handled one after the other.
func TestEachMessageHasTheTimeoutOfItsHandler(t *testing.T) {
	c := startCloud(t)
	url := c.queue(t, "jobs", nil)
	deadlines := make(chan time.Time, 2)
	app := sdk.New("acme", localdrain.Command(),
		sdk.Handler("jobs", sdk.Timeout(10*time.Second), sdk.Concurrency(1), sdk.On("run", func(ctx context.Context, _ sdk.Event[int]) error {
			deadline, _ := ctx.Deadline()
			deadlines <- deadline
			return nil
		})),
	)
	t.Setenv("HANDLER_QUEUES", "jobs="+url)
	if err := sdk.SendAll(app.Context(t.Context()), "jobs", sdk.Outgoing{Type: "run"}, sdk.Outgoing{Type: "run"}); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	if first, second := <-deadlines, <-deadlines; !first.Before(second) {
		t.Errorf("the messages share a deadline: %s and %s", first, second)
	}
	d.end(t)
}

// TestWhatIsBeingHandledAtTheEndComesBack stops a drain while a handler waits for its context.
func TestWhatIsBeingHandledAtTheEndComesBack(t *testing.T) {
	c := startCloud(t)
	url := c.queue(t, "jobs", nil)
	started := make(chan struct{})
	app := sdk.New("acme", localdrain.Command(), sdk.Handler("jobs", sdk.On("run", func(ctx context.Context, _ sdk.Event[int]) error {
		close(started)
		<-ctx.Done()
		return sdk.RetryAfter(ctx.Err(), 0)
	})))
	t.Setenv("HANDLER_QUEUES", "jobs="+url)
	if err := sdk.Send(app.Context(t.Context()), "jobs", "run", 1); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	<-started
	d.end(t)
	out, err := c.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
	if err != nil || len(out.Messages) != 1 {
		t.Errorf("got %v, %v, want the message to be visible again", out, err)
	}
}

func TestPrefixAndConsume(t *testing.T) {
	c := startCloud(t)
	first, second := c.queue(t, "me-cron", nil), c.queue(t, "me-jobs", nil)
	got := make(chan string, 2)
	app := sdk.New("acme", localdrain.Command(localdrain.Consume("work", "cron", "jobs")),
		sdk.Handler("work", sdk.On("*", func(_ context.Context, e sdk.Event[int]) error { got <- e.Type; return nil })),
		sdk.Handler("other", sdk.On("*", func(context.Context, sdk.Event[int]) error { return nil })), // which has no queue
	)
	t.Setenv("HANDLER_QUEUES", "a="+first+",b="+second)
	for label, eventType := range map[string]string{"a": "tick", "b": "run"} {
		if err := sdk.Send(app.Context(t.Context()), label, eventType, 1); err != nil {
			t.Fatal(err)
		}
	}
	d := drain(t, app, "-handlers", "work", "-prefix", "me-")
	types := []string{<-got, <-got}
	if types[0] == types[1] {
		t.Errorf("got %v, want an event of each queue", types)
	}
	d.end(t)
}

// TestBinaryAttributesSurvive sends what only a dead-letter queue shows.
func TestBinaryAttributesSurvive(t *testing.T) {
	c := startCloud(t)
	dead := c.queue(t, "dead", nil)
	url := c.queue(t, "jobs", map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}`,
	})
	_, err := c.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String("hello"), MessageAttributes: map[string]types.MessageAttributeValue{
			"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 2}},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("6")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ignore := func(context.Context, sdk.Event[int]) error { return nil }
	app := sdk.New("acme", localdrain.Command(), sdk.Handler("jobs", sdk.On("run", ignore)))
	d := drain(t, app)
	out, err := c.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &dead, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("got %v, %v, want one message", out, err)
	}
	attributes := out.Messages[0].MessageAttributes
	if got := attributes["bytes"].BinaryValue; !bytes.Equal(got, []byte{0, 1, 2}) {
		t.Errorf("got bytes %v", got)
	}
	if got := attributes["number"]; aws.ToString(got.StringValue) != "6" || aws.ToString(got.DataType) != "Number" {
		t.Errorf("got number %v", got)
	}
	d.end(t)
}

// TestReceivingGoesOnAfterFailures has SQS fail the first receives and the first deletion.
func TestReceivingGoesOnAfterFailures(t *testing.T) {
	c := startCloud(t)
	url := c.queue(t, "jobs", nil)
	var receives, deletions atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		if target == "AmazonSQS.ReceiveMessage" && receives.Add(1) <= 2 || target == "AmazonSQS.DeleteMessageBatch" && deletions.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		c.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	t.Setenv("AWS_ENDPOINT_URL", proxy.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("HANDLER_QUEUES", "jobs="+strings.Replace(url, c.Endpoint(), proxy.URL, 1))
	handled := make(chan struct{}, 1)
	app := sdk.New("acme", localdrain.Command(), sdk.Handler("jobs", sdk.On("run", func(context.Context, sdk.Event[int]) error {
		handled <- struct{}{}
		return nil
	})))
	if err := sdk.Send(app.Context(t.Context()), "jobs", "run", 1); err != nil {
		t.Fatal(err)
	}
	d := drain(t, app)
	<-handled
	d.end(t)
	for _, want := range []string{"receive failed", "delete what was handled"} {
		if !strings.Contains(d.log.String(), want) {
			t.Errorf("no %q in\n%s", want, &d.log)
		}
	}
	if got := c.count(t, url); got != 1 {
		t.Errorf("the queue holds %d messages, want the one that could not be deleted", got)
	}
}

func TestMistakes(t *testing.T) {
	c := startCloud(t)
	c.queue(t, "jobs", nil)
	c.queue(t, "blink", map[string]string{"VisibilityTimeout": "0"})
	ignore := func(context.Context, sdk.Event[int]) error { return nil }
	app := sdk.New("acme", localdrain.Command(),
		sdk.Handler("jobs", sdk.On("a", ignore)),
		sdk.Handler("lonely", sdk.On("a", ignore)),
		sdk.Handler("blink", sdk.On("a", ignore)),
	)
	sending := sdk.New("acme", localdrain.Command(), sdk.Handler("jobs", sdk.On("a", ignore), sdk.SendsTo("nowhere")))
	for _, test := range []struct {
		name   string
		app    *sdk.App
		args   []string
		queues string
		want   string
	}{
		{"no such handler", app, []string{"-handlers", "jobs,jbos"}, "", `no handler "jbos" (it has blink, jobs, lonely)`},
		{"Consume of no handler", sdk.New("acme", localdrain.Command(localdrain.Consume("jbos", "jobs"))), nil, "",
			`localdrain.Consume names "jbos"`},
		{"no handlers at all", sdk.New("acme", localdrain.Command()), nil, "", "the app has no handlers"},
		{"no such queue", app, []string{"-handlers", "lonely"}, "",
			`handler "lonely" consumes queue "lonely": there is no queue named "lonely": create it`},
		{"no such prefix", app, []string{"-handlers", "jobs", "-prefix", "me-"}, "", `no queue named "me-jobs"`},
		{"no queue to send to", sending, nil, "", `handler "jobs" sends to queue "nowhere": there is no queue`},
		{"no visibility timeout", app, []string{"-handlers", "blink"}, "", "visibility timeout of"},
		{"queue of HANDLER_QUEUES is gone", app, []string{"-handlers", "jobs"},
			"jobs=" + c.Endpoint() + "/000000000000/gone", "read the attributes"},
		{"malformed HANDLER_QUEUES", app, nil, "jobs", "label=URL"},
		{"arguments", app, []string{"jobs"}, "", "takes no arguments"},
		{"unknown flag", app, []string{"-watch"}, "", "-watch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HANDLER_QUEUES", test.queues)
			err := <-drain(t, test.app, test.args...).err
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestImagesHoldNothingOfIt looks at what is compiled with the tag that images are built with.
func TestImagesHoldNothingOfIt(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-tags", "lambda", "-f", "{{.GoFiles}} {{.Imports}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %s\n%s", err, out)
	}
	want := "[lambda.go localdrain.go] [github.com/lambda-land/terraform-provider-handler/sdk]"
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
