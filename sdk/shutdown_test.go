package sdk_test

import (
	"bufio"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// printed are the lines of standard output that the app printed itself.
func (p *process) printed() []string {
	lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "{") || line == "" })
}

func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// TestOnShutdownInLambda: Lambda sends its signal only to runtimes with an extension, and kills what takes longer than 500 ms.
func TestOnShutdownInLambda(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hooks, printed, logged string
		code                   int // -1: by the signal
	}{
		{"shutdown", "shutdown, in time true", "", 0},
		{"shutdown-panics,shutdown", "shutdown, in time true", "OnShutdown function failed", 0},
		{"shutdown-hangs,shutdown", "", "OnShutdown functions did not end in time", 0},
		{"init", `init with ""`, "", -1},
	} {
		t.Run(test.hooks, func(t *testing.T) {
			t.Parallel()
			api := newRuntimeAPI(t)
			p := start(t, "hooked", []string{api.env(), "HANDLER=h", "HOOKS=" + test.hooks}, nil)
			api.invoke(batchOf()) // and thereby ready
			p.terminate(t)
			if code := p.exit(t); code != test.code {
				t.Errorf("got exit code %d, want %d", code, test.code)
			}
			if got := strings.Join(p.printed(), "\n"); got != test.printed {
				t.Errorf("printed %q, want %q", got, test.printed)
			}
			if !strings.Contains(p.stdout.String(), test.logged) {
				t.Errorf("no %s in\n%s", test.logged, &p.stdout)
			}
			if got, want := len(api.extensions), test.code+1; got != want {
				t.Errorf("%d extensions were registered, want %d", got, want)
			}
		})
	}
}

// TestShutdownLeavesRunningInvocationsTheirTime has a function of OnShutdown release the one of a message.
func TestShutdownLeavesRunningInvocationsTheirTime(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	r, w := io.Pipe()
	p := start(t, "hooked", []string{api.env(), "HANDLER=h", "HOOKS=shutdown-releases", "AWS_LAMBDA_MAX_CONCURRENCY=2"}, w)
	answer := api.begin(string(payload(t, sdktest.Event{Type: "wait"})), time.Minute)
	lines := bufio.NewScanner(r)
	for lines.Scan() && lines.Text() != "waiting" { // for the message to be there
	}
	go func() { _, _ = io.Copy(io.Discard, r) }() // or the process could not go on
	p.terminate(t)
	exited := make(chan error, 1)
	go func() { exited <- p.Wait() }()
	select {
	case got := <-answer:
		if want := "request-1 " + allDone; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	case err := <-exited:
		t.Errorf("the process ended without an answer: %v", err)
	}
}

// TestOnShutdownOfAServer: what the server still needs must not be closed under it, and what was never opened not be closed at all.
func TestOnShutdownOfAServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, hooks string
		env         []string
		want        []string
		code        int
	}{
		{"after the server", "init,shutdown", nil, []string{`init with "hello"`, "serving", "served", "shutdown, in time true"}, 0},
		{"that hangs", "shutdown-hangs,shutdown", nil, []string{"serving", "served"}, 0},
		{"of a server that fails", "shutdown", []string{"SERVER=fails"}, []string{"serving", "shutdown, in time true"}, 1},
		{"without secrets", "init,shutdown", []string{"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=missing"}, nil, 1},
		{"with a failed OnInit", "init,init-fails,init,shutdown", nil, []string{`init with "hello"`}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := greetingSecrets()
			defer secrets.Close()
			r, w := io.Pipe()
			p := start(t, "hooked", append(secretEnv(secrets.URL), append(test.env, "HOOKS="+test.hooks)...), w, "backend", "server")
			go func() {
				for lines := bufio.NewScanner(r); lines.Scan(); {
					if lines.Text() == "serving" && test.code == 0 {
						_ = p.Process.Signal(syscall.SIGTERM) // if that fails, the process does not end
					}
				}
			}()
			if code := p.exit(t); code != test.code {
				t.Errorf("got exit code %d, want %d: %s", code, test.code, &p.stderr)
			}
			if got := p.printed(); !slices.Equal(got, test.want) {
				t.Errorf("printed %q, want %q", got, test.want)
			}
		})
	}
}

// greetingSecrets serves the secret "greeting".
func greetingSecrets() *httptest.Server {
	return httptest.NewServer(&secretsManager{
		strings: map[string]string{"greeting": `{"GREETING":"hello"}`}, errors: map[string]string{"missing": "ResourceNotFoundException"},
	})
}

// secretEnv has an app load the secret "greeting".
func secretEnv(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=greeting",
	}
}

// TestOnInit: an app must find its secrets there, and Lambda the reason why a function cannot start.
func TestOnInit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, hooks string
		env         []string
		printed     []string
		failure     string // as Lambda is told; "": none
		logged      string
	}{
		{"before the first invocation, after the secrets", "init,init", nil,
			[]string{`init with "hello"`, `init with "hello"`, `"a" begins`, `"a" ends`}, "", ""},
		{"error", "init,init-fails,init", nil, []string{`init with "hello"`}, `App.InitFailed {"errorMessage":"initialise the app: broken"`, ""},
		{"nil pointer", "init-panics,shutdown", nil, nil, `App.InitFailed {"errorMessage":"initialise the app: panic: runtime error: invalid memory`,
			`"stack":"goroutine`},
		{"not without secrets", "init", []string{"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=missing"}, nil, "Config.SecretNotFound {", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := greetingSecrets()
			defer secrets.Close()
			api := newRuntimeAPI(t)
			answer := api.begin(string(payload(t, carefree("a", ""))), time.Minute)
			env := slices.Concat(secretEnv(secrets.URL), []string{api.env(), "HANDLER=h", "HOOKS=" + test.hooks}, test.env)
			p := start(t, "hooked", env, nil)
			if test.failure == "" {
				<-answer
				p.kill(t)
			} else if code := p.exit(t); code != 1 {
				t.Errorf("got exit code %d, want 1", code)
			}
			if test.failure != "" {
				if got := <-api.initErrors; !strings.HasPrefix(got, test.failure) {
					t.Errorf("Lambda was told %s, want %s", got, test.failure)
				}
				if len(api.waiting) != 1 || len(api.extensions) != 0 {
					t.Error("the app went on")
				}
			}
			if got := p.printed(); !slices.Equal(got, test.printed) {
				t.Errorf("printed %q, want %q", got, test.printed)
			}
			if !strings.Contains(p.stdout.String(), test.logged) {
				t.Errorf("no %s in\n%s", test.logged, &p.stdout)
			}
		})
	}
}

// TestOnFreezeThatHangs: telemetry that cannot be delivered must not make messages come again.
func TestOnFreezeThatHangs(t *testing.T) {
	t.Parallel()
	api := newRuntimeAPI(t)
	p := start(t, "hooked", []string{api.env(), "HANDLER=h", "HOOKS=freeze,freeze-hangs,freeze"}, nil)
	for _, want := range []string{"request-1 " + allDone, "request-2 " + allDone} {
		if got := <-api.begin(string(payload(t, carefree("a", ""))), 4*time.Second); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	p.kill(t)
	want := []string{`"a" begins`, `"a" ends`, "freeze", "freeze hangs", `"a" begins`, `"a" ends`, "freeze", "freeze hangs"}
	if got := p.printed(); !slices.Equal(got, want) {
		t.Errorf("printed %q, want %q", got, want)
	}
}
