package image

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
			dir := module(t, "-- go.mod --\nmodule example.com/app\ngo 1.24\n-- main.go --\npackage main\nimport (\"fmt\"; \"os\")\n"+
				"var _ = os.Args\nvar _ = fmt.Sprint()\nfunc main() {"+test.body+"}\n")
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
