package sdk_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

func TestInLambda(t *testing.T) {
	t.Parallel()
	secrets := httptest.NewServer(&secretsManager{strings: map[string]string{"greeting": `{"GREETING":"hello"}`}})
	defer secrets.Close()
	api := newRuntimeAPI(t)
	order := func(what string) sdktest.Event {
		return sdktest.Event{Type: "order", Data: map[string]string{"Do": what}, Time: time.Now()}
	}
	p := start(t, "acme", []string{
		api.env(), "HANDLER=jobs", "AWS_ENDPOINT_URL=" + secrets.URL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=greeting",
	}, nil)
	for _, exchange := range []struct{ payload, want string }{
		{string(payload(t, order(""), order("greet"))), `request-1 response {"batchItemFailures":[]}`},
		{string(payload(t, order("panic"), order(""))), `request-2 response {"batchItemFailures":[{"itemIdentifier":"m0"}]}`},
		{`{}`, `request-3 error {"errorMessage":"the invocation's payload has no Records`},
		{string(payload(t, order(""))), `request-4 response {"batchItemFailures":[]}`},
	} {
		if got := api.invoke(exchange.payload); !strings.HasPrefix(got, exchange.want) {
			t.Errorf("got %s, want %s", got, exchange.want)
		}
	}
	p.kill(t)
	for _, want := range []string{"greeting hello\n", `"outcome":"retried"`, `"requestId":"request-2"`} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("no %s in\n%s", want, &p.stdout)
		}
	}
}

func TestWhatKeepsAFunctionFromStartingIsToldToLambda(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, app string
		env       []string
		kind      string
		want      []string
	}{
		{"unknown handler", "acme", []string{"HANDLER=jbos"}, "Config.UnknownHandler",
			[]string{`has no handler \"jbos\" (it has jobs, webhooks)`}},
		{"no handler", "acme", nil, "Config.UnknownHandler", []string{`HANDLER`, `has no handler \"\" (it has jobs, webhooks)`}},
		{"app with mistakes", "mistaken", []string{"HANDLER=empty"}, "Config.InvalidApp", []string{"handles no events"}},
		{"queues with mistakes", "acme", []string{"HANDLER=jobs", "HANDLER_QUEUES=a=https://sqs/a,hunter2"}, "Config.InvalidQueues",
			[]string{"HANDLER_QUEUES: entry 2 is not of the form label=URL"}},
		{"secret not found", "acme", []string{"HANDLER=jobs", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=missing"},
			"Config.SecretNotFound", []string{"load secret missing"}},
		{"secret without access", "acme", []string{"HANDLER=jobs", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=forbidden"},
			"Config.SecretAccessDenied", []string{"load secret forbidden"}},
		{"secret that is no object", "acme", []string{"HANDLER=jobs", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=text"},
			"Config.SecretInvalid", []string{"load secret text"}},
		{"secrets out of reach", "acme", []string{"HANDLER=jobs", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=text",
			"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1"}, "Config.SecretUnavailable", []string{"can reach AWS Secrets Manager"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := httptest.NewServer(&secretsManager{
				strings: map[string]string{"text": "hunter2"},
				errors:  map[string]string{"missing": "ResourceNotFoundException", "forbidden": "AccessDeniedException"},
			})
			defer secrets.Close()
			api := newRuntimeAPI(t)
			env := append([]string{api.env(), "AWS_ENDPOINT_URL=" + secrets.URL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x",
				"AWS_SECRET_ACCESS_KEY=x"}, test.env...)
			p := start(t, test.app, env, nil)
			want := 1
			if test.app == "mistaken" {
				want = 2 // a panic
			}
			if code := p.exit(t); code != want {
				t.Errorf("got exit code %d, want %d", code, want)
			}
			got := <-api.initErrors
			for _, want := range append(test.want, test.kind+" {", `"errorType":"`+test.kind+`"`) {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
			if strings.Contains(got+p.stderr.String(), "hunter2") {
				t.Error("the error tells a secret")
			}
			if !strings.Contains(p.stderr.String(), test.app) {
				t.Errorf("standard error: got %s", &p.stderr)
			}
		})
	}
}

func TestUnreachableRuntimeAPIIsToldToo(t *testing.T) {
	t.Parallel()
	p := start(t, "acme", []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"}, nil)
	if code := p.exit(t); code != 1 {
		t.Errorf("got exit code %d, want 1", code)
	}
	for _, want := range []string{`has no handler ""`, "report the failed start to Lambda"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("no %s in %s", want, &p.stderr)
		}
	}
}
