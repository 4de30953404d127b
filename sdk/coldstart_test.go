package sdk_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// BenchmarkColdStart measures from the start of a process until it has answered its first invocation: of an app on the SDK, and of a
// binary that does the same with aws-lambda-go alone, in turn. Both load a secret and are built as images are. It reports the medians
// and their ratio.
func BenchmarkColdStart(b *testing.B) {
	const onSDK, bare, rounds = "onsdk", "bare", 41
	batched := &secretsManager{strings: map[string]string{"greeting": `{"GREETING":"hello"}`}}
	secrets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			batched.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"Name":"greeting","SecretString":"{\"GREETING\":\"hello\"}"}`)
	}))
	b.Cleanup(secrets.Close)
	bin := b.TempDir()
	for _, name := range []string{onSDK, bare} {
		build := exec.Command("go", "build", "-trimpath", "-tags=lambda,lambda.norpc", "-ldflags=-s -w -buildid=", "-o", bin,
			"./"+filepath.Join("testdata", "coldstart", name))
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	invocation := string(payload(b, sdktest.Event{Type: "order", Data: map[string]int{"Number": 7}, Time: time.Now()}))
	environment := []string{
		"HANDLER=orders", "AWS_ENDPOINT_URL=" + secrets.URL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=greeting",
	}
	coldStart := func(name string) float64 {
		api := newRuntimeAPI(b)
		answered := api.begin(invocation, time.Minute)
		var out bytes.Buffer
		cmd := exec.CommandContext(b.Context(), filepath.Join(bin, name))
		cmd.Env, cmd.Stdout, cmd.Stderr = append(environment, api.env()), &out, &out
		start := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		answer := <-answered
		took := time.Since(start)
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if !strings.HasPrefix(answer, `request-1 response {"batchItemFailures":`) || !strings.Contains(out.String(), "order 7 for hello") {
			b.Fatalf("%s answers %s and prints %s", name, answer, &out)
		}
		return float64(took.Microseconds()) / 1000
	}
	times := map[string][]float64{}
	for b.Loop() {
		for range rounds {
			for _, name := range []string{onSDK, bare} {
				times[name] = append(times[name], coldStart(name))
			}
		}
	}
	median := func(name string) float64 {
		slices.Sort(times[name])
		return times[name][len(times[name])/2]
	}
	b.ReportMetric(median(onSDK), onSDK+"-ms")
	b.ReportMetric(median(bare), bare+"-ms")
	b.ReportMetric(median(onSDK)/median(bare), "onsdk/bare")
	b.ReportMetric(0, "ns/op")
}
