package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// quickstart is examples/quickstart on an AWS of its own that can be told to fail, with providers that can be killed.
type quickstart struct {
	cli

	aws     *faultyAWS
	config  aws.Config // for clients that no fault concerns
	pids    string     // file that each provider writes its process's id to
	parents string     // file that each writes to the id of the Terraform that started it
	killed  atomic.Bool
}

func newQuickstart(t *testing.T) *quickstart {
	t.Helper()
	server, err := localaws.New(localaws.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	faulty := &faultyAWS{target: server}
	front := httptest.NewServer(faulty)
	t.Cleanup(front.Close)
	binary, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	w := &quickstart{aws: faulty, cli: cli{directory: t.TempDir()}, config: aws.Config{
		Region: testRegion, BaseEndpoint: aws.String(server.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider("direct", "direct", ""),
	}}
	w.pids, w.parents, w.cliConfig = filepath.Join(w.directory, "pids"), filepath.Join(w.directory, "parents"), filepath.Join(w.directory, "cli.tfrc")
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho $$ >>'%s'\necho $PPID >>'%s'\nexec '%s/terraform-provider-handler' \"$@\"\n", w.pids, w.parents, binary)
	if err := os.WriteFile(filepath.Join(bin, "terraform-provider-handler"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, w.directory, "cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"lambda-land/handler\" = %q\n  }\n  direct {}\n}\n", bin))
	app, err := filepath.Abs("../handlers")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.tf", "variables.tf", "outputs.tf"} {
		content, err := os.ReadFile(filepath.Join("..", "examples", "quickstart", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, w.directory, name, strings.ReplaceAll(string(content), "${path.module}/../../handlers", app))
	}
	secret, err := secretsmanager.NewFromConfig(w.config).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("acme"), SecretString: aws.String(`{"GITHUB_WEBHOOK_SECRET":"a","SUBSCRIBER_SECRET":"b"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.directory, "terraform.tfvars", fmt.Sprintf("secret_arn = %q\nsubscriber_url = \"http://127.0.0.1:9/\"\n", *secret.ARN))
	w.environment = []string{"AWS_ENDPOINT_URL=" + front.URL}
	return w
}

// killAll kills the processes whose ids are in a file, at once.
func killAll(file string) {
	for _, pid := range processes(file) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func processes(file string) []int {
	content, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var pids []int
	for line := range strings.FieldsSeq(string(content)) {
		if pid, err := strconv.Atoi(line); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// awaitProviders waits until no provider runs any more.
func (w *quickstart) awaitProviders(t *testing.T) {
	t.Helper()
	for _, pid := range processes(w.pids) {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err != nil || len(command) == 0 { // a zombie has none
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("provider %d still runs without a Terraform", pid)
			}
		}
	}
}

// finishing reports whether the last call took a mark off, after which Terraform waits for nothing.
func (w *quickstart) finishing() bool {
	operation := w.aws.last()
	return strings.Contains(operation, "Untag") || strings.Contains(operation, "DELETE /2017-03-31/tags/")
}

// mends applies once more, with nothing done by hand, and destroys.
func (w *quickstart) mends(t *testing.T) {
	t.Helper()
	w.aws.set(nil)
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, errorsOf(output))
		}
	}
	w.isEmpty(t)
}

func (w *quickstart) isEmpty(t *testing.T) {
	t.Helper()
	if left := leftovers(t, w.config); len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}

// errorsOf returns what Terraform says from its first error on, or else at the end.
func errorsOf(output string) string {
	if i := strings.Index(output, "Error: "); i >= 0 {
		return output[i:]
	}
	return output[max(0, len(output)-maxOutput):]
}

// leftovers returns what there is in an AWS, but for logs and secrets.
func leftovers(t *testing.T, config aws.Config) []string {
	t.Helper()
	var left []string
	ctx := context.Background()
	queues, err1 := sqs.NewFromConfig(config).ListQueues(ctx, &sqs.ListQueuesInput{})
	functions, err2 := lambda.NewFromConfig(config).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	mappings, err3 := lambda.NewFromConfig(config).ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	roles, err4 := iam.NewFromConfig(config).ListRoles(ctx, &iam.ListRolesInput{})
	repositories, err5 := ecr.NewFromConfig(config).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	left = append(left, queues.QueueUrls...)
	for _, function := range functions.Functions {
		left = append(left, *function.FunctionArn)
	}
	for _, mapping := range mappings.EventSourceMappings {
		left = append(left, *mapping.UUID)
	}
	for _, role := range roles.Roles {
		left = append(left, *role.Arn)
	}
	for _, repository := range repositories.Repositories {
		left = append(left, *repository.RepositoryArn)
	}
	return left
}

// faultyAWS passes calls on and has happen what a test wants to happen with them.
type faultyAWS struct {
	target http.Handler
	// fail may answer a call itself, and reports whether it did.
	fail func(w http.ResponseWriter, r *http.Request, call string, serve func(http.ResponseWriter)) bool

	mu   sync.Mutex
	made []string
	at   func(made int, w http.ResponseWriter, serve func(http.ResponseWriter))
}

func (f *faultyAWS) set(at func(int, http.ResponseWriter, func(http.ResponseWriter))) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at
}

func (f *faultyAWS) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.made)
}

// last returns what the last call was.
func (f *faultyAWS) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made[len(f.made)-1]
}

var uploadID = regexp.MustCompile(`\d+$`)

func (f *faultyAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	operation := operationOf(r, body)
	f.mu.Lock()
	f.made = append(f.made, operation)
	made, at := len(f.made), f.at
	f.mu.Unlock()
	serve := func(w http.ResponseWriter) { f.target.ServeHTTP(w, r) }
	if fail := f.fail; fail != nil {
		call := uploadID.ReplaceAllString(operation, "") // each attempt to upload a layer has another
		if !strings.HasPrefix(r.URL.Path, "/v2/") {
			call += "\n" + string(body)
		}
		if fail(w, r, call, serve) {
			return
		}
	}
	if at != nil {
		at(made, w, serve)
		return
	}
	serve(w)
}
