package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

const (
	// startTimeout is how long a program may take until it says that it is there.
	startTimeout = 20 * time.Second
	// stopTimeout is how long a program may take to end once it is asked to.
	stopTimeout = 15 * time.Second
)

// process is a program that runs beside the demo. Its output goes to a file, so that it can outlive the demo, and it is in a
// process group of its own, so that Ctrl-C reaches only the demo, which ends the others in order.
type process struct {
	name  string
	log   string // path of its output
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // valid once ended is closed
}

// startProcess starts the program of that name in the run's bin.
func (w *workspace) startProcess(name string, env []string, args ...string) (*process, error) {
	log, err := os.Create(w.log(name))
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer log.Close() // the process has its own descriptor
	p := &process{name: name, log: log.Name(), ended: make(chan struct{})}
	p.cmd = exec.Command(w.path("bin", name), args...)
	p.cmd.Dir, p.cmd.Env = w.dir, slices.Concat(w.env, env)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// waitFor returns what find makes of the first line of the process's output that it accepts.
func (p *process) waitFor(ctx context.Context, find func(line []byte) (string, bool)) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s did not say that it is ready within %s", p.name, startTimeout))
	defer cancel()
	found := ""
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		output, err := os.ReadFile(p.log)
		if err != nil {
			return false, fmt.Errorf("reading the output of %s: %w", p.name, err)
		}
		for line := range bytes.Lines(output) {
			if value, ok := find(bytes.TrimSpace(line)); ok && bytes.HasSuffix(line, []byte("\n")) {
				found = value
				return true, nil
			}
		}
		select {
		case <-p.ended:
			return false, fmt.Errorf("%s ended at once: %w", p.name, p.exit())
		default:
			return false, nil
		}
	})
	return found, err
}

// exit returns why the ended process is gone, never nil.
func (p *process) exit() error {
	if p.err == nil {
		return errors.New("exit status 0")
	}
	return p.err
}

// stop asks the process to end, waits until it has, and returns an error unless it ended well. A process that does not end is
// killed.
func (p *process) stop() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended before its time: %w", p.name, p.exit())
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	overdue := time.NewTimer(stopTimeout)
	defer overdue.Stop()
	select {
	case <-p.ended:
	case <-overdue.C:
		_ = p.cmd.Process.Kill() // fails only if it has just ended
		<-p.ended
		return fmt.Errorf("%s did not end within %s and was killed", p.name, stopTimeout)
	}
	if p.err != nil {
		return fmt.Errorf("%s did not end well: %w", p.name, p.err)
	}
	return nil
}

// poll calls done until it returns true or fails, at once and then every interval. When ctx ends, it returns the cause.
func poll(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
