package lambda_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	mediatypes "github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/logs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	role       = "arn:aws:iam::000000000000:role/function"
	repository = "127.0.0.1:4566/acme"
)

// binary is the program of testdata/function, and program a layer with it as /app. They are made once for all tests.
var (
	binary  []byte
	program v1.Layer
)

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		slog.Error("build test function", "error", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "function-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "app")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, errors.New(string(out))
	}
	if binary, err = os.ReadFile(file); err != nil {
		return 1, err
	}
	if program, err = newLayer(entry{name: "app", content: binary}); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// entry is one entry of a layer; a regular file unless its type says otherwise.
type entry struct {
	name, link string
	kind       byte
	mode       int64
	content    []byte
}

func layer(t *testing.T, entries ...entry) v1.Layer {
	t.Helper()
	l, err := newLayer(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newLayer(entries ...entry) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Linkname: e.link, Typeflag: e.kind, Mode: e.mode, Size: int64(len(e.content))}
		if header.Mode == 0 {
			header.Mode = 0o755
		}
		if header.Typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil },
		tarball.WithMediaType(mediatypes.OCILayer), tarball.WithCompressionLevel(gzip.BestSpeed))
}

func image(t *testing.T, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, mediatypes.OCIManifestSchema1), mediatypes.OCIConfigJSON)
	img, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.Config(img, config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// images is a registry by URI.
type images map[string]v1.Image

func (i images) Image(_ context.Context, uri string) (v1.Image, error) {
	if img, ok := i[uri]; ok {
		return img, nil
	}
	if strings.HasSuffix(uri, ":multi") {
		return nil, wire.Errorf("UnsupportedImageTypeException", "an index")
	}
	return nil, errors.New("no such image")
}

// trusted is a role that exists and may do everything.
type trusted string

func (r trusted) Credentials(_, _ string) string { return "ASIALOCALAWSLOCALAWS" }

func (r trusted) MayConsume(_, _, _ string) error { return nil }

func (r trusted) Changed() <-chan struct{} { return nil }

func (r trusted) AssumableByLambda(arn, _ string) error {
	if arn == string(r) {
		return nil
	}
	return wire.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
}

// logbook keeps what is logged and tells who waits for it.
type logbook struct {
	mu      sync.Mutex
	lines   []logLine
	changed chan struct{}
}

type logLine struct{ stream, message string }

func (b *logbook) Put(_, group, stream string, events ...logs.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		b.lines = append(b.lines, logLine{group + " " + stream, e.Message})
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *logbook) snapshot() []logLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// await returns all lines as soon as done is content with them.
func (b *logbook) await(t *testing.T, done func(lines []string) bool) []string {
	t.Helper()
	giveUp := time.After(time.Minute)
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		var lines []string
		for _, line := range b.snapshot() {
			lines = append(lines, line.message)
		}
		if done(lines) {
			return lines
		}
		select {
		case <-changed:
		case <-giveUp:
			t.Fatalf("waited a minute for log lines; there are:\n%s", strings.Join(lines, ""))
		}
	}
}

// fixture is a Lambda and an SQS with clients.
type fixture struct {
	service *lambda.Service
	lambda  *awslambda.Client
	sqs     *awssqs.Client
	log     *logbook
	images  images
	dir     string
}

func start(t *testing.T, changes ...func(*lambda.Config)) *fixture {
	t.Helper()
	silent := slog.New(slog.DiscardHandler)
	queues := sqs.New(silent)
	f := &fixture{
		log: &logbook{changed: make(chan struct{})}, dir: t.TempDir(),
		images: images{repository + ":1": image(t, v1.Config{Entrypoint: []string{"/app"}, WorkingDir: "/", Env: []string{"FROM_IMAGE=yes"}},
			layer(t, entry{name: "tmp", kind: tar.TypeDir, mode: 0o1777}), program)},
	}
	settings := lambda.Config{
		Dir: f.dir, Endpoint: func() string { return "http://localaws.test" }, Queues: queues, Images: f.images, Logs: f.log, Roles: trusted(role),
		Access: trusted(role),
	}
	for _, change := range changes {
		change(&settings)
	}
	f.service = lambda.New(settings, silent)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = wire.WithCall(r)
		if r.Header.Get("X-Amz-Target") != "" {
			queues.ServeHTTP(w, r)
			return
		}
		f.service.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		if err := f.service.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	config := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
		RetryMaxAttempts: 1,
	}
	f.lambda, f.sqs = awslambda.NewFromConfig(config), awssqs.NewFromConfig(config)
	return f
}

// create makes a function and waits until it is active.
func (f *fixture) create(t *testing.T, name string, changes ...func(*awslambda.CreateFunctionInput)) {
	t.Helper()
	in := &awslambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role), PackageType: types.PackageTypeImage,
		Code: &types.FunctionCode{ImageUri: aws.String(repository + ":1")}, Timeout: aws.Int32(10),
	}
	for _, change := range changes {
		change(in)
	}
	if _, err := f.lambda.CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	waiter := awslambda.NewFunctionActiveV2Waiter(f.lambda, func(o *awslambda.FunctionActiveV2WaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(t.Context(), &awslambda.GetFunctionInput{FunctionName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// reset changes a variable of the environment of the function acme and waits until that is done.
func (f *fixture) reset(t *testing.T, value string) {
	t.Helper()
	_, err := f.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("acme"), Environment: &types.Environment{Variables: map[string]string{"RESET": value}},
	})
	if err != nil {
		t.Fatal(err)
	}
	waiter := awslambda.NewFunctionUpdatedV2Waiter(f.lambda, func(o *awslambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("acme")}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// report is what testdata/function tells about itself.
type report struct {
	PID       int
	Ticks     int64
	Dir       string
	Args      []string
	Env       []string
	RequestID string
	ARN       string
	LeftMS    int64
}

func (f *fixture) invoke(t *testing.T, name, event string) *awslambda.InvokeOutput {
	t.Helper()
	out, err := f.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(event), LogType: types.LogTypeTail})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ask invokes the function and returns what it tells about itself.
func (f *fixture) ask(t *testing.T, name, event string) report {
	t.Helper()
	out := f.invoke(t, name, event)
	if out.FunctionError != nil {
		t.Fatalf("function failed: %s", out.Payload)
	}
	var r report
	if err := json.Unmarshal(out.Payload, &r); err != nil {
		t.Fatalf("%s: %s", err, out.Payload)
	}
	return r
}
