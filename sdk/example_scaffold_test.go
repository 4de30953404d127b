package sdk_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// exampleTB stands for the *testing.T of a test, which examples do not have.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                           {}
func (exampleTB) Context() context.Context          { return context.Background() }
func (exampleTB) Output() io.Writer                 { return io.Discard }
func (exampleTB) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (exampleTB) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (exampleTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// eventOf is an event for deliver.
func eventOf(eventType string, data any) sdktest.Event {
	return sdktest.Event{Type: eventType, Data: data}
}

// deliver has a handler handle events as one batch, and prints what became of each.
func deliver(app *sdk.App, handler string, batch ...sdktest.Event) {
	deliverWithin(time.Minute, app, handler, batch...)
}

// deliverWithin is deliver for an invocation that may take that time.
func deliverWithin(d time.Duration, app *sdk.App, handler string, batch ...sdktest.Event) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for i, m := range sdktest.InvokeContext(ctx, exampleTB{}, app, handler, batch...).Messages {
		fmt.Print(cmp.Or(batch[i].Type, "message"), " ", m.Outcome)
		if m.Err != nil {
			fmt.Print(": ", m.Err)
		}
		fmt.Println()
	}
}

// exampleRuntime is one runtime of a function that Lambda runs.
type exampleRuntime struct{ sdk.Runtime }

// startInLambda starts a runtime of a handler's function. What the app writes to standard output goes to stdout.
func startInLambda(app *sdk.App, handler string, stdout io.Writer) exampleRuntime {
	defer setenv(map[string]string{"HANDLER": handler, "LOG_LEVEL": "", "AWS_LAMBDA_LOG_LEVEL": ""})()
	started, err := app.Start(context.Background(), stdout)
	if err != nil {
		panic(err)
	}
	return exampleRuntime{started}
}

// invoke hands an event to the runtime, with a payload as Lambda makes it.
func (r exampleRuntime) invoke(eventType, data string) {
	body := fmt.Sprintf(`{"specversion":"1.0","id":"event-1","source":"acme","type":%q,"time":%q,"data":%s}`,
		eventType, time.Now().Format(time.RFC3339Nano), data)
	batch, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "message-1", Body: body, EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-west-1:111122223333:acme-queue",
		Attributes: map[string]string{"ApproximateReceiveCount": "1"},
	}}})
	if err != nil {
		panic(err)
	}
	ctx := lambdacontext.NewContext(withQueues(context.Background()), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := r.Invoke(ctx, batch); err != nil {
		panic(err)
	}
}

// logLines passes log lines on, but not metrics. What differs from one run to the next is as at one moment.
type logLines struct{ io.Writer }

// moments are what differs, and what stands for it.
var moments = map[*regexp.Regexp]string{
	regexp.MustCompile(`"timestamp":"[^"]+"`):  `"timestamp":"2026-11-23T12:00:00Z"`,
	regexp.MustCompile(`"durationMs":[0-9.]+`): `"durationMs":7.5`,
	regexp.MustCompile(`"ageMs":[0-9]+`):       `"ageMs":42`,
}

func (w logLines) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		if bytes.Contains(line, []byte(`"_aws"`)) {
			continue
		}
		for varying, moment := range moments {
			line = varying.ReplaceAll(line, []byte(moment))
		}
		if _, err := w.Writer.Write(line); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}

// metricLines passes the values of metrics on, without their definitions, and no log lines.
type metricLines struct{ io.Writer }

func (w metricLines) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		var metrics map[string]any
		if err := json.Unmarshal(line, &metrics); err != nil {
			return 0, err
		}
		if metrics["_aws"] == nil {
			continue
		}
		for _, member := range []string{"_aws", "level", "timestamp"} {
			delete(metrics, member)
		}
		for name, value := range map[string]any{"Duration": 7.5, "Age": 42} {
			if metrics[name] != nil {
				metrics[name] = []any{value}
			}
		}
		if err := json.NewEncoder(w.Writer).Encode(metrics); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}

// openDB stands for sql.Open("postgres", os.Getenv("DATABASE_URL")).
func openDB() *sql.DB { return sql.OpenDB(postgres{}) }

// postgres stands for a driver.
type postgres struct{ driver.Connector }

func (postgres) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }

type connection struct{ driver.Conn }

func (connection) Close() error { fmt.Println("a connection to the database is closed"); return nil }

// transport stands for an [*http.Transport].
type transport struct{ http.RoundTripper }

func (transport) CloseIdleConnections() { fmt.Println("idle connections are closed") }
