package dynamostore_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency/dynamostore"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"throttled", `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`, 400,
			"slow down; raise its capacity, or set its billing mode to PAY_PER_REQUEST"},
		{"account throttled", `{"__type":"com.amazon.coral.availability#ThrottlingException","message":"slow down"}`, 400, "raise its capacity"},
		{"not allowed", `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not you"}`, 400,
			"not you; allow the function's role dynamodb:PutItem and dynamodb:DeleteItem on the table"},
		{"broken", `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"oh"}`, 500, "InternalServerError: oh"},
		{"no DynamoDB", "<html>", 502, "502"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			checkFaults(t, dynamostore.New("events", dynamostore.WithClient(clientOf(server.URL, once))), "events", test.want)
		})
	}
	t.Run("unreachable", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close() // nobody listens there now
		store := dynamostore.New("events", dynamostore.WithClient(clientOf("http://"+listener.Addr().String(), once)))
		checkFaults(t, store, "events", "check that the function can reach DynamoDB (network, endpoint, credentials)")
	})
}

// TestNoAnswer gives up when its context ends.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client go
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := dynamostore.New("events", dynamostore.WithClient(clientOf(server.URL))).Begin(ctx, "k", "a", time.Now().Add(time.Hour))
	if err == nil || !strings.Contains(err.Error(), "check that the function can reach DynamoDB") {
		t.Errorf("got %v", err)
	}
}

// appContext is one that an app gave out.
func appContext(t *testing.T) context.Context {
	t.Helper()
	return sdk.New("acme").Context(t.Context())
}

// TestDefaultClient finds its settings where the AWS SDK does, once they are there.
func TestDefaultClient(t *testing.T) {
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Header.Get("X-Amz-Target"))
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": "/missing", "AWS_SHARED_CREDENTIALS_FILE": "/missing", "AWS_PROFILE": "missing",
	} {
		t.Setenv(name, value)
	}
	store := dynamostore.New("events")
	checkFaults(t, store, "events", "load the AWS configuration: ")
	t.Setenv("AWS_PROFILE", "")
	answer, err := store.Begin(appContext(t), "k", "a", time.Now())
	if err != nil || answer.State != idempotency.Acquired || strings.Join(calls, " ") != "DynamoDB_20120810.PutItem" {
		t.Errorf("got %+v, %v, with calls %q", answer, err, calls)
	}
}

// checkFaults checks that all calls fail with an error that names the table and says what is wanted.
func checkFaults(t *testing.T, store *dynamostore.Store, table, want string) {
	t.Helper()
	until := time.Now().Add(time.Hour)
	_, begin := store.Begin(appContext(t), "the-key", "a", until)
	for act, err := range map[string]error{
		"begin": begin, "mark as done": store.Done(appContext(t), "the-key", "a", until), "release": store.Release(appContext(t), "the-key", "a"),
	} {
		start := act + " an entry in the idempotency table " + strconv.Quote(table) + ": "
		if err == nil || !strings.HasPrefix(err.Error(), start) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s…%s", err, start, want)
		}
		if err != nil && strings.Contains(err.Error(), "the-key") {
			t.Errorf("%v tells the key", err)
		}
	}
}
