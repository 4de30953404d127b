package sdk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// secretsManager speaks BatchGetSecretValue, two values a page, and GetSecretValue, for secrets whose string, binary or error code is
// given by name. A name that is in none of them is left out of a batch's answer.
type secretsManager struct {
	strings, binaries, errors map[string]string
	batchError                string              // code with which BatchGetSecretValue fails as a whole
	before                    func(*http.Request) // if not nil, called before each answer

	mu                sync.Mutex // guards strings and errors once it serves, and
	batches, singles  int
	running, together int // calls of GetSecretValue, now and at most
}

// put changes a secret.
func (s *secretsManager) put(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strings[name] = value
}

// fail has a secret fail with a code, "" for none.
func (s *secretsManager) fail(name, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors = maps.Clone(s.errors)
	if s.errors == nil {
		s.errors = make(map[string]string)
	}
	s.errors[name] = code
}

// calls returns how many there were of BatchGetSecretValue and GetSecretValue.
func (s *secretsManager) calls() (batches, singles int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.batches, s.singles
}

func (s *secretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SecretId     string
		SecretIdList []string
		NextToken    string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	single := r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue"
	s.begin(single)
	defer s.end(single)
	if s.before != nil {
		s.before(r)
	}
	switch {
	case single:
		s.single(w, in.SecretId)
	case s.batchError != "":
		refuse(w, s.batchError)
	default:
		s.batch(w, in.SecretIdList, in.NextToken)
	}
}

func (s *secretsManager) begin(single bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !single {
		s.batches++
		return
	}
	s.singles++
	s.running++
	s.together = max(s.together, s.running)
}

func (s *secretsManager) end(single bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if single {
		s.running--
	}
}

func refuse(w http.ResponseWriter, code string) {
	status := http.StatusBadRequest
	if strings.HasPrefix(code, "Internal") {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"Message":"says AWS"}`, code)
}

// answer is a secret as both calls answer it, or the code of its error, or neither.
func (s *secretsManager) answer(id string) (entry map[string]any, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := strings.TrimSuffix(strings.TrimPrefix(id, secretARN("")), "-AbCdEf")
	entry = map[string]any{"ARN": secretARN(name) + "-AbCdEf", "Name": name}
	if code := s.errors[name]; code != "" {
		return nil, code
	}
	if value, ok := s.strings[name]; ok {
		entry["SecretString"] = value
		return entry, ""
	}
	if value, ok := s.binaries[name]; ok {
		entry["SecretBinary"] = base64.StdEncoding.EncodeToString([]byte(value))
		return entry, ""
	}
	return nil, ""
}

func (s *secretsManager) single(w http.ResponseWriter, id string) {
	entry, code := s.answer(id)
	switch {
	case entry != nil:
		_ = json.NewEncoder(w).Encode(entry)
	case code != "":
		refuse(w, code)
	default:
		refuse(w, "ResourceNotFoundException")
	}
}

func (s *secretsManager) batch(w http.ResponseWriter, ids []string, token string) {
	type object = map[string]any
	var values, errs []object
	for _, id := range ids {
		if entry, code := s.answer(id); entry != nil {
			values = append(values, entry)
		} else if code != "" {
			errs = append(errs, object{"SecretId": id, "ErrorCode": code, "Message": "says AWS"})
		}
	}
	page, next := 0, ""
	_, _ = fmt.Sscan(token, &page)
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

// reachSecrets starts the server, leads apps in this process to it, and has them load the secrets with these keys.
func reachSecrets(t *testing.T, s http.Handler, keys string) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": keys,
	} {
		t.Setenv(name, value)
	}
}

// withSecrets runs a command of an app with these secrets and returns the error of it.
func withSecrets(t *testing.T, s http.Handler, keys string, run func(), parts ...sdk.AppOption) error {
	t.Helper()
	reachSecrets(t, s, keys)
	command := sdk.Command("run", "", func(context.Context, *sdk.App, []string) error { run(); return nil })
	return sdk.New("acme", append(parts, command)...).Run(t.Context(), []string{"backend", "run"}, new(bytes.Buffer), new(bytes.Buffer))
}

// restore has variables that a test's secrets set removed at its end.
func restore(t *testing.T, names ...string) {
	for _, name := range names {
		t.Setenv(name, "before")
	}
}
