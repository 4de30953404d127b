package image

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	// maxAppLines of an app's standard error end up in an error.
	maxAppLines = 40
)

// sdkPackage is what an app that lists its handlers imports.
const sdkPackage = "github.com/lambda-land/terraform-provider-handler/sdk"

// handlersIfAny returns what the app lists with `backend handlers -json`, as compact JSON. It is nil if the source does not want it to be
// asked, or if it fails to answer and is not on the SDK: then there may well be no such command.
func (s *survey) handlersIfAny(ctx context.Context, dir, binary string) ([]byte, error) {
	if s.command.src.SkipHandlers {
		return nil, nil
	}
	answer, err := s.command.handlers(ctx, dir, binary, handlersTimeout)
	if _, failed := errors.AsType[*HandlersError](err); failed && !s.inventory.links(sdkPackage) {
		return nil, nil
	}
	return answer, err
}

// handlers asks the built binary what it handles and returns its answer as compact JSON. Where the binary does not run, one for this
// machine is built to be asked. It gets nothing of this process's environment, neither credentials nor proxies, and no input: what an
// app handles is fixed when it is built. What it starts ends with it.
func (g *goCommand) handlers(ctx context.Context, dir, binary string, timeout time.Duration) ([]byte, error) {
	failed := func(format string, args ...any) *HandlersError {
		return &HandlersError{Package: g.src.Package, Reason: fmt.Sprintf(format, args...)}
	}
	if !g.runsHere() {
		binary = filepath.Join(dir, "app-here"+executableSuffix())
		err := g.compile(ctx, g.hostEnvironment(), binary)
		if broken, ok := errors.AsType[*BuildError](err); ok {
			problem := failed("cannot be asked here, because the app does not build for %s/%s as it does for linux/%s",
				runtime.GOOS, runtime.GOARCH, g.src.goArch())
			problem.Output = broken.Output
			return nil, problem
		}
		if err != nil {
			return nil, err
		}
	}
	home, err := os.MkdirTemp(dir, "home-")
	if err != nil {
		return nil, fmt.Errorf("list the handlers of %s: %w", g.src.Package, err)
	}
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stdout, stderr := &limitedBuffer{limit: maxListing, overflow: cancel}, &limitedBuffer{limit: maxListing}
	cmd := exec.CommandContext(timed, binary, "backend", "handlers", "-json")
	cmd.Dir, cmd.Env = home, []string{"HOME=" + home, "TMPDIR=" + home, "PATH="}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second
	err = runGroup(timed, cmd)
	if cmd.Process != nil {
		killGroup(cmd) // what it left running
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("list the handlers of %s: %w", g.src.Package, context.Cause(ctx))
	case stdout.full:
		return nil, failed("prints more than %d bytes", maxListing)
	case errors.Is(timed.Err(), context.DeadlineExceeded):
		return nil, failed("does not end within %v", timeout)
	case err != nil:
		problem := failed("fails (%v)", err)
		problem.Output = g.tidy(string(stderr.kept), maxAppLines)
		return nil, problem
	}
	label, err := compactListing(stdout.kept)
	if err != nil {
		return nil, failed("prints something else: %v", err)
	}
	return label, nil
}

// runsHere reports whether this machine runs the image's binary.
func (g *goCommand) runsHere() bool {
	usual := g.GOAMD64 == "v1"
	if g.src.goArch() == "arm64" {
		usual = g.GOARM64 == "v8.0"
	}
	return usual && runtime.GOOS == "linux" && runtime.GOARCH == g.src.goArch()
}

// hostEnvironment is that of a build for any machine of this one's kind.
func (g *goCommand) hostEnvironment() []string {
	return append(imageEnvironment(g.env, runtime.GOOS, runtime.GOARCH), "GOAMD64=v1", "GOARM64=v8.0")
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
