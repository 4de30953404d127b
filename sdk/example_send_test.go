package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

type Push struct{ Commits []string }

// A handler fans out: it sends an event for each commit of a push. IDs that it derives from that of the push are the same when the push
// is handled again, so that whoever gets the events can tell.
func ExampleSend() {
	onPush := func(ctx context.Context, e sdk.Event[Push]) error {
		if len(e.Data.Commits) == 0 {
			return sdk.Permanent(errors.New("the push has no commits"))
		}
		for _, commit := range e.Data.Commits {
			if err := sdk.Send(ctx, "jobs", "run.requested", Run{commit}, sdk.WithID(e.ID+"-"+commit)); err != nil {
				return err // the push will be handled again
			}
		}
		return nil
	}
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))

	printSent(app, "webhooks", `{"specversion": "1.0", "id": "push-1", "type": "github.push", "data": {"Commits": ["a1", "b2"]}}`)
	// Output:
	// jobs: run.requested push-1-a1 {"Commit":"a1"}
	// jobs: run.requested push-1-b2 {"Commit":"b2"}
}

// Many events go out in few calls. If some could not be sent, the error tells which; the others are on their way.
func ExampleSendAll() {
	onPush := func(ctx context.Context, e sdk.Event[Push]) error {
		var runs []sdk.Outgoing
		for _, commit := range e.Data.Commits {
			runs = append(runs, sdk.Outgoing{Type: "run.requested", Data: Run{commit}, Options: []sdk.SendOption{sdk.WithID(commit)}})
		}
		err := sdk.SendAll(ctx, "jobs", runs...)
		if failed, ok := errors.AsType[*sdk.SendError](err); ok {
			for _, failure := range failed.Failures {
				fmt.Printf("commit %s was not sent: %s\n", e.Data.Commits[failure.Index], failure.Err)
			}
		}
		return err
	}
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("jobs")))

	printSent(app, "webhooks", `{"specversion": "1.0", "id": "push-1", "type": "github.push", "data": {"Commits": ["a1", "bad", "c3"]}}`)
	// Output:
	// jobs: run.requested a1 {"Commit":"a1"}
	// jobs: run.requested c3 {"Commit":"c3"}
	// commit bad was not sent: InvalidMessageContents: for the example
}

// Telling people about a run is a courtesy: who cannot be told is counted, and the run is done all the same.
func ExampleSendError() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		err := sdk.SendAll(ctx, "jobs",
			sdk.Outgoing{Type: "mail.requested", Data: "ann@example.com", Options: []sdk.SendOption{sdk.WithID(e.ID + "-ann")}},
			sdk.Outgoing{Type: "mail.requested", Data: "bob@example.com", Options: []sdk.SendOption{sdk.WithID("bad")}},
		)
		if failed, ok := errors.AsType[*sdk.SendError](err); ok {
			fmt.Println(len(failed.Failures), "of", failed.Total, "could not be told")
			return nil
		}
		return err // nil, or an error of another kind, such as a queue that is not known
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.finished", onRun), sdk.SendsTo("jobs")))

	printSent(app, "jobs", `{"specversion": "1.0", "id": "run-1", "type": "run.finished", "data": {"Commit": "a1"}}`)
	// Output:
	// jobs: mail.requested run-1-ann "ann@example.com"
	// 1 of 2 could not be told
}

// A handler that sends to a queue which its function was not given says what is missing.
func ExampleUnknownQueueError() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		err := sdk.Send(ctx, "audit", "run.audited", e.Data)
		if unknown, ok := errors.AsType[*sdk.UnknownQueueError](err); ok {
			fmt.Println("not", unknown.Label, "but", unknown.Known)
			return sdk.Permanent(err)
		}
		return err
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun), sdk.SendsTo("deploys", "jobs")))

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}))
	// Output:
	// not audit but [deploys jobs]
	// run.requested dead-lettered: send to queue "audit": no queue is labelled "audit" (known are deploys, jobs): name it in the handler's sdk.SendsTo, and in the function's send_to or HANDLER_QUEUES
}

// A FIFO queue hands out the events of one group in the order in which they were sent.
func ExampleWithGroup() {
	onPush := func(ctx context.Context, e sdk.Event[Push]) error {
		branch := sdk.WithGroup("main")
		return errors.Join(
			sdk.Send(ctx, "deploys", "deploy.started", nil, branch, sdk.WithID(e.ID+"-started")),
			sdk.Send(ctx, "deploys", "deploy.finished", nil, branch, sdk.WithID(e.ID+"-finished")),
		)
	}
	app := sdk.New("acme", sdk.Handler("webhooks", sdk.On("github.push", onPush), sdk.SendsTo("deploys")))

	printSent(app, "webhooks", `{"specversion": "1.0", "id": "push-1", "type": "github.push", "data": {}}`)
	// Output:
	// deploys: deploy.started push-1-started, group main
	// deploys: deploy.finished push-1-finished, group main
}

// A handler looks again later.
func ExampleWithDelay() {
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		return sdk.Send(ctx, "jobs", "run.checked", e.Data, sdk.WithID(e.ID+"-check"), sdk.WithDelay(5*time.Minute))
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun), sdk.SendsTo("jobs")))

	printSent(app, "jobs", `{"specversion": "1.0", "id": "run-1", "type": "run.requested", "data": {"Commit": "a1"}}`)
	// Output: jobs: run.checked run-1-check {"Commit":"a1"}, after 300 s
}

// printSent has a handler handle an event, and prints what it sends.
func printSent(app *sdk.App, handler, event string) {
	invoker, err := app.Invoker(handler)
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := json.Marshal(map[string]any{"Records": []any{map[string]any{
		"messageId": "m-1", "body": event, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:" + handler,
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := invoker.Invoke(sdk.WithLogger(withQueues(context.Background()), slog.New(slog.DiscardHandler)), batch); err != nil {
		fmt.Println(err)
	}
}

// withQueues returns a context that apps send with to queues which print what they get.
func withQueues(ctx context.Context) context.Context {
	queues := environ.Queues{"jobs": "jobs", "webhooks": "webhooks", "deploys": "deploys.fifo"}
	return environ.NewContext(ctx, &environ.Environment{SQS: printer{newFakeSQS()}, QueueURL: queues.URL})
}

// printer is an SQS that prints what is sent, and refuses what is bad.
type printer struct{ environ.SQS }

func (printer) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (
	*sqs.SendMessageBatchOutput, error) {
	out := new(sqs.SendMessageBatchOutput)
	for _, entry := range in.Entries {
		var e sdk.Event[json.RawMessage]
		if err := json.Unmarshal([]byte(*entry.MessageBody), &e); err != nil {
			return nil, err
		}
		if e.ID == "bad" {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{
				Id: entry.Id, SenderFault: true, Code: aws.String("InvalidMessageContents"), Message: aws.String("for the example"),
			})
			continue
		}
		fmt.Printf("%s: %s %s", strings.TrimSuffix(*in.QueueUrl, ".fifo"), e.Type, e.ID)
		if len(e.Data) > 0 {
			fmt.Printf(" %s", e.Data)
		}
		if entry.MessageGroupId != nil {
			fmt.Printf(", group %s", *entry.MessageGroupId)
		}
		if entry.DelaySeconds > 0 {
			fmt.Printf(", after %d s", entry.DelaySeconds)
		}
		fmt.Println()
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: entry.Id})
	}
	return out, nil
}
