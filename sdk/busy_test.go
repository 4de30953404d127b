package sdk_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// invocationsTogether is how many invocations [busy] is given at the same time. Each has two messages.
const invocationsTogether = 8

// busy is an app that fails a message when something of another invocation gets into its own. Messages wait for each other at first, so
// that fewer invocations at the same time never get on.
func busy() *sdk.App {
	type order struct {
		Request string
		Minutes int // that the invocation has
		Fail    bool
	}
	var mu sync.Mutex
	calls, all := 0, make(chan struct{})
	meet := func() {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 2*invocationsTogether {
			close(all)
		}
	}
	do := func(ctx context.Context, e sdk.Event[order]) error {
		sdk.Go(ctx, func(ctx context.Context) error {
			return sdk.Send(ctx, "jobs", "done", e.Data.Request, sdk.WithID("done-"+e.ID))
		})
		meet()
		select {
		case <-all:
		case <-ctx.Done():
			return ctx.Err()
		}
		lc, _ := lambdacontext.FromContext(ctx)
		end, _ := sdk.InvocationDeadline(ctx)
		own, _ := ctx.Deadline()
		left, limit := time.Until(end), time.Duration(e.Data.Minutes)*time.Minute
		m, _ := sdk.MessageFrom(ctx)
		switch {
		case lc == nil || lc.AwsRequestID != e.Data.Request:
			fmt.Printf("mixed up: %+v in %s\n", lc, e.Data.Request)
		case left > limit || left < limit-50*time.Second || !own.Before(end):
			fmt.Printf("mixed up: %s left of %s in %s\n", left, limit, e.Data.Request)
		case !strings.HasPrefix(m.ID, e.Data.Request+"-") || os.Getenv("GREETING") == "":
			fmt.Printf("mixed up: message %s in %s, greeting %q\n", m.ID, e.Data.Request, os.Getenv("GREETING"))
		}
		sdk.Logger(ctx).Debug("handled")
		if e.Data.Fail {
			return errBroken
		}
		return nil
	}
	return sdk.New("busy", sdk.SecretsTTL(time.Millisecond), sdk.OnThaw(func(time.Duration) {}),
		sdk.OnSecretsChange(func(_ context.Context, keys []string) { fmt.Println("changed", keys, "to", os.Getenv("GREETING")) }),
		sdk.OnFreeze(func(context.Context) {}),
		sdk.Handler("h", sdk.On("do", do)))
}

// busyBatch is the batch of an invocation, of which the second message fails every third time.
func busyBatch(n int) (batch, answer string) {
	request, failed := fmt.Sprint("request-", n), ""
	var records []string
	for i := range 2 {
		id, fail := fmt.Sprintf("%s-%d", request, i), i == 1 && n%3 == 0
		body := fmt.Sprintf(`{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"s\",\"type\":\"do\",\"data\":{\"Request\":\"%s\",\"Minutes\":%d,\"Fail\":%t}}`,
			id, request, n, fail)
		records = append(records, fmt.Sprintf(
			`{"messageId":"%s","receiptHandle":"r","body":"%s","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:h"}`, id, body))
		if fail {
			failed = `{"itemIdentifier":"` + id + `"}`
		}
	}
	return batchOf(records...), request + ` response {"batchItemFailures":[` + failed + `]}`
}

// TestManyInvocationsAtOnce: on Lambda Managed Instances, whatever an app keeps from one invocation is seen by others that run beside it.
func TestManyInvocationsAtOnce(t *testing.T) {
	t.Parallel()
	const count = 200
	c := startCloud(t)
	jobs, _ := c.queue(t, "jobs", nil)
	c.queue(t, "h", nil)
	secrets := secretsmanager.NewFromConfig(c.Config())
	_, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("greeting"), SecretString: aws.String(`{"GREETING":"hello"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	api := newRuntimeAPI(t)
	var wants []string
	var answers []<-chan string
	for n := 1; n <= count; n++ {
		batch, want := busyBatch(n)
		wants, answers = append(wants, want), append(answers, api.begin(batch, time.Duration(n)*time.Minute))
	}
	p := start(t, "busy", append(c.Env(), api.env(), "HANDLER=h", "HANDLER_QUEUES=jobs="+jobs, "LOG_LEVEL=DEBUG",
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=greeting", fmt.Sprint("AWS_LAMBDA_MAX_CONCURRENCY=", invocationsTogether)), nil)
	for i, answer := range answers {
		if got := <-answer; got != wants[i] {
			t.Errorf("got %s, want %s", got, wants[i])
		}
		if i == count/2 {
			_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
				SecretId: aws.String("greeting"), SecretString: aws.String(`{"GREETING":"goodbye"}`),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	batch, want := busyBatch(count + 1)
	if got := <-api.begin(batch, (count+1)*time.Minute); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.kill(t)
	if got, want := c.count(t, jobs), 2*(count+1); got != want {
		t.Errorf("%d events were sent, want %d", got, want)
	}
	out := p.stdout.String()
	if strings.Contains(out, "mixed up") || strings.Count(out, "changed [GREETING] to goodbye") != 1 {
		t.Errorf("got standard output\n%s", out)
	}
	if strings.Contains(p.stderr.String(), "DATA RACE") {
		t.Errorf("got standard error\n%s", &p.stderr)
	}
}
