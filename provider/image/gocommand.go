package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lambda-land/terraform-provider-handler/provider/image/toolchain"
)

// goCommand is the go command as one source needs it: which directory, environment, module and release.
type goCommand struct {
	src     Source
	path    string       // of the executable
	env     []string     // of every call, complete
	root    string       // directory of the module: go runs here, so that the paths it prints are relative to it
	pattern string       // the package, relative to root
	spent   atomic.Int64 // nanoseconds of the source's BuildTimeout
	settings
}

// settings are what `go env` says of itself for the package.
type settings struct {
	GOVERSION, GOMOD, GOMODCACHE, GOFLAGS     string
	GOEXPERIMENT, GOFIPS140, GOAMD64, GOARM64 string
	GOWORK, GOROOT, GODEBUG, GO111MODULE      string
}

// newGoCommand validates src against the disk, finds or fetches a go command, and asks it about the module and release it would use.
func newGoCommand(ctx context.Context, src Source, releases toolchain.Cache) (*goCommand, error) {
	if err := src.validate(); err != nil {
		return nil, err
	}
	dir, err := src.directory()
	if err != nil {
		return nil, err
	}
	g := &goCommand{src: src, root: dir, pattern: "."}
	inherited := g.sourceEnvironment()
	if g.settings, err = g.installed(ctx, inherited, releases.Dir); errors.Is(err, ErrNoGo) {
		g.settings, err = g.fetched(ctx, inherited, releases, err)
	}
	if err != nil {
		return nil, err
	}
	return g, g.enterModule(dir)
}

// installed uses the go command on the PATH. The error is [ErrNoGo] if there is none, it does not run, or it is too old to switch to other
// releases by itself.
func (g *goCommand) installed(ctx context.Context, inherited []string, cacheDir string) (settings, error) {
	path := onPath(inherited, "go")
	if path == "" {
		return settings{}, &NoGoError{}
	}
	g.path = path
	env := append(inherited, toolchain.NewSettings(inherited).Caches(cacheDir)...)
	if g.src.GoVersion != "" {
		env = append(env, "GOTOOLCHAIN=go"+g.src.GoVersion)
	}
	g.env = imageEnvironment(env, "linux", g.src.goArch())
	found, err := g.readSettings(ctx)
	failed, isFailed := errors.AsType[*goError](err)
	switch {
	case ctx.Err() != nil || isTimeout(err):
		return settings{}, err
	case err == nil && toolchain.CanSwitch(found.GOVERSION):
		return found, nil
	case err == nil:
		return settings{}, &NoGoError{Found: fmt.Sprintf("%s is %s", path, found.GOVERSION)}
	case !isFailed:
		return settings{}, &NoGoError{Found: err.Error()}
	}
	// It may be broken, or fail to get another release: then it can still say which one it is itself.
	if _, broken := g.run(ctx, append(slices.Clip(g.env), "GOTOOLCHAIN=local"), "version"); broken != nil {
		return settings{}, &NoGoError{Found: fmt.Sprintf("%s does not run: %v", path, broken)}
	}
	return settings{}, &ToolchainError{Version: g.src.GoVersion, Output: failed.output, Hint: g.advise(failed.output)}
}

// fetched uses a go command that is got for the purpose; missing says why.
func (g *goCommand) fetched(ctx context.Context, inherited []string, releases toolchain.Cache, missing error) (settings, error) {
	known := toolchain.NewSettings(inherited)
	release := g.src.GoVersion
	if release == "" {
		release = toolchain.Wanted(g.root, known)
	}
	limited, stop := g.limit(ctx)
	defer stop()
	root, err := releases.Get(limited, release, known)
	switch noGo, _ := errors.AsType[*NoGoError](missing); {
	case isTimeout(err):
		return settings{}, g.timeoutError("fetching Go " + release)
	case ctx.Err() != nil:
		return settings{}, err
	case errors.Is(err, toolchain.ErrUnknown) && g.src.GoVersion != "":
		return settings{}, &ToolchainError{Version: release, Output: err.Error()}
	case err != nil:
		return settings{}, fmt.Errorf("build %s: %w", g.src.Package, &NoGoError{Found: noGo.Found, Err: err})
	}
	own := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool { return strings.HasPrefix(variable, "GOROOT=") })
	own = append(own, known.Caches(releases.Dir)...)
	g.path = toolchain.Command(root)
	g.env = imageEnvironment(append(own, "GOTOOLCHAIN=local"), "linux", g.src.goArch())
	found, err := g.readSettings(ctx)
	if failed, ok := errors.AsType[*goError](err); ok {
		err = &ToolchainError{Version: g.src.GoVersion, Output: failed.output, Hint: g.advise(failed.output)}
	}
	return found, err
}

// readSettings asks go about itself.
func (g *goCommand) readSettings(ctx context.Context) (settings, error) {
	var found settings
	out, err := g.run(ctx, g.env, "env", "-json",
		"GOVERSION", "GOMOD", "GOMODCACHE", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64",
		"GOWORK", "GOROOT", "GODEBUG", "GO111MODULE")
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(out, &found); err != nil {
		return found, fmt.Errorf("read the settings of %s: %w", g.path, err)
	}
	return found, nil
}

// enterModule makes go run in the module's own directory.
func (g *goCommand) enterModule(dir string) error {
	if g.GOMOD == "" || g.GOMOD == os.DevNull {
		return &SourceError{Field: "Package", Err: ErrNoModule,
			Reason: fmt.Sprintf("package %s is not in a Go module: there is no go.mod in %s or above; "+
				"run `go mod init` in the app's folder", g.src.Package, dir)}
	}
	if flagOf(g.GOFLAGS, "overlay") != "" {
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

// sourceEnvironment returns this process's environment with the source's own variables; the last of a name counts.
func (g *goCommand) sourceEnvironment() []string {
	env := os.Environ()
	for name, value := range g.src.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// imageEnvironment returns inherited with the variables that an image needs, or a host's binary that is asked in its place. Nobody is
// there to answer a prompt.
func imageEnvironment(inherited []string, goos, goarch string) []string {
	return append(slices.Clip(inherited), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch,
		"GIT_TERMINAL_PROMPT=0", "GCM_INTERACTIVE=never")
}

// onPath returns the path of an executable in a directory that the environment's PATH names; empty if there is none.
func onPath(environment []string, name string) string {
	for _, dir := range filepath.SplitList(toolchain.NewSettings(environment).Get("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // what happens to lie in the working directory is not run
		}
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

// limit returns a context that ends when go has run for as long as the source's BuildTimeout allows, counted over all calls and not
// while they wait for other builds. stop is called when go has ended.
func (g *goCommand) limit(ctx context.Context) (limited context.Context, stop func()) {
	begin := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, g.src.buildTimeout()-time.Duration(g.spent.Load()), ErrTimeout)
	return limited, func() {
		cancel()
		g.spent.Add(int64(time.Since(begin)))
	}
}
