package sdk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestMain makes the test binary the app itself when a test starts it as such.
func TestMain(m *testing.M) {
	switch os.Getenv("SDK_TEST_APP") {
	case "acme":
		acme().Main()
	case "mistaken":
		sdk.New("mistaken", sdk.Handler("empty")).Main()
	}
	os.Exit(m.Run())
}

// acme is the app that tests run as a process.
func acme() *sdk.App {
	type order struct{ Do string }
	return sdk.New("acme",
		sdk.Server(func(ctx context.Context) error {
			sdk.Go(ctx, func(ctx context.Context) error {
				<-ctx.Done()
				fmt.Println("goroutine ended")
				return nil
			})
			fmt.Println("serving", os.Getenv("GREETING"))
			<-ctx.Done()
			return http.ErrServerClosed
		}),
		sdk.Handler("jobs", sdk.On("order", func(_ context.Context, e sdk.Event[order]) error {
			switch e.Data.Do {
			case "panic":
				panic("as ordered")
			case "greet":
				fmt.Println("greeting", os.Getenv("GREETING"))
			case "memory":
				printMemoryLimit()
			}
			return nil
		})),
		sdk.Handler("webhooks",
			sdk.On("github.*", ignore), sdk.On("github.push", ignore), sdk.SendsTo("jobs", "audit"),
			sdk.Timeout(59500*time.Millisecond), sdk.BatchSize(10)),
		sdk.Command("memory", "prints the memory limit", func(context.Context, *sdk.App, []string) error { printMemoryLimit(); return nil }),
		sdk.Command("fail", "fails", func(context.Context, *sdk.App, []string) error { return errors.New("it failed") }),
	)
}

func printMemoryLimit() { fmt.Println("memory limit", debug.SetMemoryLimit(-1)) }

// process is a running app.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// start runs the test binary as an app with nothing but the given environment. It is killed with the test.
func start(t *testing.T, app string, env []string, stdout io.Writer, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.Env = append([]string{"SDK_TEST_APP=" + app, "AWS_EC2_METADATA_DISABLED=true", "GOCOVERDIR=" + t.TempDir()}, env...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if stdout != nil {
		p.Stdout = io.MultiWriter(&p.stdout, stdout)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// exit waits for the end of the process and returns its exit code.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	err := p.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// runtimeAPI is Lambda's side: it hands out invocations and takes answers.
type runtimeAPI struct {
	*httptest.Server
	invocations chan string
	answers     chan string
	initErrors  chan string // type and body

	mu   sync.Mutex
	next int
}

func newRuntimeAPI(t testing.TB) *runtimeAPI {
	t.Helper()
	api := &runtimeAPI{invocations: make(chan string, 10), answers: make(chan string, 10), initErrors: make(chan string, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case payload := <-api.invocations:
			api.mu.Lock()
			defer api.mu.Unlock()
			api.next++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("request-", api.next))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			fmt.Fprint(w, payload)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.answers <- r.PathValue("id") + " " + r.PathValue("kind") + " " + string(body)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.initErrors <- r.Header.Get("Lambda-Runtime-Function-Error-Type") + " " + string(body)
	})
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		api.CloseClientConnections()
		api.Close()
	})
	return api
}

func (api *runtimeAPI) env() string {
	return "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://")
}

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
		api.invocations <- exchange.payload
		if got := <-api.answers; !strings.HasPrefix(got, exchange.want) {
			t.Errorf("got %s, want %s", got, exchange.want)
		}
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit(t)
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

// TestServerEndsWithASignal also has it wait for goroutines.
func TestServerEndsWithASignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			r, w := io.Pipe()
			p := start(t, "acme", []string{"GREETING=hi"}, w, "backend", "server")
			lines := bufio.NewScanner(r)
			lines.Scan()
			if got := lines.Text(); got != "serving hi" {
				t.Fatalf("got %s", got)
			}
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			lines.Scan()
			if got := lines.Text(); got != "goroutine ended" {
				t.Errorf("got %s", got)
			}
			if code := p.exit(t); code != 0 {
				t.Errorf("got exit code %d: %s", code, &p.stderr)
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	const usage = "Usage of acme:\n"
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"nothing", nil, 2, "", usage},
		{"help", []string{"help"}, 0, usage, ""},
		{"no command", []string{"backend"}, 2, "", "acme: a command is missing"},
		{"unknown command", []string{"backend", "fly"}, 2, "", `acme: there is no command "fly"`},
		{"other than backend", []string{"frontend", "server"}, 2, "", usage},
		{"failing command", []string{"backend", "fail"}, 1, "", "acme: it failed\n"},
		{"server with arguments", []string{"backend", "server", "x"}, 2, "", "takes no arguments"},
		{"handlers", []string{"backend", "handlers"}, 0, "HANDLER   TIMEOUT  BATCH SIZE  SENDS TO    EVENTS\n" +
			"jobs      -        -           -           order\n" + "webhooks  1m0s     10          audit jobs  github.* github.push\n", ""},
		{"handlers as JSON", []string{"backend", "handlers", "-json"}, 0, `{"app":"acme","handlers":{"jobs":{"events":["order"]},` +
			`"webhooks":{"events":["github.*","github.push"],"send_to":["audit","jobs"],"timeout":60,"batch_size":10}}}` + "\n", ""},
		{"handlers with arguments", []string{"backend", "handlers", "x"}, 2, "", "takes no arguments"},
		{"handlers with an unknown flag", []string{"backend", "handlers", "-yaml"}, 2, "", "flag provided but not defined: -yaml"},
		{"flags of handlers", []string{"backend", "handlers", "-h"}, 0, "", "print JSON"},
		{"send without type", []string{"backend", "send", "jobs"}, 2, "", "takes the label of a queue"},
		{"send what is no JSON", []string{"backend", "send", "jobs", "order", "{"}, 2, "", "the event's data is not JSON"},
		{"send to an unknown queue", []string{"backend", "send", "jobs", "order", "{}"}, 1, "", `no queue is labelled "jobs" (none is known)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "acme", nil, nil, test.args...)
			if code := p.exit(t); code != test.code {
				t.Errorf("got exit code %d, want %d", code, test.code)
			}
			if got := p.stdout.String(); test.stdout == "" && got != "" || !strings.HasPrefix(got, test.stdout) {
				t.Errorf("got standard output\n%s\nwant\n%s", got, test.stdout)
			}
			if got := p.stderr.String(); test.stderr == "" && got != "" || !strings.Contains(got, test.stderr) {
				t.Errorf("got standard error\n%s\nwant\n%s", got, test.stderr)
			}
		})
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	err := sdk.New("acme").Run(t.Context(), []string{"backend", "server"}, io.Discard, io.Discard)
	if err == nil || err.Error() != `app "acme" has no server: add sdk.Server` {
		t.Errorf("got %v", err)
	}
}
