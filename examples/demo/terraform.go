package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// terraform runs the CLI on the quickstart's configuration. Its state and data are in the run's folder, and it leaves nothing
// in the configuration's.
type terraform struct {
	binary        string
	configuration string // folder
	state         string // file
	env           []string
	logs          string // folder, with one file for each call
	calls         int
}

// outputs are those of the quickstart.
type outputs struct {
	Queues      map[string]string // URLs by label
	DeadLetters map[string]string // URLs by label
	Functions   map[string]string // names by handler
	ImageURI    string
}

// findTerraform returns the path of the CLI to use.
func findTerraform() (string, error) {
	for _, name := range []string{os.Getenv("TERRAFORM"), "terraform", "tofu"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("finding terraform: neither terraform nor tofu is on the PATH; make demo builds one, or set TERRAFORM")
}

// newTerraform makes the CLI use the provider that the demo has built, under the name that users know it by.
func newTerraform(w *workspace, env []string) (*terraform, error) {
	binary, err := findTerraform()
	if err != nil {
		return nil, err
	}
	cliConfig := w.path("terraform", "cli.tfrc")
	content := fmt.Sprintf(`disable_checkpoint = true
provider_installation {
  dev_overrides {
    "registry.terraform.io/lambda-land/handler" = %[1]q
    "registry.opentofu.org/lambda-land/handler" = %[1]q
  }
  direct {}
}
`, w.path("bin"))
	if err := os.WriteFile(cliConfig, []byte(content), 0o600); err != nil {
		return nil, fmt.Errorf("writing terraform's configuration: %w", err)
	}
	return &terraform{
		binary:        binary,
		configuration: filepath.Join(w.root, "examples", "quickstart"),
		state:         w.path("terraform", "terraform.tfstate"),
		logs:          w.path("logs"),
		env: slices.Concat(w.env, env, []string{
			"TF_CLI_CONFIG_FILE=" + cliConfig,
			"TF_DATA_DIR=" + w.path("terraform", "data"),
			"TF_IN_AUTOMATION=1",
			"CHECKPOINT_DISABLE=1",
		}),
	}, nil
}

func (t *terraform) apply(ctx context.Context) error {
	_, err := t.run(ctx, "apply", "-auto-approve", "-input=false", "-no-color", "-state="+t.state)
	return err
}

func (t *terraform) destroy(ctx context.Context) error {
	_, err := t.run(ctx, "destroy", "-auto-approve", "-input=false", "-no-color", "-state="+t.state)
	return err
}

func (t *terraform) taint(ctx context.Context, address string) error {
	_, err := t.run(ctx, "taint", "-state="+t.state, address)
	return err
}

// planEmpty returns an error if there is anything to do.
func (t *terraform) planEmpty(ctx context.Context) error {
	_, err := t.run(ctx, "plan", "-detailed-exitcode", "-input=false", "-no-color", "-state="+t.state)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 2 {
		return errors.New("the plan after the last apply is not empty")
	}
	return err
}

func (t *terraform) outputs(ctx context.Context) (outputs, error) {
	raw, err := t.run(ctx, "output", "-json", "-state="+t.state)
	if err != nil {
		return outputs{}, err
	}
	type value[T any] struct{ Value T }
	var out struct {
		Queues      value[map[string]string] `json:"queue_urls"`
		DeadLetters value[map[string]string] `json:"dead_letter_queue_urls"`
		Functions   value[map[string]string] `json:"function_names"`
		ImageURI    value[string]            `json:"image_uri"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return outputs{}, fmt.Errorf("reading terraform's outputs: %w", err)
	}
	return outputs{out.Queues.Value, out.DeadLetters.Value, out.Functions.Value, out.ImageURI.Value}, nil
}

// run runs one command of the CLI and returns its standard output. All of its output goes to a log of its own.
func (t *terraform) run(ctx context.Context, command string, args ...string) ([]byte, error) {
	t.calls++
	log, err := os.Create(filepath.Join(t.logs, fmt.Sprintf("terraform-%d-%s.log", t.calls, command)))
	if err != nil {
		return nil, fmt.Errorf("running terraform %s: %w", command, err)
	}
	defer log.Close() // the logs are for reading, should anything fail
	cmd := exec.CommandContext(ctx, t.binary, append([]string{"-chdir=" + t.configuration, command}, args...)...)
	cmd.Env = t.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(log, &stdout), log
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("running terraform %s: %w", command, err)
	}
	return stdout.Bytes(), nil
}
