//go:build unix

package image

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNothingIsLeftOfABuild(t *testing.T) {
	installed, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]time.Duration{"cancelled": 0, "timeout": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			// A build starts a process that heeds no interrupt and holds the pipe open for as long as it lives.
			fakeGo(t, `[ "$1" = build ] || exec '`+installed+`' "$@"
				(trap '' INT; exec /bin/sleep 100000 > '`+pipe+`' 2>&1 < /dev/null) &
				wait`)
			ctx, cancel := context.WithCancelCause(t.Context())
			stopped, ended := errors.New("stopped"), make(chan error, 1)
			go func() {
				reader, err := os.Open(pipe) // waits for the process
				if limit == 0 {
					cancel(stopped)
				}
				if err == nil {
					_, err = io.ReadAll(reader)
				}
				ended <- err
			}()
			cache := t.TempDir()
			_, err := NewBuilder(cache, NewRegistry(nil)).Build(ctx, Source{Package: acme(t) + "/cmd/acme", BuildTimeout: limit})
			wrong, isWrong := errors.AsType[*SourceError](err)
			switch {
			case limit == 0 && errors.Is(err, stopped):
			case limit != 0 && isWrong && wrong.Field == "BuildTimeout" && errors.Is(err, ErrTimeout) &&
				strings.Contains(err.Error(), "was stopped") && strings.Contains(err.Error(), "may take 3s"):
			default:
				t.Errorf("got %v", err)
			}
			if file, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil { // for a process that had no time to start
				file.Close() //nolint:errcheck // nothing was written
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Error("the process lives")
			}
			left, err := filepath.Glob(filepath.Join(cache, stagePrefix+"*"))
			if err != nil || left != nil {
				t.Errorf("the cache holds %v, %v", left, err)
			}
		})
	}
}

func TestBuildTimeout(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]string{
		time.Nanosecond: "go env of ", -time.Second: "is negative",
	} {
		src := Source{Package: acme(t) + "/cmd/acme", BuildTimeout: limit}
		_, err := NewBuilder(t.TempDir(), NewRegistry(nil)).Inputs(t.Context(), src)
		if wrong, ok := errors.AsType[*SourceError](err); !ok || wrong.Field != "BuildTimeout" || !strings.Contains(err.Error(), want) {
			t.Errorf("with %v: got %v, want %q", limit, err, want)
		}
	}
}
