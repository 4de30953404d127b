package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

func TestServeWantsAKey(t *testing.T) {
	t.Setenv("GITHUB_WEBHOOK_SECRET", "")
	if err := Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "GITHUB_WEBHOOK_SECRET is not set") {
		t.Errorf("got %v", err)
	}
}

func TestServeWantsAnAddress(t *testing.T) {
	t.Setenv("GITHUB_WEBHOOK_SECRET", exampleKey)
	t.Setenv("LISTEN", "127.0.0.1:http:80")
	if err := Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "from LISTEN") {
		t.Errorf("got %v", err)
	}
}

// TestServeTellsItsAddress starts the server on a free port, finds it by its log, and ends it.
func TestServeTellsItsAddress(t *testing.T) {
	t.Setenv("GITHUB_WEBHOOK_SECRET", exampleKey)
	t.Setenv("LISTEN", "127.0.0.1:0")
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(sdk.WithLogger(t.Context(), slog.New(slog.NewJSONHandler(writer, nil))))
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx)
		writer.Close() //nolint:errcheck // never fails
	}()

	lines := bufio.NewScanner(reader)
	if !lines.Scan() {
		t.Fatal("no line of log")
	}
	var line struct{ Msg, Address string }
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Msg != "listening" {
		t.Fatalf("got %s: %v", lines.Text(), err)
	}
	response, err := http.Get("http://" + line.Address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close() //nolint:errcheck // only the status counts
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
	cancel()
	for lines.Scan() { // until Serve has returned
	}
	if err := <-served; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// TestServeFinishesWhatHasBegun ends the server while it works on a request, which must be answered, with a context that has
// not ended.
func TestServeFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(sdk.WithLogger(t.Context(), slog.New(slog.DiscardHandler)))
	defer cancel()
	begun := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-ctx.Done()
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, handler) }()

	answered := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answered <- 0
			return
		}
		response.Body.Close() //nolint:errcheck // only the status counts
		answered <- response.StatusCode
	}()
	<-begun
	cancel()
	if status := <-answered; status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	if err := <-served; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func hubSignature(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// jsonOfSize makes a JSON object of that many bytes.
func jsonOfSize(size int) []byte {
	const frame = `{"zen":""}`
	return []byte(`{"zen":"` + strings.Repeat("z", size-len(frame)) + `"}`)
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var decoded [2]any
	for i, encoded := range [][]byte{a, b} {
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber()
		if err := decoder.Decode(&decoded[i]); err != nil {
			t.Fatal(err)
		}
	}
	return cmp.Equal(decoded[0], decoded[1])
}
