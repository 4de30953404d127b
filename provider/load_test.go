package provider

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// TestAccTaintUnderLoad replaces what a function is made of, one after the other, while 200 messages a second come in. A message that was
// received but not handled would not come back: it would be a dead letter.
func TestAccTaintUnderLoad(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	app, err := filepath.Abs(filepath.Join("testdata", "slow"))
	if err != nil {
		t.Fatal(err)
	}
	w := newCLI(t, imageOf(app, "", fmt.Sprintf("name = %q", name), "")+
		queueConfig(name, "function_timeout = 30\n dead_letter = { max_receive_count = 1 }")+fmt.Sprintf(`
resource "handler_reset" "test" {}

resource "handler_function" "test" {
  name      = %q
  image_uri = handler_image.test.image_uri
  reset     = handler_reset.test.id
  handler   = "first"
  timeout   = 30
  queues    = { main = { arn = handler_queue.test.arn } }
}
`, name))
	w.must(t, "apply", "-auto-approve")
	for _, test := range []struct{ address, plan string }{
		{"handler_function.test", "Plan: 1 to add, 0 to change, 1 to destroy."},
		{"handler_image.test", "Plan: 1 to add, 0 to change, 1 to destroy."},
		{"handler_reset.test", "Plan: 1 to add, 1 to change, 1 to destroy."},
	} {
		t.Run(test.address, func(t *testing.T) {
			l := startLoad(t, name)
			l.awaitNext(t)
			w.must(t, "taint", test.address)
			if output := w.must(t, "apply", "-auto-approve"); !strings.Contains(output, test.plan) {
				t.Errorf("the plan is not %q: %s", test.plan, output)
			}
			l.awaitNext(t)
			l.account(t)
			w.must(t, "plan", "-detailed-exitcode")
		})
	}
	w.must(t, "destroy", "-auto-approve")
}

// load sends messages to a queue, 200 a second where the machine is fast enough.
type load struct {
	name  string // of the queue, and of the function that drains it
	stop  context.CancelFunc
	ended chan struct{} // closed when no more is sent

	mu   sync.Mutex
	sent []string // IDs of the messages that SQS has taken
}

const (
	loadBatch    = 10 // messages, the most that one call may send
	loadInterval = 50 * time.Millisecond
	loadBatches  = 3000 // in all, should nobody stop it
)

func startLoad(t *testing.T, name string) *load {
	t.Helper()
	l := &load{name: name, ended: make(chan struct{})}
	ctx, stop := context.WithCancel(background())
	l.stop = stop
	t.Cleanup(l.end)
	go l.run(ctx, t)
	return l
}

// end returns when no more is sent.
func (l *load) end() {
	l.stop()
	<-l.ended
}

func (l *load) run(ctx context.Context, t *testing.T) {
	defer close(l.ended)
	client, input := sqs.NewFromConfig(clientConfig()), &sqs.SendMessageBatchInput{QueueUrl: aws.String(queueURLOf(l.name))}
	for i := range loadBatch {
		input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(`{"note":"precious"}`),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"type": {DataType: aws.String("String"), StringValue: aws.String("ping.sent")},
			},
		})
	}
	tick := time.NewTicker(loadInterval)
	defer tick.Stop()
	for range loadBatches {
		output, err := client.SendMessageBatch(background(), input) // what is sent when the load ends counts
		if err != nil || len(output.Failed) > 0 {
			t.Errorf("a batch could not be sent: %v, %v", output, err)
			return
		}
		l.mu.Lock()
		for _, entry := range output.Successful {
			l.sent = append(l.sent, *entry.MessageId)
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *load) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

// eventually is how long what the function and SQS do by themselves may take: a message that comes back does so after three minutes.
const eventually = 5 * time.Minute

// awaitNext waits until a message is handled that was sent after this call.
func (l *load) awaitNext(t *testing.T) {
	t.Helper()
	before := len(l.ids())
	for deadline := time.Now().Add(eventually); ; time.Sleep(200 * time.Millisecond) {
		handled := handledBy(t, l.name)
		if slices.ContainsFunc(l.ids()[before:], func(id string) bool { return handled[id] }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d messages that were sent since, none is handled", len(l.ids())-before)
		}
	}
}

// account ends the load, waits until the queue is empty, and finds every message handled and none dead-lettered.
func (l *load) account(t *testing.T) {
	t.Helper()
	l.end()
	deadline := time.Now().Add(eventually)
	for left := messages(t, l.name); left > 0; left = messages(t, l.name) {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages are left in the queue", left)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if dead := messages(t, l.name+"-dlq"); dead > 0 {
		t.Errorf("%d messages are dead-lettered", dead)
	}
	for missing := l.ids(); ; time.Sleep(100 * time.Millisecond) { // the last lines of the log may be on their way
		handled := handledBy(t, l.name)
		missing = slices.DeleteFunc(missing, func(id string) bool { return handled[id] })
		if len(missing) == 0 {
			t.Logf("%d messages were sent, all were handled", len(l.ids()))
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d messages %d are lost: %v", len(l.ids()), len(missing), missing)
		}
	}
}

// messages returns how many messages a queue holds, whether they can be received or not.
func messages(t *testing.T, name string) int {
	t.Helper()
	attributes, err := dataFor(t, clientConfig()).cloud.FindQueue(background(), queueURLOf(name))
	if err != nil {
		t.Fatal(err)
	}
	return cloud.MessageCount(attributes)
}
