package provider

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// keptNotes is how long a note may be of use: nobody leaves Terraform waiting for an answer for longer.
const keptNotes = 24 * time.Hour

// walks lets the apply of a run of Terraform know what its plan found. Terraform plans again while it applies, in another process of the
// provider, and if that finds other inputs, calls it a bug of the provider. Nothing of the plan reaches that process but what the first
// leaves on disk, under a name that belongs to the run: the process that started both.
type walks struct {
	dir     string
	run     string // empty if it is not known
	process int
}

// note is what a process found.
type note struct {
	Process int
	Inputs  image.Inputs
}

func newWalks(dir string) walks {
	return walks{dir: dir, run: currentRun(), process: os.Getpid()}
}

// currentRun names the process of Terraform that started this one; empty if none did, as in tests and debuggers, or where there is no
// /proc.
func currentRun() string {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") == "" {
		return ""
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", os.Getppid()))
	if err != nil {
		return ""
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	const started = 19 // counted behind the command's name, see proc_pid_stat(5)
	if parts := strings.Fields(fields); len(parts) > started {
		return fmt.Sprintf("%d-%s", os.Getppid(), parts[started])
	}
	return ""
}

// changedError is a source that changed since it was planned.
type changedError struct{ differences []string }

// Error lists what differs.
func (e *changedError) Error() string {
	return "what the image is built from is not what it was when the plan was made:\n\n" + strings.Join(e.differences, "\n")
}

// compare returns a *changedError if another process of this run found other inputs; else it notes these. It does what it can: without
// a note, Terraform compares the plans itself.
func (w walks) compare(source image.Source, inputs image.Inputs) error {
	key, err := json.Marshal(source)
	if w.run == "" || err != nil {
		return nil //nolint:nilerr // see above
	}
	file := filepath.Join(w.dir, fmt.Sprintf("%s-%x.json", w.run, sha256.Sum256(key)))
	var found note
	if content, err := os.ReadFile(file); err != nil || json.Unmarshal(content, &found) != nil {
		w.leave(file, inputs)
		return nil //nolint:nilerr // see above
	}
	if differences := inputs.Differences(found.Inputs); found.Process != w.process && len(differences) > 0 {
		return &changedError{differences}
	}
	return nil
}

// leave leaves a note.
func (w walks) leave(file string, inputs image.Inputs) {
	if content, err := json.Marshal(note{w.process, inputs}); err == nil {
		w.prune()
		_ = replaceFile(file, content)
	}
}

// prune removes the notes of runs that ended long ago.
func (w walks) prune() {
	entries, _ := os.ReadDir(w.dir)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > keptNotes {
			_ = os.Remove(filepath.Join(w.dir, entry.Name()))
		}
	}
}
