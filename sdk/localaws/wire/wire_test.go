package wire

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestJSONServiceAnswersAndFails(t *testing.T) {
	type in struct{ Name string }
	type out struct{ Greeting string }
	service := &JSONService{Target: "Greeter", Version: "1.0", Log: slog.New(slog.DiscardHandler), Operations: map[string]Operation{
		"Greet": Op(func(_ context.Context, in in) (out, error) {
			if in.Name == "" {
				return out{}, &Error{Code: "NameMissing", Message: "no name", Query: "Old.NameMissing", Fields: map[string]any{"Extra": 1}}
			}
			return out{"hello " + in.Name}, nil
		}),
	}}
	for _, test := range []struct {
		name, target, body string
		status             int
		want, queryError   string
	}{
		{"answer", "Greeter.Greet", `{"Name":"Ada"}`, 200, `{"Greeting":"hello Ada"}`, ""},
		{"error", "Greeter.Greet", `{}`, 400, `{"Extra":1,"__type":"NameMissing","message":"no name"}`, "Old.NameMissing;Sender"},
		{"no such operation", "Greeter.Leave", `{}`, 400, `"__type":"UnknownOperationException"`, ""},
		{"malformed input", "Greeter.Greet", `{"Name":3}`, 400, `"__type":"SerializationException"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Header.Set("X-Amz-Target", test.target)
			w := httptest.NewRecorder()
			service.ServeHTTP(w, WithCall(r))
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, test.status, test.want)
			}
			if got := w.Header().Get("x-amzn-query-error"); got != test.queryError {
				t.Errorf("x-amzn-query-error: got %q, want %q", got, test.queryError)
			}
			if w.Header().Get("x-amzn-RequestId") == "" {
				t.Error("no request ID")
			}
		})
	}
}

func TestQueryServiceWrapsTheResult(t *testing.T) {
	type result struct {
		Account string
	}
	service := &QueryService{Namespace: "urn:x", Log: slog.New(slog.DiscardHandler), Operations: map[string]QueryOperation{
		"Who":  func(context.Context, url.Values) (any, error) { return result{"42"}, nil },
		"Fail": func(context.Context, url.Values) (any, error) { return nil, Errorf("Bad", "so bad") },
	}}
	for action, want := range map[string]string{
		"Who":  `<WhoResponse xmlns="urn:x"><WhoResult><Account>42</Account></WhoResult><ResponseMetadata><RequestId>`,
		"Fail": `<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>Bad</Code><Message>so bad</Message></Error><RequestId>`,
		"None": `<Code>InvalidAction</Code>`,
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action="+action))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		service.ServeHTTP(w, WithCall(r))
		body, _ := io.ReadAll(w.Result().Body)
		if !strings.Contains(string(body), want) {
			t.Errorf("%s: got %s, want %s", action, body, want)
		}
	}
}

func TestCallReadsTheCredentialScope(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", nil)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0")
	call := CallFrom(WithCall(r).Context())
	if call.AccessKey != "AKID" || call.Region != "eu-west-1" || call.Service != "sqs" || call.Host != "127.0.0.1:4566" {
		t.Errorf("got %+v", call)
	}
	if got := CallFrom(context.Background()).Region; got != DefaultRegion {
		t.Errorf("region without a call: got %s, want %s", got, DefaultRegion)
	}
}
