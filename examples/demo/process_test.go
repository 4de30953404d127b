package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// program makes a workspace whose only program is a shell script.
func program(t *testing.T, script string) *workspace {
	t.Helper()
	w := &workspace{dir: t.TempDir(), env: []string{"PATH=" + os.Getenv("PATH"), "GREETING=hello"}}
	for _, folder := range []string{"bin", "logs"} {
		if err := os.Mkdir(w.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(w.path("bin", "program"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return w
}

func greeting(line []byte) (string, bool) { return strings.CutPrefix(string(line), "hello ") }

func TestProcessSaysThatItIsReadyAndIsStopped(t *testing.T) {
	t.Parallel()
	w := program(t, `trap 'echo bye; exit 0' TERM; echo starting; echo "$GREETING $NAME $1"; while :; do sleep 0.01; done`)
	p, err := w.startProcess("program", []string{"NAME=world"}, "!")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.waitFor(t.Context(), greeting); err != nil || got != "world !" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if output, err := os.ReadFile(p.log); err != nil || !strings.HasSuffix(string(output), "bye\n") {
		t.Errorf("its output is %q, %v", output, err)
	}
}

func TestProcessThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	p, err := program(t, "exit 3").startProcess("program", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.waitFor(t.Context(), greeting); err == nil || !strings.Contains(err.Error(), "ended at once: exit status 3") {
		t.Errorf("got %v", err)
	}
	if err := p.stop(); err == nil || !strings.Contains(err.Error(), "before its time") {
		t.Errorf("stopping it: %v", err)
	}
}

func TestProcessIsWaitedForNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	p, err := program(t, "exec sleep 60").startProcess("program", nil)
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := p.waitFor(ctx, greeting); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if err := p.stop(); err == nil || !strings.Contains(err.Error(), "did not end well") {
		t.Errorf("stopping it: %v", err)
	}
}

func TestForeignLeavesOutWhatWouldMislead(t *testing.T) {
	t.Parallel()
	env := []string{
		"PATH=/bin", "HOME=/root", "HOMEBREW=1", "AWS_PROFILE=prod", "TF_LOG=trace", "TF_CLI_ARGS=-x", "HANDLER=jobs",
		"XDG_CACHE_HOME=/c", "LOG_LEVEL=debug", "GOFLAGS=-mod=mod", "HTTPS_PROXY=http://proxy",
	}
	given := slices.Clone(env)
	want := []string{"PATH=/bin", "HOMEBREW=1", "GOFLAGS=-mod=mod", "HTTPS_PROXY=http://proxy"}
	if diff := cmp.Diff(want, foreign(env)); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(given, env) {
		t.Error("the environment given was changed")
	}
}
