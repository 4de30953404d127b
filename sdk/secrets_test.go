package sdk_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

func TestSecretsBecomeEnvironmentVariables(t *testing.T) {
	restore(t, "S_TEXT", "S_NUMBER", "S_OBJECT", "S_ARRAY", "S_BOOL", "S_EMPTY", "s_lower", "_S", "S_BINARY")
	s := &secretsManager{
		strings: map[string]string{
			"one":   `{"S_TEXT":"a\"b\n=ü","S_NUMBER":12345678901234567890.10,"s_lower":1e3}`,
			"two":   `{"S_OBJECT":{ "a" : [1, "x y"] },"S_ARRAY":[ ],"S_BOOL":true}`,
			"three": ` {"S_EMPTY":"","_S":false} `,
			"four":  `{}`,
		},
		binaries: map[string]string{"five": `{"S_BINARY":"yes"}`},
	}
	var ran bool
	keys := " " + secretARN("one") + "-AbCdEf,two,, " + secretARN("three") + ",four,two,one,five"
	err := withSecrets(t, s, keys, func() {
		ran = true
		for name, want := range map[string]string{
			"S_TEXT": "a\"b\n=ü", "S_NUMBER": "12345678901234567890.10", "S_OBJECT": `{"a":[1,"x y"]}`, "S_ARRAY": "[]",
			"S_BOOL": "true", "S_EMPTY": "", "s_lower": "1e3", "_S": "false", "S_BINARY": "yes",
		} {
			if got, ok := os.LookupEnv(name); got != want || !ok {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
	if err != nil || !ran {
		t.Fatalf("got error %v, ran %t", err, ran)
	}
	if batches, singles := s.calls(); batches != 3 || singles != 0 {
		t.Errorf("got %d batches for three pages and %d single calls", batches, singles)
	}
}

// many makes n secrets with one variable each.
func many(t *testing.T, n int) (secrets map[string]string, keys string) {
	t.Helper()
	secrets = make(map[string]string)
	var names []string
	for i := range n {
		name := fmt.Sprint("secret", i)
		secrets[name] = fmt.Sprintf(`{"S_MANY_%d":"%d"}`, i, i)
		restore(t, fmt.Sprint("S_MANY_", i))
		names = append(names, name)
	}
	return secrets, strings.Join(names, ",")
}

// checkMany checks the variables of many.
func checkMany(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		if got := os.Getenv(fmt.Sprint("S_MANY_", i)); got != fmt.Sprint(i) {
			t.Errorf("variable %d: got %q", i, got)
		}
	}
}

// TestSecretsAreFetchedInTwenties has no batch answered before all three have come.
func TestSecretsAreFetchedInTwenties(t *testing.T) {
	var arrived atomic.Int32
	all := make(chan struct{})
	s := secretsManager{before: func(*http.Request) {
		if arrived.Add(1) == 3 {
			close(all)
		}
		<-all
	}}
	var keys string
	s.strings, keys = many(t, 45)
	if err := withSecrets(t, &s, keys, func() { checkMany(t, 45) }); err != nil {
		t.Fatal(err)
	}
	if batches, singles := s.calls(); batches != 10+10+3 || singles != 0 {
		t.Errorf("got %d batches, want 23 (pages of two), and %d single calls", batches, singles)
	}
}

func TestSecretsAreFetchedAloneWhereTheBatchIsRefused(t *testing.T) {
	for _, code := range []string{"AccessDeniedException", "ThrottlingException", "ValidationException", "UnknownOperationException"} {
		t.Run(code, func(t *testing.T) {
			s := secretsManager{batchError: code, before: func(*http.Request) { time.Sleep(time.Millisecond) }}
			var keys string
			s.strings, keys = many(t, 45)
			if err := withSecrets(t, &s, keys, func() { checkMany(t, 45) }); err != nil {
				t.Fatal(err)
			}
			if batches, singles := s.calls(); batches != 3 || singles != 45 {
				t.Errorf("got %d batches and %d single calls, want 3 and 45", batches, singles)
			}
			if s.together > 10 || s.together < 2 {
				t.Errorf("got %d calls at the same time, want at most 10", s.together)
			}
		})
	}
}

// TestEverySecretThatFailsIsNamed has some in each of two batches, with the batch and without.
func TestEverySecretThatFailsIsNamed(t *testing.T) {
	for _, batchError := range []string{"", "AccessDeniedException"} {
		s := secretsManager{batchError: batchError}
		var keys string
		s.strings, keys = many(t, 40)
		for _, name := range []string{"secret3", "secret5", "secret39"} {
			delete(s.strings, name)
		}
		s.errors = map[string]string{"secret5": "AccessDeniedException"}
		err := withSecrets(t, &s, keys, func() { t.Error("the command ran without its secrets") })
		if err == nil {
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != 3 {
			t.Errorf("got %d errors, want 3: %s", len(lines), err)
		}
		for _, name := range []string{"secret3", "secret5", "secret39"} {
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "load secret "+name+": ") }) {
				t.Errorf("%s is not named in %s", name, err)
			}
		}
	}
}

// TestOneOfABatchIsTriedAgain has a batch without an answer for one, and with a passing error for another.
func TestOneOfABatchIsTriedAgain(t *testing.T) {
	s := secretsManager{errors: map[string]string{"secret1": "InternalServiceError"}}
	s.before = func(r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetSecretValue") {
			s.fail("secret1", "")
		}
	}
	var keys string
	s.strings, keys = many(t, 3)
	if err := withSecrets(t, &s, keys, func() { checkMany(t, 3) }); err != nil {
		t.Fatal(err)
	}
	if _, singles := s.calls(); singles != 1 {
		t.Errorf("got %d single calls, want 1", singles)
	}
}

func TestEnvironmentWins(t *testing.T) {
	restore(t, "S_NEW", "S_OLD", "S_EMPTY")
	if err := os.Unsetenv("S_NEW"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("S_EMPTY", "")
	s := &secretsManager{strings: map[string]string{"one": `{"S_NEW":"secret","S_OLD":"secret","S_EMPTY":"secret"}`}}
	check := func(want string) func() {
		return func() {
			if got := fmt.Sprintf("%s|%s|%s", os.Getenv("S_NEW"), os.Getenv("S_OLD"), os.Getenv("S_EMPTY")); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
	if err := withSecrets(t, s, "one", check("secret|before|"), sdk.EnvironmentWins()); err != nil {
		t.Error(err)
	}
	if err := withSecrets(t, s, "one", check("secret|secret|secret")); err != nil {
		t.Error(err)
	}
}

func TestHandlersNeedsNoSecrets(t *testing.T) {
	t.Setenv("SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", "nowhere")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	var out bytes.Buffer
	if err := sdk.New("acme").Run(t.Context(), []string{"backend", "handlers", "-json"}, &out, &out); err != nil {
		t.Fatal(err)
	}
}
