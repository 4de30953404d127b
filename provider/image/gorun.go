package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// goError is a go command that ran and failed.
type goError struct {
	subcommand string
	output     string // what it wrote to standard error, tidied
}

// Error returns the subcommand and its output.
func (e *goError) Error() string { return "go " + e.subcommand + ": " + e.output }

// run runs go and returns its standard output, a *goError if it failed, a *SourceError if it took longer than the source allows, or the
// context's error if that ended it.
func (g *goCommand) run(ctx context.Context, env []string, args ...string) ([]byte, error) {
	limited, stop := g.limit(ctx)
	defer stop()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(limited, g.path, args...)
	cmd.Dir = g.root
	cmd.Env = append(slices.Clip(env), "PWD="+g.root)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = stopDelay
	err := runGroup(limited, cmd)
	switch _, exited := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("go %s of %s: %w", args[0], g.src.Package, context.Cause(ctx))
	case limited.Err() != nil:
		return nil, g.timeoutError("go " + args[0])
	case exited:
		return nil, &goError{subcommand: args[0], output: g.tidy(stderr.String(), maxOutputLines)}
	case err != nil:
		return nil, fmt.Errorf("run go %s: %w", args[0], err)
	}
	return stdout.Bytes(), nil
}

func (g *goCommand) timeoutError(act string) error {
	return &SourceError{Field: "BuildTimeout", Err: ErrTimeout, Reason: fmt.Sprintf(
		"%s of %s was stopped with all it had started: listing and building a source may take %v in all; "+
			"allow more time, or keep Go's caches (GOCACHE, GOMODCACHE) from run to run", act, g.src.Package, g.src.buildTimeout())}
}

func isTimeout(err error) bool { return errors.Is(err, ErrTimeout) }

// maxOutputLines of go end up in an error: all that a person would mend in one go. The rest is counted.
const maxOutputLines = 500

// logins in addresses, which git prints with the address that failed.
var logins = regexp.MustCompile(`(://)[^/@\s'"]+@`)

// tidy cuts output to a number of lines, with paths relative to the module, no logins, and no values of the source's variables.
func (g *goCommand) tidy(output string, maxLines int) string {
	output = strings.ReplaceAll(output, g.root+string(filepath.Separator), "")
	output = logins.ReplaceAllString(output, "$1")
	output = g.src.redact(output)
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimRight(line, "\r"), "."+string(filepath.Separator))
	}
	if len(lines) > maxLines {
		lines = append(lines[:maxLines], fmt.Sprintf("… and %d more lines", len(lines)-maxLines))
	}
	return strings.Join(lines, "\n")
}
