package image

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const (
	// handlersTimeout is how long an app may take to list its handlers; those on the SDK take milliseconds.
	handlersTimeout = 10 * time.Second
	// maxListing of handlers in bytes: an image's configuration has to stay small.
	maxListing = 1 << 20
)

// handlers asks the built binary what it handles and returns its answer as compact JSON. Where the binary does not run, one for this
// machine is built to be asked. It runs in dir with next to no environment: what an app handles is fixed when it is built.
func (g *goCommand) handlers(ctx context.Context, dir, binary string, timeout time.Duration) ([]byte, error) {
	if !g.runsHere() {
		binary = filepath.Join(dir, "app-here"+executableSuffix())
		if err := g.compile(ctx, imageEnvironment(g.env, runtime.GOOS, runtime.GOARCH), binary); err != nil {
			return nil, err
		}
	}
	failed := func(format string, args ...any) *HandlersError {
		return &HandlersError{Package: g.src.Package, Reason: fmt.Sprintf(format, args...)}
	}
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stdout, stderr := &limitedBuffer{limit: maxListing, overflow: cancel}, &limitedBuffer{limit: maxListing}
	cmd := exec.CommandContext(timed, binary, "backend", "handlers", "-json")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH="}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second
	err := runGroup(timed, cmd)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("list the handlers of %s: %w", g.src.Package, context.Cause(ctx))
	case stdout.full:
		return nil, failed("prints more than %d bytes", maxListing)
	case errors.Is(timed.Err(), context.DeadlineExceeded):
		return nil, failed("does not end within %v", timeout)
	case err != nil:
		problem := failed("fails (%v)", err)
		problem.Output = g.tidy(string(stderr.kept))
		return nil, problem
	}
	label, err := compactListing(stdout.kept)
	if err != nil {
		return nil, failed("prints something else: %v", err)
	}
	return label, nil
}

func executableSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// limitedBuffer keeps the first limit bytes and calls overflow, if any, when there are more.
type limitedBuffer struct {
	kept     []byte
	limit    int
	full     bool
	overflow func()
}

// Write keeps what fits and never fails.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	room := b.limit - len(b.kept)
	if len(p) > room {
		b.full = true
		if b.overflow != nil {
			b.overflow()
		}
	}
	b.kept = append(b.kept, p[:min(len(p), room)]...)
	return len(p), nil
}
