package provider

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// TestAccSecretsAreShownNowhere plants a value in a secret and looks for it in all that there is after each command: what Terraform says, its
// logs of everything, state, plan files, what a provider says that is aborted, and the image.
func TestAccSecretsAreShownNowhere(t *testing.T) {
	acceptance(t)
	needsImages(t)
	const value = "hunter2-in-a-secret"
	object := uniqueName(t)
	arn := secret(t, object, fmt.Sprintf(`{"TOKEN":%q}`, value))
	directory := files(t, map[string]string{"main.go": listingApp("secrets")})
	w := newCLI(t, sourced(object, directory, fmt.Sprintf("secrets = [%q]\n  reserved_concurrency = 2\n  timeouts = { create = \"4s\" }", arn)))
	pids := w.followProviders(t)
	w.environment = []string{"GOTRACEBACK=all"}
	run := func(succeeds bool, args ...string) string {
		t.Helper()
		output, logged, ok := w.traced(t, args...)
		if ok != succeeds {
			t.Errorf("%v: got success %t: %s", args, ok, errorsOf(output))
		}
		for file, content := range w.written(t) {
			if bytes.Contains(content, []byte("hunter2")) {
				t.Errorf("%v: it is in %s", args, file)
			}
		}
		return logged
	}
	looked := func() int { return backend.count(`GetSecretValue$`, object) }

	stop := backend.alter(t, `GetSecretValue$`, object, func(answer string) string { return answer[:len(answer)-3] })
	run(true, "plan")
	stop()
	run(true, "plan", "-out=saved")
	if looked() < 2 {
		t.Fatal("the secret is not looked at")
	}
	stop = backend.refuse(t, reserving, object, http.StatusBadRequest, "InvalidParameterValueException", "no")
	run(false, "apply", "saved")
	stop()

	if err := os.Remove(pids); err != nil { // the processes are gone
		t.Fatal(err)
	}
	var once sync.Once
	abort := backend.add(t, &fault{
		operation: regexp.MustCompile(creating), about: object,
		answer: func(_ http.ResponseWriter, _ call, _ func(http.ResponseWriter)) {
			once.Do(func() { abortAll(t, pids) })
			panic(http.ErrAbortHandler)
		},
	})
	if logged := run(false, "apply", "-auto-approve"); !strings.Contains(logged, "SIGABRT") || !strings.Contains(logged, "goroutine 1 ") {
		t.Error("the provider was not aborted, or did not say where it was")
	}
	abort()

	run(true, "apply", "-auto-approve")
	run(true, "plan", "-detailed-exitcode")
	images, _ := repositoryImages(t, object)
	for _, layer := range layersOf(t, object, *images[0].ImageDigest) {
		if bytes.Contains(layer, []byte("hunter2")) {
			t.Error("it is in the image")
		}
	}
	run(true, "destroy", "-auto-approve")
	if _, err := ecr.NewFromConfig(clientConfig()).DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: &object, Force: true}); err != nil {
		t.Error(err)
	}
}

// TestAccAnswersThatCannotBeReadAreShownNowhere has each of many functions plan with another answer that holds a secret's value, but is no
// JSON, or of another shape.
func TestAccAnswersThatCannotBeReadAreShownNowhere(t *testing.T) {
	acceptance(t)
	object, uri := uniqueName(t), testImageURI(t, "1")
	answers := []string{
		`{"SecretString":"hunter2`, `{"SecretString":"hunter2"]`, `{"SecretString":hunter2}`, `hunter2`, `"hunter2"`, `["hunter2"]`,
		`{"CreatedDate":"hunter2"}`, `{"VersionStages":"hunter2"}`, `{"SecretBinary":"hunter2*"}`, `{"SecretString":{"A":"hunter2"}}`,
	}
	config := ""
	for i, answer := range answers {
		label := fmt.Sprintf("broken_%c", 'a'+i)
		arn := secret(t, object+"-"+label, `{"A":"hunter2"}`)
		backend.alter(t, `GetSecretValue$`, arn, func(string) string { return answer })
		config += withSecrets(label, object, uri, []string{arn}, `environment = { A1 = "x" }`)
	}
	w := newCLI(t, config)
	output, logged, ok := w.traced(t, "plan", "-out=saved")
	if !ok {
		t.Errorf("the plan fails: %s", errorsOf(output))
	}
	if got := strings.Count(logged, "variables of secret are not known"); got != len(answers) {
		t.Errorf("got %d answers that cannot be read, want %d", got, len(answers))
	}
	for file, content := range w.written(t) {
		if bytes.Contains(content, []byte("hunter2")) {
			t.Errorf("it is in %s", file)
		}
	}
}

// followProviders has each process of the provider write its ID to the file that is returned.
func (w cli) followProviders(t *testing.T) string {
	t.Helper()
	binary, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	bin, pids := t.TempDir(), filepath.Join(t.TempDir(), "pids")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >>'%s'\nexec '%s/terraform-provider-handler' \"$@\"\n", pids, binary)
	if err := os.WriteFile(filepath.Join(bin, "terraform-provider-handler"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(w.cliConfig)
	if err == nil {
		err = os.WriteFile(w.cliConfig, bytes.ReplaceAll(config, []byte(strconv.Quote(binary)), []byte(strconv.Quote(bin))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

// abortAll has the Go runtime of each process print all goroutines and end.
func abortAll(t *testing.T, pids string) {
	content, err := os.ReadFile(pids)
	if err != nil {
		t.Error(err)
	}
	for line := range strings.FieldsSeq(string(content)) {
		if pid, err := strconv.Atoi(line); err == nil {
			_ = syscall.Kill(pid, syscall.SIGABRT)
		}
	}
}

// written returns the files that Terraform wrote, plan files unpacked.
func (w cli) written(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	entries, err := os.ReadDir(w.directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(w.directory, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = content
		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			continue // not a plan
		}
		for _, file := range archive.File {
			reader, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			found[entry.Name()+"/"+file.Name] = content
		}
	}
	return found
}

// layersOf returns the contents of an image's layers, and its configuration.
func layersOf(t *testing.T, repository, digest string) [][]byte {
	t.Helper()
	reference, err := name.ParseReference(strings.TrimPrefix(backend.endpoint, "http://") + "/" + repository + "@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(reference, remote.WithAuthFromKeychain(keychain{cloud.New(clientConfig()), authn.DefaultKeychain}))
	if err != nil {
		t.Fatal(err)
	}
	config, err1 := image.RawConfigFile()
	layers, err2 := image.Layers()
	if err1 != nil || err2 != nil || len(layers) == 0 {
		t.Fatal(err1, err2, len(layers))
	}
	contents := [][]byte{config}
	for _, layer := range layers {
		reader, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
	}
	return contents
}
