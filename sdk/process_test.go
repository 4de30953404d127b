package sdk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// TestMain makes the test binary the app itself when a test starts it as such.
func TestMain(m *testing.M) {
	switch os.Getenv("SDK_TEST_APP") {
	case "acme":
		acme().Main()
	case "mistaken":
		sdk.New("mistaken", sdk.Handler("empty")).Main()
	case "careless":
		careless().Main()
	case "hooked":
		hooked().Main()
	case "busy":
		busy().Main()
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

// exit waits for the end of the process, a minute at most, and returns its exit code: -1 if a signal ended it.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	overdue := time.AfterFunc(time.Minute, func() { _ = p.Process.Kill() }) // fails only if it has ended
	defer overdue.Stop()
	err := p.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// kill ends the process, after which its output can be read.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit(t)
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
