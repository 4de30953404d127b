package payloads_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
)

func TestReadRecordedWebhooks(t *testing.T) {
	t.Parallel()
	all, err := payloads.Read(filepath.Join("..", payloads.File))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 329 {
		t.Errorf("got %d payloads, want the 329 of the package", len(all))
	}
	events := make(map[string]int)
	for i, payload := range all {
		events[payload.Event]++
		var compact bytes.Buffer
		if err := json.Compact(&compact, payload.Body); err != nil {
			t.Fatalf("payload %d: %v", i, err)
		}
		if !bytes.Equal(compact.Bytes(), payload.Body) || payload.Body[0] != '{' {
			t.Errorf("payload %d (%s) is not a compact object", i, payload.Event)
		}
	}
	if len(events) != 58 || events["push"] != 7 || events["pull_request"] != 29 || events["ping"] != 4 {
		t.Errorf("got %d events: %v", len(events), events)
	}
}

func TestReadReportsWhatIsWrong(t *testing.T) {
	t.Parallel()
	var broken bytes.Buffer
	writer := gzip.NewWriter(&broken)
	if _, err := writer.Write([]byte("{\"event\":\"push\",\"payload\":{}}\n{\"event\":")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plain": []byte("{}\n"), "cut": broken.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := payloads.Read(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := payloads.Read(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("missing file: no error")
	}
}
