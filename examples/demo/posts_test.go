package main

import (
	"crypto/hmac"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// The example of GitHub's documentation on validating webhooks.
func TestSignature(t *testing.T) {
	t.Parallel()
	const want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := signature("It's a Secret to Everybody", []byte("Hello, World!")); got != want {
		t.Errorf("got %s", got)
	}
}

// checking is a server that accepts what is signed with key.
func checking(t *testing.T, key string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if !hmac.Equal([]byte(r.Header.Get("X-Hub-Signature-256")), []byte(signature(key, body))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestPostsAndLedger(t *testing.T) {
	t.Parallel()
	webhooks, err := readWebhooks(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	g := &github{url: checking(t, "key").URL, key: "key"}
	if err := g.postAll(t.Context(), webhooks); err != nil {
		t.Fatal(err)
	}
	if err := g.postForged(t.Context(), webhooks[:forged]); err != nil {
		t.Fatal(err)
	}
	owed := g.ledger()
	if len(owed.webhooks) != 329 || len(owed.deliveries) != 12 || owed.sent[eventKey{"acme-webhooks", "github.push"}] != 7 ||
		owed.sent[eventKey{"acme-deliveries", "run.finished"}] != 12 {
		t.Errorf("owed: %d webhooks, %d deliveries, %v", len(owed.webhooks), len(owed.deliveries), owed.sent)
	}
	id := webhooks[0].id
	if got := missing(owed.webhooks, map[string]bool{id: true, "another": true}); got != 328 {
		t.Errorf("%d missing", got)
	}
}

func TestPostsThatAreAnsweredWrongly(t *testing.T) {
	t.Parallel()
	ping := webhook{id: "1", event: "ping", body: []byte("{}")}
	g := &github{url: checking(t, "another key").URL, key: "key"}
	if err := g.post(t.Context(), ping); err == nil {
		t.Error("a webhook that is refused: no error")
	}
	if owed := g.ledger(); len(owed.webhooks) > 0 {
		t.Error("a webhook that is refused is owed for")
	}
	if err := g.postForged(t.Context(), []webhook{ping}); err == nil {
		t.Error("a forged webhook that is accepted: no error")
	}
}
