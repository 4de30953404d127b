package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// secretsManager speaks BatchGetSecretValue, two values a page, for secrets whose string, binary or error code is given by name.
type secretsManager struct {
	strings, binaries, errors map[string]string
	denied                    bool
	calls                     atomic.Int32
}

func (s *secretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	var in struct {
		SecretIdList []string
		NextToken    string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.BatchGetSecretValue" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if s.denied {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","Message":"not authorized to perform: secretsmanager:BatchGetSecretValue"}`)
		return
	}
	type object = map[string]any
	var values, errs []object
	for _, id := range in.SecretIdList {
		name := strings.TrimSuffix(strings.TrimPrefix(id, secretARN("")), "-AbCdEf")
		entry := object{"ARN": secretARN(name) + "-AbCdEf", "Name": name}
		if value, ok := s.strings[name]; ok {
			entry["SecretString"] = value
			values = append(values, entry)
		} else if value, ok := s.binaries[name]; ok {
			entry["SecretBinary"] = value
			values = append(values, entry)
		} else if code, ok := s.errors[name]; ok {
			errs = append(errs, object{"SecretId": id, "ErrorCode": code, "Message": "says AWS"})
		}
	}
	page, next := 0, ""
	_, _ = fmt.Sscan(in.NextToken, &page)
	values = values[min(2*page, len(values)):]
	if len(values) > 2 {
		values, next = values[:2], fmt.Sprint(page+1)
	}
	answer := object{"SecretValues": values, "Errors": errs}
	if next != "" {
		answer["NextToken"] = next
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func secretARN(name string) string {
	return "arn:aws:secretsmanager:eu-west-1:111122223333:secret:" + name
}

// withSecrets runs a command of an app with these secrets and returns the error of it.
func withSecrets(t *testing.T, s *secretsManager, keys string, run func()) error {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": keys,
	} {
		t.Setenv(name, value)
	}
	app := sdk.New("acme", sdk.Command("run", "", func(context.Context, *sdk.App, []string) error { run(); return nil }))
	return app.Run(t.Context(), []string{"backend", "run"}, new(bytes.Buffer), new(bytes.Buffer))
}

// restore has variables that a test's secrets set removed at its end.
func restore(t *testing.T, names ...string) {
	for _, name := range names {
		t.Setenv(name, "before")
	}
}

func TestSecretsBecomeEnvironmentVariables(t *testing.T) {
	restore(t, "S_TEXT", "S_NUMBER", "S_OBJECT", "S_NULL", "S_BOOL", "S_EMPTY", "S_LAST")
	s := &secretsManager{strings: map[string]string{
		"one":   `{"S_TEXT":"a\"b\n=ü","S_NUMBER":12345678901234567890.10,"S_LAST":"one"}`,
		"two":   `{"S_OBJECT":{ "a" : [1, "x y"] },"S_NULL":null,"S_BOOL":true}`,
		"three": `{"S_EMPTY":"","S_LAST":"three"}`,
		"four":  `{}`,
	}}
	var ran bool
	err := withSecrets(t, s, " "+secretARN("one")+"-AbCdEf,two,, "+secretARN("three")+",four,two", func() {
		ran = true
		for name, want := range map[string]string{
			"S_TEXT": "a\"b\n=ü", "S_NUMBER": "12345678901234567890.10", "S_OBJECT": `{"a":[1,"x y"]}`, "S_NULL": "null",
			"S_BOOL": "true", "S_EMPTY": "", "S_LAST": "three",
		} {
			if got, ok := os.LookupEnv(name); got != want || !ok {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
	if err != nil || !ran {
		t.Fatalf("got error %v, ran %t", err, ran)
	}
	if calls := s.calls.Load(); calls != 2 {
		t.Errorf("got %d calls for two pages, want 2", calls)
	}
}

func TestSecretsAreFetchedInTwenties(t *testing.T) {
	s := &secretsManager{strings: make(map[string]string)}
	var keys []string
	for i := range 45 {
		name := fmt.Sprint("secret", i)
		s.strings[name] = fmt.Sprintf(`{"S_MANY_%d":"%d"}`, i, i)
		restore(t, fmt.Sprint("S_MANY_", i))
		keys = append(keys, name)
	}
	err := withSecrets(t, s, strings.Join(keys, ","), func() {
		for i := range 45 {
			if got := os.Getenv(fmt.Sprint("S_MANY_", i)); got != fmt.Sprint(i) {
				t.Errorf("variable %d: got %q", i, got)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls := s.calls.Load(); calls != 10+10+3 {
		t.Errorf("got %d calls, want 23 (pages of two)", calls)
	}
}

// TestSecretErrors never finds "hunter2", which is in every value, in an error, and no variable set by a good secret.
func TestSecretErrors(t *testing.T) {
	s := &secretsManager{
		strings: map[string]string{
			"good": `{"S_GOOD":"hunter2"}`, "text": `hunter2`, "broken": `{"A":"hunter2`, "array": `["hunter2"]`, "null": `null`,
			"two":      `{}{"hunter2":1}`,
			"emptykey": `{"":"hunter2"}`, "equals": `{"A=hunter2":""}`, "nulkey": `{"hunter2\u0000":""}`, "nulvalue": `{"A":"hunter2\u0000"}`,
		},
		binaries: map[string]string{"binary": "aHVudGVyMg=="},
		errors: map[string]string{
			"missing": "ResourceNotFoundException", "forbidden": "AccessDeniedException", "encrypted": "DecryptionFailure",
			"deleted": "InvalidRequestException", "other": "InternalServiceError",
		},
	}
	for _, test := range []struct{ name, want, advice string }{
		{"text", "its value is not a JSON object", "store a JSON object"},
		{"broken", "its value is not a JSON object", "store a JSON object"},
		{"array", "its value is not a JSON object", "store a JSON object"},
		{"null", "its value is not a JSON object", "store a JSON object"},
		{"two", "its value is not a JSON object", "store a JSON object"},
		{"binary", "its value is binary", "store a JSON object"},
		{"emptykey", "one of its keys is empty", "names of environment variables"},
		{"equals", `holds "="`, "names of environment variables"},
		{"nulkey", "NUL", "names of environment variables"},
		{"nulvalue", `the value of its key "A" holds a NUL`, "names of environment variables"},
		{"missing", "ResourceNotFoundException: says AWS", "create it, or correct the ARN"},
		{"forbidden", "AccessDeniedException: says AWS", "allow the role secretsmanager:BatchGetSecretValue"},
		{"encrypted", "DecryptionFailure: says AWS", "kms:Decrypt"},
		{"deleted", "InvalidRequestException: says AWS", "scheduled for deletion"},
		{"other", "InternalServiceError: says AWS", "can reach AWS Secrets Manager"},
		{"silent", "did not return it", "create it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := withSecrets(t, s, "good,"+secretARN(test.name), func() { t.Error("the command ran without its secrets") })
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, test.advice, secretARN(test.name)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %s", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %s", err)
			}
			if _, ok := os.LookupEnv("S_GOOD"); ok {
				t.Error("a variable was set all the same")
			}
		})
	}
	t.Run("several at once", func(t *testing.T) {
		err := withSecrets(t, s, "missing,forbidden", func() {})
		if err == nil || !strings.Contains(err.Error(), "load secret missing") || !strings.Contains(err.Error(), "load secret forbidden") {
			t.Errorf("got %v, want both secrets in it", err)
		}
	})
	t.Run("call denied", func(t *testing.T) {
		err := withSecrets(t, &secretsManager{denied: true}, "good", func() {})
		if err == nil || !strings.Contains(err.Error(), "allow the role secretsmanager:BatchGetSecretValue") {
			t.Errorf("got %v", err)
		}
	})
}

func TestHandlersNeedsNoSecrets(t *testing.T) {
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", "nowhere")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	var out bytes.Buffer
	if err := sdk.New("acme").Run(t.Context(), []string{"backend", "handlers", "-json"}, &out, &out); err != nil {
		t.Fatal(err)
	}
}
