package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
	"github.com/lambda-land/terraform-provider-handler/handlers/run"
)

// github posts webhooks as GitHub would, and remembers which were accepted. It is safe for concurrent use.
type github struct {
	url string
	key string // what it signs with

	mu       sync.Mutex
	accepted []webhook
}

// webhook is one delivery of a recorded payload.
type webhook struct {
	id    string // X-GitHub-Delivery
	event string // X-GitHub-Event
	body  []byte
}

// readWebhooks makes one delivery of each recorded payload.
func readWebhooks(root string) ([]webhook, error) {
	recorded, err := payloads.Read(filepath.Join(root, "handlers", payloads.File))
	if err != nil {
		return nil, err
	}
	webhooks := make([]webhook, len(recorded))
	for i, payload := range recorded {
		webhooks[i] = webhook{id: uuid.NewString(), event: payload.Event, body: payload.Body}
	}
	return webhooks, nil
}

// asksForRun tells whether acme is to do a run because of the webhook.
func (w webhook) asksForRun() bool {
	var payload struct{ Action string }
	if err := json.Unmarshal(w.body, &payload); err != nil {
		return false
	}
	return w.event == "push" || w.event == "pull_request" && (payload.Action == "opened" || payload.Action == "synchronize")
}

// postAll posts webhooks, several at a time. Each must be accepted.
func (g *github) postAll(ctx context.Context, webhooks []webhook) error {
	posting, ctx := errgroup.WithContext(ctx)
	posting.SetLimit(8)
	for _, w := range webhooks {
		posting.Go(func() error { return g.post(ctx, w) })
	}
	return posting.Wait()
}

// post posts one webhook, which must be accepted.
func (g *github) post(ctx context.Context, w webhook) error {
	status, err := g.deliver(ctx, w, signature(g.key, w.body))
	if err != nil {
		return err
	}
	if status != http.StatusAccepted {
		return fmt.Errorf("posting webhook %s: the server answered %d, not 202", w.event, status)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.accepted = append(g.accepted, w)
	return nil
}

// postForged posts webhooks that are signed wrongly, each in another way. All of them must be refused with 401.
func (g *github) postForged(ctx context.Context, webhooks []webhook) error {
	for i, w := range webhooks {
		forged := [...]string{
			signature("another key", w.body),
			signature(g.key, append(bytes.Clone(w.body), ' ')),
			signature(g.key, nil),
			"sha256=",
			"",
		}[i%5]
		status, err := g.deliver(ctx, w, forged)
		if err != nil {
			return err
		}
		if status != http.StatusUnauthorized {
			return fmt.Errorf("posting webhook %s with a wrong signature: the server answered %d, not 401", w.event, status)
		}
	}
	return nil
}

// deliver posts a webhook with that signature and returns the status of the answer.
func (g *github) deliver(ctx context.Context, w webhook, signature string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(w.body))
	if err != nil {
		return 0, fmt.Errorf("posting webhook %s: %w", w.event, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "GitHub-Hookshot/demo")
	request.Header.Set("X-GitHub-Delivery", w.id)
	request.Header.Set("X-GitHub-Event", w.event)
	if signature != "" {
		request.Header.Set("X-Hub-Signature-256", signature)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("posting webhook %s: %w", w.event, err)
	}
	defer response.Body.Close() // the status is all
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("posting webhook %s: reading the answer: %w", w.event, err)
	}
	return response.StatusCode, nil
}

func signature(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// ledger is what the app owes for the webhooks that it has accepted.
type ledger struct {
	webhooks   map[string]bool // IDs of events to be handled
	deliveries map[string]bool // IDs of messages that the subscriber is to get
	sent       map[eventKey]int
}

func (g *github) ledger() ledger {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := ledger{webhooks: make(map[string]bool), deliveries: make(map[string]bool), sent: make(map[eventKey]int)}
	for _, w := range g.accepted {
		l.webhooks[w.id] = true
		l.sent[eventKey{"acme-webhooks", "github." + w.event}]++
		if w.asksForRun() {
			l.deliveries[run.FinishedID(run.RequestedID(w.id))] = true
			l.sent[eventKey{"acme-jobs", run.Requested}]++
			l.sent[eventKey{"acme-deliveries", run.Finished}]++
		}
	}
	return l
}

// missing counts what is owed but not done.
func missing[V any](owed map[string]bool, done map[string]V) int {
	n := 0
	for id := range owed {
		if _, ok := done[id]; !ok {
			n++
		}
	}
	return n
}
