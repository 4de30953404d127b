package localaws

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// dummy is what credentials consist of here.
const dummy = "localaws"

// Start starts a server for a test and closes it when the test and its subtests are over. It logs to the test, so what it says is
// seen if the test fails or with -v.
func Start(t testing.TB) *Server {
	t.Helper()
	output := &testOutput{w: t.Output()}
	s, err := New(Config{Log: slog.New(slog.NewTextHandler(output, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatalf("start localaws: %s", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close localaws: %s", err)
		}
		output.close()
	})
	return s
}

// Env is the environment that leads AWS clients of another process to the server, as "KEY=value". It names credentials and a region,
// and keeps clients away from the machine's own configuration and from the metadata service of EC2.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.endpoint,
		"AWS_ACCESS_KEY_ID=" + dummy,
		"AWS_SECRET_ACCESS_KEY=" + dummy,
		"AWS_REGION=" + wire.DefaultRegion,
		"AWS_DEFAULT_REGION=" + wire.DefaultRegion,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// Config leads clients of this process to the server.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       wire.DefaultRegion,
		BaseEndpoint: aws.String(s.endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(dummy, dummy, ""),
	}
}

// testOutput drops what is written after the test, which a test's output would answer with a panic.
type testOutput struct {
	mu     sync.Mutex
	w      io.Writer
	closed bool
}

func (o *testOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return len(p), nil
	}
	return o.w.Write(p)
}

func (o *testOutput) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}
