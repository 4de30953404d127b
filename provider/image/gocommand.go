package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// goCommand is the go command as one source needs it: which directory, environment, module and release.
type goCommand struct {
	src     Source
	path    string   // of the executable
	env     []string // of every call, complete
	root    string   // directory of the module: go runs here, so that the paths it prints are relative to it
	pattern string   // the package, relative to root
	settings
}

// settings are what `go env` says of itself for the package.
type settings struct {
	GOVERSION, GOMOD, GOMODCACHE, GOFLAGS     string
	GOEXPERIMENT, GOFIPS140, GOAMD64, GOARM64 string
}

// stopDelay is how long an interrupted command has to end before it is killed.
const stopDelay = 5 * time.Second

// newGoCommand validates src against the disk and asks go about the module and release it would use.
func newGoCommand(ctx context.Context, src Source) (*goCommand, error) {
	if err := src.validate(); err != nil {
		return nil, err
	}
	dir, err := src.directory()
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", src.Package, ErrNoGo)
	}
	g := &goCommand{src: src, path: path, root: dir, pattern: "."}
	g.env = g.environment(os.Environ(), "linux", src.goArch())
	out, err := g.run(ctx, g.env, "env", "-json",
		"GOVERSION", "GOMOD", "GOMODCACHE", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64")
	if failed, ok := errors.AsType[*goError](err); ok {
		return nil, &ToolchainError{Version: src.GoVersion, Output: failed.output}
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &g.settings); err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", path, err)
	}
	return g, g.enterModule(dir)
}

// enterModule makes go run in the module's own directory.
func (g *goCommand) enterModule(dir string) error {
	if g.GOMOD == "" || g.GOMOD == os.DevNull {
		return &SourceError{Field: "Package", Err: ErrNoModule,
			Reason: fmt.Sprintf("package %s is not in a Go module: there is no go.mod in %s or above; "+
				"run `go mod init` in the app's folder", g.src.Package, dir)}
	}
	isOverlay := func(flag string) bool { return strings.HasPrefix(strings.TrimLeft(flag, "-"), "overlay=") }
	if slices.ContainsFunc(strings.Fields(g.GOFLAGS), isOverlay) {
		return &SourceError{Field: "Env", Err: ErrInvalid,
			Reason: "GOFLAGS sets -overlay, which would put files into the image that are not in the package: unset it"}
	}
	root, err := filepath.EvalSymlinks(filepath.Dir(g.GOMOD))
	if err != nil {
		return fmt.Errorf("find the module of %s: %w", g.src.Package, err)
	}
	relative, err := filepath.Rel(root, dir)
	if err != nil {
		return fmt.Errorf("find the module of %s: %w", g.src.Package, err)
	}
	g.root, g.pattern = root, "./"+filepath.ToSlash(relative)
	return nil
}

// environment returns inherited with the source's own variables and those that an image needs; the last of a name counts.
func (g *goCommand) environment(inherited []string, goos, goarch string) []string {
	env := slices.Clone(inherited)
	for name, value := range g.src.Env {
		env = append(env, name+"="+value)
	}
	if g.src.GoVersion != "" {
		env = append(env, "GOTOOLCHAIN=go"+g.src.GoVersion)
	}
	return append(env, "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
}

// goError is a go command that ran and failed.
type goError struct {
	subcommand string
	output     string // what it wrote to standard error, tidied
}

// Error returns the subcommand and its output.
func (e *goError) Error() string { return "go " + e.subcommand + ": " + e.output }

// run runs go and returns its standard output, a *goError if it failed, or the context's error if that ended it.
func (g *goCommand) run(ctx context.Context, env []string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Dir = g.root
	cmd.Env = append(slices.Clip(env), "PWD="+g.root)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = stopDelay
	cmd.Cancel = func() error { // interrupted, go ends its compilers; killed, it leaves them behind
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	err := cmd.Run()
	switch _, exited := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("go %s of %s: %w", args[0], g.src.Package, context.Cause(ctx))
	case exited:
		return nil, &goError{subcommand: args[0], output: g.tidy(stderr.String())}
	case err != nil:
		return nil, fmt.Errorf("run go %s: %w", args[0], err)
	}
	return stdout.Bytes(), nil
}

// maxOutputLines of go or of an app end up in an error; the rest is counted.
const maxOutputLines = 40

// tidy cuts output to a sane number of lines, with paths relative to the module.
func (g *goCommand) tidy(output string) string {
	output = strings.ReplaceAll(output, g.root+string(filepath.Separator), "")
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimRight(line, "\r"), "."+string(filepath.Separator))
	}
	if len(lines) > maxOutputLines {
		lines = append(lines[:maxOutputLines], fmt.Sprintf("… and %d more lines", len(lines)-maxOutputLines))
	}
	return strings.Join(lines, "\n")
}
