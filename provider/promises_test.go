package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mirrorVariable names a filesystem mirror that holds the AWS provider 5.100.0, to be measured beside this one.
const mirrorVariable = "AWS_PROVIDER_MIRROR"

// maxOutput is how many bytes of terraform's output are shown when it fails; the error is at its end.
const maxOutput = 4000

// BenchmarkTwentyHandlers applies, plans without changes and destroys 20 handlers: role, policy, log group, function, queue,
// dead-letter queue and mapping each. It reports the seconds and the AWS calls of each act. Both providers must be measured in one
// run, on one moto server, for their ratio to mean anything: tools/moto starts it.
func BenchmarkTwentyHandlers(b *testing.B) {
	if os.Getenv(endpointVariable) == "" {
		b.Skip("the promise is about a moto server: run make bench-moto")
	}
	b.Run("provider=handler", func(b *testing.B) {
		binary := filepath.Join(b.TempDir(), "terraform-provider-handler")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "..")
		if output, err := build.CombinedOutput(); err != nil {
			b.Fatalf("build the provider: %v\n%s", err, output)
		}
		benchmarkTwentyHandlers(b, "handler", fmt.Sprintf("dev_overrides {\n %q = %q\n }\n direct {}", "lambda-land/handler", filepath.Dir(binary)))
	})
	b.Run("provider=aws", func(b *testing.B) {
		mirror := os.Getenv(mirrorVariable)
		if mirror == "" {
			b.Skip(mirrorVariable + " is not set: the AWS provider is left out")
		}
		benchmarkTwentyHandlers(b, "aws", fmt.Sprintf("filesystem_mirror {\n path = %q\n }", mirror))
	})
}

func benchmarkTwentyHandlers(b *testing.B, configuration, installation string) {
	proxy := newCallCounter(b)
	workspace := b.TempDir()
	copyFile(b, filepath.Join("testdata", "promises", configuration, "main.tf"), filepath.Join(workspace, "main.tf"))
	cliConfig := filepath.Join(workspace, "cli.tfrc")
	if err := os.WriteFile(cliConfig, []byte("provider_installation {\n "+installation+"\n}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	terraform := func(args ...string) {
		b.Helper()
		cmd := exec.Command(terraformPath(), args...)
		cmd.Dir = workspace
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+proxy.url, "TF_CLI_CONFIG_FILE="+cliConfig,
			"TF_VAR_image_uri="+testAccount()+".dkr.ecr."+testRegion+".amazonaws.com/acme@sha256:"+strings.Repeat("1", 64))
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s %s: %v\n…%s", terraformPath(), strings.Join(args, " "), err, output[max(0, len(output)-maxOutput):])
		}
	}
	if configuration == "aws" { // a provider from dev_overrides needs no init, and gets none
		terraform("init", "-no-color")
	}
	plan := []string{"plan", "-no-color"}
	if configuration == "handler" { // the AWS provider finds something to change on moto, time and again
		plan = append(plan, "-detailed-exitcode")
	}
	for b.Loop() {
		for _, act := range []struct {
			name string
			args []string
		}{
			{"apply", []string{"apply", "-auto-approve", "-no-color"}},
			{"plan", plan},
			{"destroy", []string{"destroy", "-auto-approve", "-no-color"}},
		} {
			calls, start := proxy.calls.Load(), time.Now()
			terraform(act.args...)
			b.ReportMetric(time.Since(start).Seconds(), act.name+"-s")
			b.ReportMetric(float64(proxy.calls.Load()-calls), act.name+"-calls")
		}
	}
	b.ReportMetric(0, "ns/op") // the sum of the three acts says nothing
}

// callCounter passes requests on to the tests' AWS and counts them.
type callCounter struct {
	url   string
	calls atomic.Int64
}

func newCallCounter(b *testing.B) *callCounter {
	b.Helper()
	target, err := url.Parse(os.Getenv(endpointVariable))
	if err != nil {
		b.Fatal(err)
	}
	counter := &callCounter{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counter.calls.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	counter.url = server.URL
	return counter
}

func copyFile(b *testing.B, from, to string) {
	b.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
}
