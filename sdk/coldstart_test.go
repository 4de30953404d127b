package sdk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// secretsTime is how long each call for secrets takes.
const secretsTime = 20 * time.Millisecond

// slowSecrets has the secrets greeting, one, two and so on, singly and in batches.
func slowSecrets(b *testing.B, ids []string) *httptest.Server {
	b.Helper()
	values := make(map[string]string)
	for i, id := range ids {
		values[id] = fmt.Sprintf(`{"VARIABLE_%d":"value"}`, i)
	}
	if len(ids) > 0 {
		values[ids[0]] = `{"GREETING":"hello"}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(secretsTime)
		type object = map[string]any
		var in struct {
			SecretId     string
			SecretIdList []string
		}
		_ = json.NewDecoder(r.Body).Decode(&in) // a request that is none asks for nothing
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		answer := object{"ARN": secretARN(in.SecretId) + "-AbCdEf", "Name": in.SecretId, "SecretString": values[in.SecretId]}
		if r.Header.Get("X-Amz-Target") == "secretsmanager.BatchGetSecretValue" {
			var found []object
			for _, id := range in.SecretIdList {
				found = append(found, object{"ARN": secretARN(id) + "-AbCdEf", "Name": id, "SecretString": values[id]})
			}
			answer = object{"SecretValues": found}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	b.Cleanup(server.Close)
	return server
}

// BenchmarkColdStart measures from the start of a process until it has answered its first invocation: of an app on the SDK, and of a
// binary that does the same with aws-lambda-go alone, in turn, with no secret, one and five. Both are built as images are. It reports the
// medians in milliseconds and their ratio.
func BenchmarkColdStart(b *testing.B) {
	const rounds = 41
	bin := buildTestdata(b, "coldstart", "onsdk", "bare")
	invocation := string(payload(b, sdktest.Event{Type: "order", Data: map[string]int{"Number": 7}, Time: time.Now()}))
	for _, ids := range [][]string{nil, {"greeting"}, {"greeting", "one", "two", "three", "four"}} {
		b.Run(fmt.Sprint(len(ids), "-secrets"), func(b *testing.B) {
			secrets := slowSecrets(b, ids)
			environment := []string{
				"HANDLER=orders", "AWS_ENDPOINT_URL=" + secrets.URL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
				"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=" + strings.Join(ids, ","),
			}
			want := "order 7 for "
			if len(ids) > 0 {
				want += "hello"
			}
			times := map[string][]float64{}
			for b.Loop() {
				for range rounds {
					for _, name := range []string{"onsdk", "bare"} {
						times[name] = append(times[name], coldStart(b, filepath.Join(bin, name), environment, invocation, want))
					}
				}
			}
			reportRatio(b, "ms", median(times["onsdk"]), median(times["bare"]))
		})
	}
}

// coldStart starts a process, has it handle an invocation and returns the milliseconds until its answer.
func coldStart(b *testing.B, path string, environment []string, invocation, want string) float64 {
	b.Helper()
	api := newRuntimeAPI(b)
	answered := api.begin(invocation, time.Minute)
	var out bytes.Buffer
	cmd := exec.CommandContext(b.Context(), path)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environment, api.env()), &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	answer := <-answered
	took := time.Since(start)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if !strings.HasPrefix(answer, `request-1 response {"batchItemFailures":`) || !strings.Contains(out.String(), want) {
		b.Fatalf("%s answers %s and prints %s", path, answer, &out)
	}
	return float64(took.Microseconds()) / 1000
}

// BenchmarkBinarySize compares the size of an app on the SDK with that of a binary that makes the same calls to AWS by hand.
func BenchmarkBinarySize(b *testing.B) {
	var sizes [2]float64
	for b.Loop() {
		bin := buildTestdata(b, "coldstart", "onsdk", "clients")
		for i, name := range []string{"onsdk", "clients"} {
			info, err := os.Stat(filepath.Join(bin, name))
			if err != nil {
				b.Fatal(err)
			}
			sizes[i] = float64(info.Size()) / 1e6
		}
	}
	reportRatio(b, "MB", sizes[0], sizes[1])
}
