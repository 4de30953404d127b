package server

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/handlers/payloads"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// The example of GitHub's documentation on validating webhooks.
const (
	exampleKey       = "It's a Secret to Everybody"
	exampleBody      = "Hello, World!"
	exampleSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

func TestSigned(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header, body string
		want         bool
	}{
		"GitHub's example": {header: exampleSignature, body: exampleBody, want: true},
		"upper case":       {header: "sha256=" + strings.ToUpper(exampleSignature[7:]), body: exampleBody, want: true},
		"other body":       {header: exampleSignature, body: exampleBody + " "},
		"missing":          {body: exampleBody},
		"SHA-1":            {header: "sha1=" + exampleSignature[7:47], body: exampleBody},
		"no digits":        {header: "sha256=", body: exampleBody},
		"too short":        {header: exampleSignature[:69], body: exampleBody},
		"too long":         {header: exampleSignature + "00", body: exampleBody},
		"no hex":           {header: "sha256=" + strings.Repeat("x", 64), body: exampleBody},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signature, ok := parseSignature(test.header)
			if got := ok && signed([]byte(exampleKey), []byte(test.body), signature); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

// serveTest returns the server's routes, and what they send.
func serveTest(t *testing.T) (func(*http.Request) *http.Response, *sdktest.Outbox) {
	t.Helper()
	ctx, outbox := sdktest.Context(t, sdk.New("acme"))
	handler := newHandler([]byte(exampleKey))
	return func(r *http.Request) *http.Response {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r.WithContext(ctx))
		return recorder.Result()
	}, outbox
}

// delivery is a webhook as GitHub posts it.
func delivery(event string, body []byte) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/webhooks/github", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-GitHub-Event", event)
	request.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	request.Header.Set("X-Hub-Signature-256", hubSignature(exampleKey, body))
	return request
}

func TestServerQueuesRecordedWebhooks(t *testing.T) {
	t.Parallel()
	recorded, err := payloads.Read(filepath.Join("..", payloads.File))
	if err != nil {
		t.Fatal(err)
	}
	serve, outbox := serveTest(t)
	for _, payload := range recorded {
		if response := serve(delivery(payload.Event, payload.Body)); response.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: got %s", payload.Event, response.Status)
		}
	}
	sent := outbox.Sent()
	if len(sent) != len(recorded) {
		t.Fatalf("sent %d events, want %d", len(sent), len(recorded))
	}
	for i, event := range sent {
		if event.Queue != "webhooks" || event.Type != "github."+recorded[i].Event || event.ID != "72d3162e-cc78-11e3-81ab-4c9367dc0958" {
			t.Errorf("event %d is %s %s on %s", i, event.Type, event.ID, event.Queue)
		}
		if !sameJSON(t, event.Data, recorded[i].Body) {
			t.Errorf("event %d (%s) has other data than was posted", i, event.Type)
		}
	}
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	object := []byte(`{"zen":"Keep it logically awesome."}`)
	tests := map[string]struct {
		body   []byte
		change func(*http.Request)
		want   int
	}{
		"wrong signature": {body: object, want: 401, change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", hubSignature("another key", object))
		}},
		"no signature":         {body: object, want: 401, change: func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }},
		"no event":             {body: object, want: 400, change: func(r *http.Request) { r.Header.Del("X-GitHub-Event") }},
		"event that is none":   {body: object, want: 400, change: func(r *http.Request) { r.Header.Set("X-GitHub-Event", "push*") }},
		"no delivery":          {body: object, want: 400, change: func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }},
		"delivery with spaces": {body: object, want: 400, change: func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", "a b") }},
		"form":                 {body: []byte("payload=%7B%7D"), want: 400},
		"empty":                {want: 400},
		"cut":                  {body: object[:20], want: 400},
		"two values":           {body: []byte("{}{}"), want: 400},
		"array":                {body: []byte("[]"), want: 400},
		"null":                 {body: []byte("null"), want: 400},
		"not UTF-8":            {body: []byte("{\"zen\":\"\xff\"}"), want: 400},
		"too large":            {body: jsonOfSize(maxBody + 1), want: 413},
		"too large on queue":   {body: []byte(`{"zen":"` + strings.Repeat("<", maxBody/6) + `"}`), want: 413},
		"GET":                  {body: object, want: 405, change: func(r *http.Request) { r.Method = http.MethodGet }},
		"other path":           {body: object, want: 404, change: func(r *http.Request) { r.URL.Path = "/webhooks/gitlab" }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serve, outbox := serveTest(t)
			request := delivery("ping", test.body)
			if test.change != nil {
				test.change(request)
			}
			if response := serve(request); response.StatusCode != test.want {
				t.Errorf("got %s, want %d", response.Status, test.want)
			}
			if sent := outbox.Sent(); len(sent) > 0 {
				t.Errorf("sent %d events", len(sent))
			}
		})
	}
}

func TestServerTakesTheLargest(t *testing.T) {
	t.Parallel()
	serve, outbox := serveTest(t)
	if response := serve(delivery("push", jsonOfSize(maxBody))); response.StatusCode != http.StatusAccepted {
		t.Errorf("got %s", response.Status)
	}
	if sent := outbox.Sent(); len(sent) != 1 {
		t.Errorf("sent %d events", len(sent))
	}
}

func TestServerOwnsUpToFailedSends(t *testing.T) {
	t.Parallel()
	serve, outbox := serveTest(t)
	outbox.Fail(errors.New("SQS is away"))
	if response := serve(delivery("ping", []byte("{}"))); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s", response.Status)
	}
	outbox.Fail(nil)
	if response := serve(delivery("ping", []byte("{}"))); response.StatusCode != http.StatusAccepted {
		t.Errorf("got %s once SQS is there again", response.Status)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	serve, _ := serveTest(t)
	if response := serve(httptest.NewRequest(http.MethodGet, "/healthz", nil)); response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
}
