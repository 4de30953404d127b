package main

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

	"golang.org/x/sync/errgroup"
)

// workspace is where a demo finds its sources and keeps what it makes.
type workspace struct {
	root string   // of the module's sources
	dir  string   // temporary, of this run alone
	env  []string // for everything that the demo starts
}

// newWorkspace makes the folder of a run, and the environment in which nothing of the user's is touched: a home of its own,
// no AWS or Terraform settings, but Go's settings and caches as they are.
func newWorkspace(ctx context.Context) (*workspace, error) {
	settings, err := goSettings(ctx)
	if err != nil {
		return nil, err
	}
	if settings["GOMOD"] == "" || settings["GOMOD"] == os.DevNull {
		return nil, errors.New("finding the sources: this is no Go module, run the demo from the repository")
	}
	dir, err := os.MkdirTemp("", "handler-demo-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of the run: %w", err)
	}
	w := &workspace{root: filepath.Dir(settings["GOMOD"]), dir: dir}
	for _, name := range []string{"bin", "home", "logs", "terraform"} {
		if err := os.Mkdir(w.path(name), 0o700); err != nil {
			return nil, fmt.Errorf("making the folder of the run: %w", err)
		}
	}
	w.env = append(foreign(os.Environ()),
		"HOME="+w.path("home"),
		"XDG_CACHE_HOME="+w.path("home", "cache"),
		"XDG_CONFIG_HOME="+w.path("home", "config"),
		"AWS_EC2_METADATA_DISABLED=true",
	)
	for _, name := range []string{"GOCACHE", "GOENV", "GOMODCACHE", "GOPATH"} {
		w.env = append(w.env, name+"="+settings[name])
	}
	return w, nil
}

// foreign leaves out of env the variables that would make the demo's programs behave otherwise than it expects.
func foreign(env []string) []string {
	own := []string{"AWS_", "TF_", "HANDLER", "XDG_", "SECRETS_MANAGER_", "LISTEN=", "LOG_LEVEL=", "HOME="}
	return slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		return slices.ContainsFunc(own, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
}

func goSettings(ctx context.Context) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "-json", "GOCACHE", "GOENV", "GOMOD", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		return nil, fmt.Errorf("asking go for its settings: %w", err)
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("reading go's settings: %w", err)
	}
	return settings, nil
}

func (w *workspace) path(elements ...string) string {
	return filepath.Join(append([]string{w.dir}, elements...)...)
}

func (w *workspace) log(name string) string { return w.path("logs", name+".log") }

// The programs of the demo, by name, and the packages they are built from.
var programs = map[string]string{
	"terraform-provider-handler": ".",
	"localaws":                   "./sdk/localaws/cmd/localaws",
	"acme":                       "./handlers",
	"receiver":                   "./examples/demo/receiver",
}

// build builds the programs into the run's bin, as images are built, so that Go compiles for both only once.
func (w *workspace) build(ctx context.Context) error {
	builds, ctx := errgroup.WithContext(ctx)
	for name, source := range programs {
		builds.Go(func() error {
			command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", w.path("bin", name), source)
			command.Dir, command.Env = w.root, append(slices.Clip(w.env), "CGO_ENABLED=0")
			out, err := command.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("building %s: %w", source, err)
			}
			return errors.Join(err, os.WriteFile(w.log("build-"+name), out, 0o600))
		})
	}
	return builds.Wait()
}

// remove deletes the folder of the run.
func (w *workspace) remove() error {
	if err := os.RemoveAll(w.dir); err != nil {
		return fmt.Errorf("removing the folder of the run: %w", err)
	}
	return nil
}
