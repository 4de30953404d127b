package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// thawBatch is a batch of so many events of type "a".
func thawBatch(n int) string {
	records := make([]string, n)
	for i := range records {
		records[i] = fmt.Sprintf(`{"messageId":"m%d","receiptHandle":"r","eventSource":"aws:sqs",`+
			`"eventSourceARN":"arn:aws:sqs:eu-west-1:111122223333:q","body":"{\"specversion\":\"1.0\",\"type\":\"a\"}"}`, i)
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// countingServer counts the connections that are made to it.
type countingServer struct {
	*httptest.Server
	connections atomic.Int32
}

func newCountingServer(t *testing.T, start func(*httptest.Server), before func()) *countingServer {
	t.Helper()
	s := new(countingServer)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // an answer that comes earlier costs the connection
		before()
		_, _ = io.WriteString(w, `{"QueueUrl":"http://sqs/111122223333/q","Successful":[],"Failed":[]}`) // suits SQS's clients, too
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	start(s.Server)
	t.Cleanup(s.Close)
	return s
}

// get makes a request with the client and reads the answer, so that the connection can be used again.
func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// closerFunc is an IdleCloser that cannot be compared.
type closerFunc func()

func (f closerFunc) CloseIdleConnections() { f() }

// TestThawClosesIdleConnections: what a freeze has left of a connection may swallow the first request after it.
func TestThawClosesIdleConnections(t *testing.T) {
	clients := map[string]*http.Client{
		"Transports":            {Transport: &http.Transport{}},
		"CloseOnThaw":           {Transport: &http.Transport{}},
		"the default transport": {},
		"the default client":    http.DefaultClient,
	}
	before := http.DefaultClient.Transport
	t.Cleanup(func() { http.DefaultClient.Transport = before })
	http.DefaultClient.Transport = &http.Transport{}
	written := make(chan struct{}, 10)
	// The AWS SDK's request bodies disturb the writing of a request that is answered before it ends, which costs the connection.
	cloud := newCountingServer(t, (*httptest.Server).StartTLS, func() { <-written })
	servers := map[string]*countingServer{"the app's AWS clients": cloud}
	for name := range clients {
		servers[name] = newCountingServer(t, (*httptest.Server).Start, func() {})
	}
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cloud.Certificate().Raw})
	if err := os.WriteFile(certificate, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HANDLER": "h", "AWS_ENDPOINT_URL": cloud.URL, "AWS_CA_BUNDLE": certificate, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x",
		"AWS_SECRET_ACCESS_KEY": "x",
	} {
		t.Setenv(name, value)
	}
	var other int
	uncomparable := closerFunc(func() { other++ })
	app := New("acme",
		Transports((*http.Transport)(nil), uncomparable, uncomparable, clients["Transports"]), // the first one panics
		Handler("h", On("a", func(ctx context.Context, _ Event[json.RawMessage]) error {
			CloseOnThaw(ctx, clients["CloseOnThaw"]) // each time, which is harmless
			for name, client := range clients {
				if err := get(t.Context(), client, servers[name].URL); err != nil {
					t.Error(err)
				}
			}
			return RetryAfter(errors.New("again"), time.Second) // has SQS called
		})),
	)
	var log bytes.Buffer
	ctx := httptrace.WithClientTrace(WithLogger(t.Context(), newLogger(&log)), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { written <- struct{}{} },
	})
	handler, err := app.initLambda(ctx, &output{w: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		idle time.Duration
		want int32
	}{{0, 1}, {minGap / 2, 1}, {minGap + time.Second, 2}, {0, 2}, {time.Hour, 3}} {
		handler.thawing.idle = now().Add(-step.idle)
		if _, err := handler.Invoke(ctx, []byte(thawBatch(1))); err != nil {
			t.Fatal(err)
		}
		for name, server := range servers {
			if got := server.connections.Load(); got != step.want {
				t.Errorf("%s: after %s, %d connections were made, want %d", name, step.idle, got, step.want)
			}
		}
	}
	if got := strings.Count(log.String(), "idle connections were not closed"); got != 2 || other != 4 || len(app.idlers.all) != 5 {
		t.Errorf("got %d panics, %d calls, %d idlers:\n%s", got, other, len(app.idlers.all), &log)
	}
}

// TestThawThatHangs: an invocation must be answered even if what it waits for never returns.
func TestThawThatHangs(t *testing.T) {
	t.Setenv("HANDLER", "h")
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var calls int
		app := New("acme",
			OnThaw(func(time.Duration) { <-release }),
			OnThaw(func(time.Duration) { t.Error("the second function was called") }),
			Handler("h", Margin(2*time.Second), On("a", func(ctx context.Context, _ Event[json.RawMessage]) error {
				calls++
				if end, _ := ctx.Deadline(); time.Until(end) != 6*time.Second { // of 10 s, less the margin and a quarter of the rest
					t.Errorf("the function has %s", time.Until(end))
				}
				return nil
			})))
		handler, err := app.initLambda(t.Context(), &output{w: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		ctx, cancel := context.WithTimeout(WithLogger(t.Context(), newLogger(io.Discard)), 10*time.Second)
		defer cancel()
		answer, err := handler.Invoke(ctx, []byte(thawBatch(1)))
		if err != nil || ctx.Err() != nil || string(answer) != `{"batchItemFailures":[]}` || calls != 1 {
			t.Errorf("got %s, %v, %v after %d calls", answer, err, ctx.Err(), calls)
		}
	})
}

// TestThawPrecedesTheMessagesOfAllInvocations has many invocations begin after a freeze.
func TestThawPrecedesTheMessagesOfAllInvocations(t *testing.T) {
	t.Setenv("HANDLER", "h")
	var thaws, thawed, early atomic.Int32
	app := New("acme",
		OnThaw(func(time.Duration) {
			thaws.Add(1)
			for range 1000 {
				runtime.Gosched()
			}
			thawed.Add(1)
		}),
		Handler("h", On("a", func(context.Context, Event[json.RawMessage]) error {
			if thawed.Load() < thaws.Load() || thaws.Load() == 0 {
				early.Add(1)
			}
			return nil
		})),
	)
	handler, err := app.initLambda(t.Context(), &output{w: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx := WithLogger(t.Context(), newLogger(io.Discard))
	handler.thawing.idle = now().Add(-time.Hour)
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			if _, err := handler.Invoke(ctx, []byte(thawBatch(3))); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if thaws.Load() != 1 || early.Load() != 0 {
		t.Errorf("OnThaw was called %d times, after %d messages", thaws.Load(), early.Load())
	}
}
