package image

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// maxFirsts are the images whose first inputs are remembered; each is a file of a few hundred bytes.
const maxFirsts = 1000

// firstInputs returns the inputs that this very image was built from first, which are its inputs from then on: code that compiles to
// the same bytes, such as one with another comment, is no other image, neither from plan to plan nor from a plan to its apply. It does
// what it can: where nothing can be kept, the inputs are those of now.
func (c cache) firstInputs(digest string, now Inputs) Inputs {
	dir := filepath.Join(c.dir, "firsts")
	file := filepath.Join(dir, strings.TrimPrefix(digest, "sha256:")+".json")
	if first := readInputs(file); first != nil {
		c.touch(file)
		return first
	}
	data, err := json.Marshal(now)
	if err != nil || os.MkdirAll(dir, 0o755) != nil {
		return now
	}
	temporary, err := os.CreateTemp(c.dir, stagePrefix)
	if err != nil {
		return now
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(data)
	if closeErr := temporary.Close(); err != nil || closeErr != nil {
		return now
	}
	_ = os.Remove(file)                 // if it is there, it is damaged
	_ = os.Link(temporary.Name(), file) // unlike a rename, it leaves what another process wrote meanwhile
	if first := readInputs(file); first != nil {
		return first
	}
	return now
}

// readInputs returns what a file holds, or nil.
func readInputs(file string) Inputs {
	var inputs Inputs
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, &inputs) != nil {
		return nil
	}
	return inputs
}
