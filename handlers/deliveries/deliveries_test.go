package deliveries

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// The example that the libraries of Standard Webhooks test with.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var exampleTime = time.Unix(1614265330, 0)

func TestSign(t *testing.T) {
	t.Parallel()
	key, err := parseKey(exampleSecret)
	if err != nil {
		t.Fatal(err)
	}
	if got := sign(key, exampleID, exampleTime, []byte(exampleBody)); got != exampleSignature {
		t.Errorf("got %s, want %s", got, exampleSignature)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"nothing":   "",
		"no prefix": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"no base64": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-?",
		"too short": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)),
		"too long":  "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)),
	} {
		if _, err := parseKey(key); err == nil || (key != "" && strings.Contains(err.Error(), key)) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// deliver has the handler deliver one event to url.
func deliver(ctx context.Context, t *testing.T, d *deliverer) sdktest.Message {
	t.Helper()
	app := sdk.New("acme", sdk.Handler("deliveries", sdk.On(run.Finished, d.deliver)))
	return sdktest.InvokeContext(ctx, t, app, "deliveries", sdktest.Event{
		ID:   "run-1-finished",
		Type: run.Finished,
		Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Data: run.Result{Source: run.Source{Repository: "octo/hello"}, Commits: 1, Files: run.Changes{Added: 2}},
	}).Messages[0]
}

func newTestDeliverer(url, secret string) *deliverer {
	settings := map[string]string{"SUBSCRIBER_URL": url, "SUBSCRIBER_SECRET": secret}
	return &deliverer{
		getenv: func(name string) string { return settings[name] },
		now:    func() time.Time { return exampleTime },
		client: newClient(),
	}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	var got struct {
		path   string
		header http.Header
		body   string
	}
	subscriber := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got.path, got.header, got.body = r.URL.RequestURI(), r.Header, string(body)
	}))
	defer subscriber.Close()

	d := newTestDeliverer(subscriber.URL+"/results?of=acme", exampleSecret)
	if message := deliver(t.Context(), t, d); message.Outcome != sdktest.Handled {
		t.Fatalf("got %+v", message)
	}
	wantBody := `{"type":"run.finished","timestamp":"2026-11-23T12:00:00Z","data":{"repository":"octo/hello","ref":"","commit":"",` +
		`"cause":"","commits":1,"files":{"added":2,"modified":0,"removed":0}}}`
	if diff := cmp.Diff(wantBody, got.body); diff != "" {
		t.Error(diff)
	}
	key, err := parseKey(exampleSecret)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type":      "application/json",
		"webhook-id":        "run-1-finished",
		"webhook-timestamp": "1614265330",
		"webhook-signature": sign(key, "run-1-finished", exampleTime, []byte(got.body)),
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
		}
	}
	if got.path != "/results?of=acme" {
		t.Errorf("posted to %s", got.path)
	}
}

func TestAnswersDecide(t *testing.T) {
	t.Parallel()
	const backoff = -1 // any time that the SDK thinks right
	tests := map[string]struct {
		status     int
		retryAfter string
		want       sdktest.Outcome
		wait       time.Duration
	}{
		"200":                        {status: 200, want: sdktest.Handled},
		"204":                        {status: 204, want: sdktest.Handled},
		"410":                        {status: 410, want: sdktest.DeadLettered},
		"410 with Retry-After":       {status: 410, retryAfter: "7", want: sdktest.DeadLettered},
		"500":                        {status: 500, want: sdktest.Retried, wait: backoff},
		"503 with seconds":           {status: 503, retryAfter: "7", want: sdktest.Retried, wait: 7 * time.Second},
		"429 with seconds":           {status: 429, retryAfter: "120", want: sdktest.Retried, wait: 2 * time.Minute},
		"429 with a date":            {status: 429, retryAfter: "Thu, 25 Feb 2021 15:02:40 GMT", want: sdktest.Retried, wait: 30 * time.Second},
		"429 with a date gone by":    {status: 429, retryAfter: "Thu, 25 Feb 2021 15:00:00 GMT", want: sdktest.Retried, wait: 0},
		"429 with a day":             {status: 429, retryAfter: "86400", want: sdktest.Retried, wait: maxRetryAfter},
		"429 with nonsense":          {status: 429, retryAfter: "soon", want: sdktest.Retried, wait: backoff},
		"429 with negative seconds":  {status: 429, retryAfter: "-7", want: sdktest.Retried, wait: backoff},
		"429":                        {status: 429, want: sdktest.Retried, wait: backoff},
		"401":                        {status: 401, want: sdktest.Retried, wait: backoff},
		"404 ignores Retry-After":    {status: 404, retryAfter: "3000", want: sdktest.Retried, wait: backoff},
		"redirect is not followed":   {status: 307, want: sdktest.Retried, wait: backoff},
		"status that no one defined": {status: 799, want: sdktest.Retried, wait: backoff},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.Header().Set("Location", "/elsewhere")
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.status)
			}))
			defer subscriber.Close()
			message := deliver(t.Context(), t, newTestDeliverer(subscriber.URL, exampleSecret))
			if message.Outcome != test.want || requests != 1 {
				t.Errorf("got %s after %d requests, want %s after 1: %v", message.Outcome, requests, test.want, message.Err)
			}
			if test.wait == backoff && message.RetryAfter > time.Minute || test.wait != backoff && message.RetryAfter != test.wait {
				t.Errorf("comes again after %s, want %s", message.RetryAfter, test.wait)
			}
		})
	}
}

func TestSubscriberThatCannotBeReached(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	message := deliver(t.Context(), t, newTestDeliverer(gone.URL+"/?token=confidential", exampleSecret))
	if message.Outcome != sdktest.Retried || strings.Contains(message.Err.Error(), "confidential") {
		t.Errorf("got %+v", message)
	}
}

func TestSubscriberThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	tested := make(chan struct{})
	subscriber := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel() // as the handler's timeout would
		<-tested
	}))
	defer subscriber.Close()
	defer close(tested)
	if message := deliver(ctx, t, newTestDeliverer(subscriber.URL, exampleSecret)); message.Outcome != sdktest.Retried {
		t.Errorf("got %+v", message)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*deliverer{
		"no URL":          newTestDeliverer("", exampleSecret),
		"not a URL":       newTestDeliverer("://confidential", exampleSecret),
		"neither of http": newTestDeliverer("ftp://confidential/", exampleSecret),
		"no secret":       newTestDeliverer("http://127.0.0.1/", ""),
		"wrong secret":    newTestDeliverer("http://127.0.0.1/", "confidential"),
	} {
		message := deliver(t.Context(), t, d)
		if message.Outcome != sdktest.Retried || !strings.Contains(message.Err.Error(), "SUBSCRIBER_") ||
			strings.Contains(message.Err.Error(), "confidential") {
			t.Errorf("%s: got %+v", name, message)
		}
	}
}
