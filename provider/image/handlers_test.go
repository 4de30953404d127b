package image

import (
	"context"
	"errors"
	"maps"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/provider/image/toolchain"
)

// hanging is an app that calls the address it was linked with instead of listing its handlers.
const hanging = `
-- go.mod --
module example.com/hanging
go 1.24
-- main.go --
package main
import "net"
var address string
func main() {
	c, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	c.Read(make([]byte, 1))
}
`

func TestCancelEndsTheBuild(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cache := t.TempDir()
	src := Source{Package: module(t, hanging), Ldflags: []string{"-X main.address=" + listener.Addr().String()}}
	done := make(chan error, 1)
	go func() {
		_, err := NewBuilder(cache, NewRegistry(nil)).Build(ctx, src)
		done <- err
	}()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the app still runs")
	}
	if left := filesIn(t, cache); len(left) > 0 {
		t.Errorf("the cache holds %v", left)
	}
}

// onSDK is an app that imports what stands for the SDK, and whose main does what body says.
func onSDK(body string) string {
	return `
-- go.mod --
module example.com/app
go 1.24
require github.com/lambda-land/terraform-provider-handler v0.0.0
replace github.com/lambda-land/terraform-provider-handler => ./provider
-- provider/go.mod --
module github.com/lambda-land/terraform-provider-handler
go 1.24
-- provider/sdk/sdk.go --
package sdk
-- main.go --
package main

import (
	"fmt"
	"os"

	_ "github.com/lambda-land/terraform-provider-handler/sdk"
)

var _, _ = fmt.Sprint(), os.Args

func main() {` + body + `}
`
}

func TestAppThatIsNotAskedOrCannotAnswer(t *testing.T) {
	t.Parallel()
	const fails = `os.Exit(2)`
	notOnSDK := "-- go.mod --\nmodule example.com/app\ngo 1.24\n-- main.go --\npackage main\nimport \"os\"\nfunc main() {" + fails + "}\n"
	for name, src := range map[string]Source{
		"not on the SDK": {Package: module(t, notOnSDK)},
		"not asked":      {Package: module(t, onSDK(fails)), SkipHandlers: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
			config, err := built.Image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if label, ok := config.Config.Labels[HandlersLabel]; ok || built.App.Name != "" || built.App.Handlers != nil {
				t.Errorf("label is %q, app is %+v; want neither", label, built.App)
			}
		})
	}
}

func TestAskedOrNotIsAnInput(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(acme(t), "cmd", "acme")
	if fingerprint(t, Source{Package: dir}) == fingerprint(t, Source{Package: dir, SkipHandlers: true}) {
		t.Error("an image with a list of handlers has the fingerprint of one without")
	}
}

// TestAppGetsNothingOfThisProcess has the app list its environment and its input.
func TestAppGetsNothingOfThisProcess(t *testing.T) {
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "HTTPS_PROXY", "http_proxy", "TF_TOKEN_app_terraform_io"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	src := Source{Env: map[string]string{"NETRC": "/nowhere"}, Package: module(t, `
-- go.mod --
module example.com/app
go 1.24
-- main.go --
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	handlers := map[string]any{}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		handlers[name] = struct{}{}
	}
	input, err := io.ReadAll(os.Stdin)
	handlers[fmt.Sprintf("input %q %v", input, err)] = struct{}{}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"app": "acme", "handlers": handlers})
}
`)}
	built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	want := []string{"HOME", "PATH", "TMPDIR", `input "" <nil>`}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(built.App.Handlers))); diff != "" {
		t.Errorf("what the app sees (-want +got):\n%s", diff)
	}
}

// TestAppLeavesNothingRunning has the app start itself once more, to hold a connection, and either answer or not.
func TestAppLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rest    string
		timeout time.Duration
	}{
		"answers":      {`fmt.Println(` + "`" + `{"app":"acme","handlers":{}}` + "`" + `)`, handlersTimeout},
		"does not end": {`select {}`, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			dir := module(t, `
-- go.mod --
module example.com/app
go 1.24
-- main.go --
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"time"
)

var address string

func main() {
	if len(os.Args) == 1 {
		signal.Ignore(os.Interrupt)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString("x")
		conn.Read(make([]byte, 1))
	}
	defer fmt.Print()
	child := exec.Command("/proc/self/exe")
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		panic(err)
	}
	out.Read(make([]byte, 1))
	_ = time.Second
	`+test.rest+`
}
`)
			if runtime.GOOS != "linux" {
				t.Skip("the app knows its own file on Linux only")
			}
			src := Source{Package: dir, Ldflags: []string{"-X main.address=" + listener.Addr().String()}}
			g, err := newGoCommand(t.Context(), src, toolchain.Cache{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			work := t.TempDir()
			binary := filepath.Join(work, "app")
			if err := g.compile(t.Context(), g.env, binary); err != nil {
				t.Fatal(err)
			}
			if _, err = g.handlers(t.Context(), work, binary, test.timeout); (err == nil) != (name == "answers") {
				t.Fatal(err)
			}
			conn, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("what the app started still runs")
			}
		})
	}
}

func TestAppThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	src := Source{Package: module(t, hanging), Ldflags: []string{"-X main.address=" + listener.Addr().String()}}
	g, err := newGoCommand(t.Context(), src, toolchain.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "app")
	if err := g.compile(t.Context(), g.env, binary); err != nil {
		t.Fatal(err)
	}
	_, err = g.handlers(t.Context(), dir, binary, 100*time.Millisecond)
	if got, ok := errors.AsType[*HandlersError](err); !ok || got.Reason != "does not end within 100ms" {
		t.Errorf("got %v, want a *HandlersError", err)
	}
}

func TestAppThatDoesNotListItsHandlers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, reason, output string }{
		"nothing":        {``, "prints something else: not a JSON list", ""},
		"text":           {`fmt.Println("listening on :8080")`, "prints something else: not a JSON list", ""},
		"other JSON":     {`fmt.Println("{}")`, "prints something else: no app name", ""},
		"exit":           {`fmt.Fprintln(os.Stderr, "usage: acme [flags]"); os.Exit(2)`, "fails (exit status 2)", "usage: acme [flags]"},
		"needs a secret": {`if os.Getenv("SECRET") == "" { panic("SECRET is not set") }`, "fails (exit status 2)", "panic: SECRET is not set"},
		"endless":        {`for { fmt.Println("spam") }`, "prints more than 1048576 bytes", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := module(t, onSDK(test.body))
			_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Build(t.Context(), Source{Package: dir})
			got, ok := errors.AsType[*HandlersError](err)
			if !ok {
				t.Fatalf("got %v, want a *HandlersError", err)
			}
			if !strings.HasPrefix(got.Reason, test.reason) || !strings.HasPrefix(got.Output, test.output) {
				t.Errorf("got reason %q and output %q", got.Reason, got.Output)
			}
			if !strings.Contains(err.Error(), "sdk.New") {
				t.Errorf("%v names no next step", err)
			}
		})
	}
}
