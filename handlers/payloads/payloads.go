// Package payloads reads the recorded GitHub webhooks of handlers/testdata. Tests and the demo use it; the app does not.
package payloads

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// File is where the recorded webhooks are, relative to the folder handlers.
const File = "testdata/github-webhooks.jsonl.gz"

// Payload is one recorded webhook.
type Payload struct {
	// Event is GitHub's name of the event, as in the header X-GitHub-Event, such as "pull_request".
	Event string `json:"event"`
	// Body is the webhook's body: compact JSON, always an object.
	Body json.RawMessage `json:"payload"`
}

// Read returns all recorded webhooks of the gzipped JSON lines at path, in their order.
func Read(path string) ([]Payload, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading recorded webhooks: %w", err)
	}
	defer file.Close() // only read

	lines, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("reading recorded webhooks from %s: %w", path, err)
	}
	var all []Payload
	for decoder := json.NewDecoder(lines); ; {
		var payload Payload
		err := decoder.Decode(&payload)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading recorded webhook %d from %s: %w", len(all)+1, path, err)
		}
		all = append(all, payload)
	}
}
