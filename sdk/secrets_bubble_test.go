package sdk_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// inMemory answers requests without a network, on which the time of a bubble would wait in vain.
type inMemory struct{ http.Handler }

func (m inMemory) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// refreshing is an app that has loaded its secrets, and a record of what happened in it since.
type refreshing struct {
	*secretsManager
	*sdk.App
	log    bytes.Buffer
	logger *slog.Logger

	mu     sync.Mutex
	events []string
}

// happened adds to the record.
func (r *refreshing) happened(event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

// check compares what happened since the last check.
func (r *refreshing) check(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.events); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
	r.events = nil
}

// context is one that the app gives out, with the time that an invocation has left; 0: any.
func (r *refreshing) context(t *testing.T, left time.Duration) (context.Context, context.CancelFunc) {
	ctx := r.Context(sdk.WithLogger(t.Context(), r.logger))
	if left == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, left)
}

// invoke hands over a batch of one message, which records the value of S_A.
func (r *refreshing) invoke(t *testing.T, left time.Duration) {
	t.Helper()
	ctx, cancel := r.context(t, left)
	defer cancel()
	want := `{"batchItemFailures":[]}`
	if got := invokeRaw(newFakeSQS().context(ctx), t, r.App, payload(t, sdktest.Event{Type: "a"})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// inBubble runs a test with the secrets "one" and "two", whose variables are S_A, S_B and S_C, after they were loaded. No value of a
// secret, all of which hold "hunter2", may be logged.
func inBubble(t *testing.T, test func(t *testing.T, r *refreshing), parts ...sdk.AppOption) {
	restore(t, "S_A", "S_B", "S_C")
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", "one,two")
	synctest.Test(t, func(t *testing.T) {
		r := &refreshing{secretsManager: &secretsManager{
			strings: map[string]string{"one": `{"S_A":"hunter2-a","S_B":"hunter2-b"}`, "two": `{"S_C":"hunter2-c"}`},
		}}
		r.logger = slog.New(slog.NewJSONHandler(&r.log, nil))
		r.App = sdk.New("acme", append(parts,
			sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[any]) error {
				r.happened(os.Getenv("S_A"))
				return nil
			})),
			sdk.OnSecretsChange(func(_ context.Context, keys []string) { r.happened("changed " + strings.Join(keys, " ")) }),
			sdk.Command("load", "", func(context.Context, *sdk.App, []string) error { return nil }),
		)...)
		r.UseConfig(aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String("http://secrets"), HTTPClient: inMemory{r.secretsManager},
			Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		})
		if err := r.Run(t.Context(), []string{"backend", "load"}, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		test(t, r)
		if strings.Contains(r.log.String(), "hunter2") {
			t.Errorf("a secret is in the log:\n%s", &r.log)
		}
	})
}

// rotated is what inBubble's secrets become in most tests: S_A has changed, S_B is gone.
const rotated = `{"S_A":"hunter2-new"}`

func (r *refreshing) checkBatches(t *testing.T, want int) {
	t.Helper()
	if got, _ := r.calls(); got != want {
		t.Errorf("got %d batches, want %d", got, want)
	}
}
