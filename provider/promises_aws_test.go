package provider

import (
	"bufio"
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
)

// startMoto starts a moto server for a benchmark, and returns its address.
func startMoto(b *testing.B) string {
	b.Helper()
	if _, err := exec.LookPath("moto_server"); err != nil {
		b.Skip("the promises are about a moto server, which is not on the PATH: pip install 'moto[server]'")
	}
	line := startServer(b, exec.Command(filepath.Join("..", "tools", "moto"), "sh", "-c", "echo $"+endpointVariable+"; exec cat"))
	return strings.TrimSpace(line)
}

// startLocalaws starts a localaws for a benchmark, in a process of its own, and returns its address.
func startLocalaws(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "localaws")
	if output, err := exec.Command("go", "build", "-o", binary, "../sdk/localaws/cmd/localaws").CombinedOutput(); err != nil {
		b.Fatalf("build localaws: %v\n%s", err, output)
	}
	fields := strings.Fields(startServer(b, exec.Command(binary, "-listen", "127.0.0.1:0")))
	return fields[len(fields)-1]
}

// startServer returns the first line that a server prints. The server ends with the benchmark, by its standard input or an interrupt.
func startServer(b *testing.B, cmd *exec.Cmd) string {
	b.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatalf("%s does not say where it listens: %v", cmd, err)
	}
	return line
}

// callCounter passes requests on to an AWS and counts them.
type callCounter struct {
	url   string
	calls atomic.Int64
}

func newCallCounter(b *testing.B, endpoint string) *callCounter {
	b.Helper()
	target, err := url.Parse(endpoint)
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
