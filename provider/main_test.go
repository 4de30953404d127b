package provider

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// endpointVariable names another AWS to run the acceptance tests on, such as a moto server. Tests that need images to be pushed and
// run are left out there.
const endpointVariable = "HANDLER_TEST_ENDPOINT"

// testRegion is where everything is.
const testRegion = "us-east-1"

// backend is the AWS of all tests in this package, which tell their objects apart by name.
var backend *recorder

// scratch is a directory for what the tests share.
var scratch string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	var target http.Handler
	if endpoint := os.Getenv(endpointVariable); endpoint != "" {
		parsed, err := url.Parse(endpoint)
		if err != nil {
			return 1, fmt.Errorf("%s: %w", endpointVariable, err)
		}
		target = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(parsed)
			r.Out.Host = r.In.Host // queue URLs are made of it
		}}
	} else {
		server, err := localaws.New(localaws.Config{})
		if err != nil {
			return 1, err
		}
		defer func() { _ = server.Close() }()
		target = server
	}
	var err error
	if scratch, err = os.MkdirTemp("", "provider-tests-"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	backend = &recorder{target: target}
	server := httptest.NewServer(backend)
	defer server.Close()
	backend.endpoint = server.URL
	for name, value := range map[string]string{
		"TF_ACC":                      "1",
		"TF_ACC_TERRAFORM_PATH":       terraformPath(),
		"TF_ACC_PROVIDER_HOST":        providerHost(),
		"CHECKPOINT_DISABLE":          "1",
		"TF_CLI_CONFIG_FILE":          os.DevNull, // the user's own changes nothing here
		"AWS_ENDPOINT_URL":            server.URL,
		"AWS_ACCESS_KEY_ID":           "test",
		"AWS_SECRET_ACCESS_KEY":       "test",
		"AWS_REGION":                  testRegion,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

// terraformPath returns the terraform or tofu to test with, or nothing.
func terraformPath() string {
	if named := os.Getenv("TF_ACC_TERRAFORM_PATH"); named != "" {
		return named
	}
	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// providerHost returns the registry that the tested command takes for granted.
func providerHost() string {
	if strings.Contains(terraformPath(), "tofu") {
		return cmp.Or(os.Getenv("TF_ACC_PROVIDER_HOST"), "registry.opentofu.org")
	}
	return cmp.Or(os.Getenv("TF_ACC_PROVIDER_HOST"), "registry.terraform.io")
}

// acceptance begins an acceptance test.
func acceptance(t *testing.T) {
	t.Helper()
	t.Parallel()
	if os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		t.Fatal("acceptance tests need terraform or tofu: put one on the PATH or name it in TF_ACC_TERRAFORM_PATH (make test does)")
	}
}

// needsImages leaves out a test where no images can be pushed.
func needsImages(t *testing.T) {
	t.Helper()
	if os.Getenv(endpointVariable) != "" {
		t.Skip("needs an AWS whose registry takes images")
	}
}

// clientConfig leads AWS clients to the tests' AWS, past the faults and the record.
func clientConfig() aws.Config {
	return aws.Config{
		Region:       testRegion,
		BaseEndpoint: aws.String(backend.endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("direct", "direct", ""),
	}
}

// dataFor returns what the provider's resources share when it works with this AWS.
func dataFor(t *testing.T, config aws.Config) *providerData {
	t.Helper()
	caches, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return newProviderData(cloud.New(config), caches)
}

// recorder stands before the tests' AWS. It remembers what the provider called, and has happen to it what a test wants.
type recorder struct {
	endpoint string
	target   http.Handler

	mu     sync.Mutex
	calls  []call
	faults []*fault
}

// call is one request of the provider.
type call struct {
	operation string // such as POST /2015-03-31/functions, or AmazonSQS.CreateQueue, or CreateRole
	body      string
}

// fault is what happens to requests: it answers them itself, or has them served.
type fault struct {
	operation *regexp.Regexp
	about     string // part of path or body
	answer    func(w http.ResponseWriter, made call, serve func(http.ResponseWriter))
}

func (f *fault) isOf(made call) bool {
	return f.operation.MatchString(made.operation) && strings.Contains(made.body, f.about)
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.Contains(req.Header.Get("Authorization"), "Credential=direct/") {
		r.target.ServeHTTP(w, req)
		return
	}
	var body []byte
	if !strings.HasPrefix(req.URL.Path, "/v2/") { // layers are large
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	made := call{operation: operationOf(req, body), body: req.URL.String() + "\n" + string(body)}
	serve := func(w http.ResponseWriter) { r.target.ServeHTTP(w, req) }
	for _, f := range slices.Backward(r.record(made)) {
		next := serve
		serve = func(w http.ResponseWriter) { f.answer(w, made, next) }
	}
	serve(w)
}

// refuse answers as AWS does to a call that fails, in the protocol of the call.
func refuse(w http.ResponseWriter, made call, status int, code, message string) {
	kind, format := "application/json", `{"__type":%q,"message":%q,"Message":%[2]q}`
	switch {
	case strings.Contains(made.operation, " /v2/"):
		format = `{"errors":[{"code":%q,"message":%q}]}`
	case !strings.ContainsAny(made.operation, " ."):
		kind, format = "text/xml", `<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, format, code, message)
}

// forbid answers as AWS does to who may not call.
func forbid(w http.ResponseWriter, made call, _ func(http.ResponseWriter)) {
	code := "AccessDeniedException"
	switch {
	case strings.Contains(made.operation, " /v2/"):
		code = "DENIED"
	case !strings.ContainsAny(made.operation, " ."):
		code = "AccessDenied"
	}
	refuse(w, made, http.StatusForbidden, code, denialOf(made))
}

// record remembers a call and returns what is to happen to it.
func (r *recorder) record(made call) []*fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, made)
	var faults []*fault
	for _, f := range r.faults {
		if f.isOf(made) {
			faults = append(faults, f)
		}
	}
	return faults
}

func operationOf(req *http.Request, body []byte) string {
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		return target
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	return req.Method + " " + req.URL.Path
}

// fail lets operations about something be denied until the test ends or the returned function is called.
func (r *recorder) fail(t *testing.T, operation, about string) (stop func()) {
	t.Helper()
	return r.add(t, &fault{operation: regexp.MustCompile(operation), about: about, answer: forbid})
}

// before has something happen once, before the first of the operations about something: what another process does at that moment.
func (r *recorder) before(t *testing.T, operation, about string, happen func()) {
	t.Helper()
	var once sync.Once
	r.add(t, &fault{
		operation: regexp.MustCompile(operation), about: about,
		answer: func(w http.ResponseWriter, _ call, serve func(http.ResponseWriter)) {
			once.Do(happen)
			serve(w)
		},
	})
}

// refuse has operations about something refused with an error of AWS, until the test ends or the returned function is called.
func (r *recorder) refuse(t *testing.T, operation, about string, status int, code, message string) (stop func()) {
	t.Helper()
	return r.add(t, &fault{
		operation: regexp.MustCompile(operation), about: about,
		answer: func(w http.ResponseWriter, made call, _ func(http.ResponseWriter)) {
			refuse(w, made, status, code, message)
		},
	})
}

// alter changes what AWS answers to operations about something, likewise.
func (r *recorder) alter(t *testing.T, operation, about string, change func(answer string) string) (stop func()) {
	t.Helper()
	return r.add(t, &fault{
		operation: regexp.MustCompile(operation), about: about,
		answer: func(w http.ResponseWriter, _ call, serve func(http.ResponseWriter)) {
			answer := httptest.NewRecorder()
			serve(answer)
			maps.Copy(w.Header(), answer.Header())
			w.Header().Del("Content-Length")
			w.WriteHeader(answer.Code)
			_, _ = io.WriteString(w, change(answer.Body.String()))
		},
	})
}

func (r *recorder) add(t *testing.T, f *fault) (stop func()) {
	t.Helper()
	r.mu.Lock()
	r.faults = append(r.faults, f)
	r.mu.Unlock()
	stop = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.faults = slices.DeleteFunc(r.faults, func(other *fault) bool { return other == f })
	}
	t.Cleanup(stop)
	return stop
}

// count returns how many calls of an operation about something there were.
func (r *recorder) count(operation, about string) int {
	pattern := regexp.MustCompile(operation)
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for _, made := range r.calls {
		if pattern.MatchString(made.operation) && strings.Contains(made.body, about) {
			count++
		}
	}
	return count
}

// background is a context for what a test's checks and cleanups ask of AWS.
func background() context.Context { return context.Background() }
