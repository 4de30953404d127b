// Command function is what the tests of package lambda run as a Lambda function. The event tells what it does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Do      string
	Millis  int
	Text    string
	Records []events.SQSMessage
}

type report struct {
	PID       int
	Ticks     int64
	Dir       string
	Args      []string
	Env       []string
	RequestID string
	ARN       string
	LeftMS    int64
}

var ticks atomic.Int64

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		fmt.Println("no way to start")
		os.Exit(3)
	case "chatter":
		for lines := strings.Repeat("chatter\n", 1<<10); ; {
			if _, err := os.Stdout.WriteString(lines); err != nil {
				os.Exit(1)
			}
		}
	case "hang":
		time.Sleep(time.Hour)
	}
	go func() {
		for range time.Tick(time.Millisecond) {
			ticks.Add(1)
		}
	}()
	if os.Getenv("SIGTERM") != "" {
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() { fmt.Println("terminated") }))
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, in request) (any, error) {
	if in.Records != nil {
		return drain(in.Records)
	}
	switch in.Do {
	case "sleep":
		time.Sleep(time.Duration(in.Millis) * time.Millisecond)
	case "exit":
		os.Exit(in.Millis)
	case "panic":
		panic(in.Text)
	case "error":
		return nil, errors.New(in.Text)
	case "child":
		child := exec.Command("/bin/sleep", "600")
		if err := child.Start(); err != nil {
			return nil, err
		}
		return child.Process.Pid, nil
	case "detach":
		child := exec.Command("/proc/self/exe")
		child.Env = []string{"INIT=chatter"}
		child.Stdout, child.SysProcAttr = os.Stdout, &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return nil, err
		}
		return child.Process.Pid, nil
	case "text":
		return strings.Repeat(in.Text, in.Millis), nil
	case "write":
		fmt.Print(in.Text)
	case "print":
		fmt.Println(in.Text)
		fmt.Fprintln(os.Stderr, in.Text)
	}
	lc, _ := lambdacontext.FromContext(ctx)
	dir, _ := os.Getwd()
	deadline, _ := ctx.Deadline()
	return report{
		PID: os.Getpid(), Ticks: ticks.Load(), Dir: dir, Args: os.Args, Env: os.Environ(), RequestID: lc.AwsRequestID,
		ARN: lc.InvokedFunctionArn, LeftMS: time.Until(deadline).Milliseconds(),
	}, nil
}

// drain handles messages whose body says how: "ok …", "fail …", "sleep …", "once …" (fails the first time), "malformed", "unknown".
func drain(messages []events.SQSMessage) (any, error) {
	var response events.SQSEventResponse
	for _, m := range messages {
		line, _ := json.Marshal(map[string]any{
			"body": m.Body, "group": m.Attributes["MessageGroupId"], "receives": m.Attributes["ApproximateReceiveCount"],
			"pid": os.Getpid(), "batch": len(messages), "reset": os.Getenv("RESET"),
		})
		fmt.Println(string(line))
		switch verb, _, _ := strings.Cut(m.Body, " "); {
		case verb == "fail", verb == "once" && m.Attributes["ApproximateReceiveCount"] == "1":
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		case verb == "sleep":
			time.Sleep(50 * time.Millisecond)
		case verb == "malformed":
			return "what?", nil
		case verb == "unknown":
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: "nobody"})
		case verb == "error":
			return nil, errors.New("failed")
		}
	}
	return response, nil
}
