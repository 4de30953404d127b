package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-data", t.TempDir()}, write, io.Discard) }()

	lines := bufio.NewScanner(read)
	var output []string
	for len(output) < 2 && lines.Scan() {
		output = append(output, lines.Text())
	}
	endpoint, ok := strings.CutPrefix(output[0], "localaws listens on ")
	if !ok || !strings.HasPrefix(output[1], "export AWS_ENDPOINT_URL="+endpoint+" AWS_ACCESS_KEY_ID=") {
		t.Fatalf("got %q", output)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("got %s, %v", answer.Status, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-listen", "nowhere"}, {"-unknown"}, {"argument"}, {"-data", "/dev/null/x", "-listen", "127.0.0.1:0"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
