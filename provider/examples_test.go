package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// TestAccExamples applies every configuration below examples/, each on an AWS of its own, and imports what it made in the ways that
// its folder shows.
func TestAccExamples(t *testing.T) {
	acceptance(t)
	needsImages(t)
	var directories []string
	for _, pattern := range []string{"*/*.tf", "*/*/*.tf"} {
		found, err := filepath.Glob(filepath.Join("..", "examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if directory := filepath.Dir(file); len(directories) == 0 || directories[len(directories)-1] != directory {
				directories = append(directories, directory)
			}
		}
	}
	if len(directories) < 7 {
		t.Fatalf("found only %d examples: %v", len(directories), directories)
	}
	for _, directory := range directories {
		t.Run(filepath.Base(directory), func(t *testing.T) {
			t.Parallel()
			e := newExample(t, directory)
			e.must(t, "apply", "-auto-approve")
			e.must(t, "plan", "-detailed-exitcode")
			for _, way := range []string{"import.sh", "import-by-string-id.tf"} {
				e.importBy(t, way)
			}
			e.purge(t)
			e.must(t, "destroy", "-auto-approve")
		})
	}
}

// TestAccQuickstartTestsItself runs the test that comes with the quickstart, and wants its second run to find nothing to do.
func TestAccQuickstartTestsItself(t *testing.T) {
	acceptance(t)
	needsImages(t)
	e := newExample(t, filepath.Join("..", "examples", "quickstart"))
	if v := terraformVersion(t, e.cli); v < 1006 {
		t.Skip("terraform test came with Terraform 1.6")
	}
	output := e.must(t, "test", "-verbose")
	if !strings.Contains(output, "2 passed, 0 failed") || strings.Count(output, "No changes.") != 1 {
		t.Errorf("got %s", output)
	}
}

// example is a copy of a configuration of examples/ where it can be applied.
type example struct {
	cli
	aws         aws.Config // of an AWS of its own
	directory   string     // of the original
	environment []string
	localize    *strings.Replacer // puts what is there into text that says what there may be
}

// exampleApp answers with the handlers that the examples deploy.
const exampleApp = `package main

import "fmt"

func main() {
	fmt.Println(` + "`" + `{"app":"acme","handlers":{
		"webhooks":{"events":["github.*"],"send_to":["jobs"],"timeout":30},
		"jobs":{"events":["run.requested"],"batch_size":5}}}` + "`" + `)
}
`

func newExample(t *testing.T, directory string) example {
	t.Helper()
	server := localaws.Start(t)
	app := files(t, map[string]string{"main.go": exampleApp})
	handlers, err := filepath.Abs(filepath.Join("..", "handlers"))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := secretsmanager.NewFromConfig(server.Config()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("acme"), SecretString: aws.String(`{"GITHUB_WEBHOOK_SECRET":"a","SUBSCRIBER_SECRET":"b"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := example{cli: newCLI(t, ""), aws: server.Config(), directory: directory}
	if err := os.Remove(filepath.Join(e.cli.directory, "main.tf")); err != nil { // the example may have its own
		t.Fatal(err)
	}
	e.environment = append(server.Env(), "TF_VAR_secret_arn="+*secret.ARN, "TF_VAR_secret_version="+*secret.VersionId,
		"TF_VAR_subscriber_url=https://subscriber.example.com/runs")
	e.localize = strings.NewReplacer(
		"${path.module}/../../handlers", handlers,
		"${path.module}/../cmd/acme", app,
		"public.ecr.aws/datadog/lambda-extension:83", imageWithExtensions(t),
		"https://sqs.eu-west-1.amazonaws.com/123456789012", server.Endpoint()+"/000000000000",
	)
	write(t, e.cli.directory, "acme.yaml", "a: 1\n")
	var all strings.Builder
	for _, pattern := range []string{"*.tf", "*.tftest.hcl"} {
		found, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if strings.HasPrefix(filepath.Base(file), "import-by-") {
				continue
			}
			if content := e.copy(t, filepath.Base(file)); pattern == "*.tf" {
				all.WriteString(content)
			}
		}
	}
	write(t, e.cli.directory, "surroundings.tf", surroundings(all.String(), app))
	return e
}

// copy copies a file of the example and returns what is in the copy.
func (e example) copy(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(e.directory, file))
	if err != nil {
		t.Fatal(err)
	}
	local := e.localize.Replace(string(content))
	write(t, e.cli.directory, file, local)
	return local
}

// surroundings are the variables, queues, images and resets that an example refers to and leaves to its reader.
func surroundings(content, app string) string {
	templates := map[string]string{
		"var":           "variable %q {}\n",
		"handler_queue": "resource \"handler_queue\" %q {\n  name = \"acme-%[1]s\"\n}\n",
		"handler_reset": "resource \"handler_reset\" %q {}\n",
		"handler_image": "resource \"handler_image\" %q {\n  source = { package = \"" + app + "\" }\n  repository = { name = \"%[1]s-image\" }\n}\n",
	}
	var missing strings.Builder
	if !strings.Contains(content, "required_providers") {
		missing.WriteString("terraform {\n  required_providers {\n    handler = { source = \"lambda-land/handler\" }\n  }\n}\n")
	}
	seen := map[string]bool{}
	for _, match := range regexp.MustCompile(`\b(var|handler_queue|handler_reset|handler_image)\.(\w+)`).FindAllStringSubmatch(content, -1) {
		kind, name := match[1], match[2]
		declared := fmt.Sprintf("resource %q %q", kind, name)
		if kind == "var" {
			declared = fmt.Sprintf("variable %q", name)
		}
		if !seen[match[0]] && !strings.Contains(content, declared) {
			_, _ = fmt.Fprintf(&missing, templates[kind], name)
		}
		seen[match[0]] = true
	}
	return missing.String()
}

// imageWithExtensions returns the address of an image of this machine with a file where Lambda looks for extensions.
func imageWithExtensions(t *testing.T) string {
	t.Helper()
	img, err := crane.Image(map[string][]byte{"opt/extensions/agent": []byte("#!/bin/sh\n")})
	if err == nil {
		img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	}
	if err != nil {
		t.Fatal(err)
	}
	address := registryServer(t) + "/extension:1"
	ref, err := name.ParseReference(address)
	if err == nil {
		err = remote.Write(ref, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// must runs Terraform and returns what it says.
func (e example) must(t *testing.T, args ...string) string {
	t.Helper()
	output, ok := e.run(t, args, e.environment...)
	if !ok {
		t.Fatalf("%s: %v: …%s", e.directory, args, output[max(0, len(output)-maxOutput):])
	}
	return output
}

// purge empties the queues, which a schedule may have sent to: those that hold messages are not destroyed.
func (e example) purge(t *testing.T) {
	t.Helper()
	client := sqs.NewFromConfig(e.aws)
	queues, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range queues.QueueUrls {
		if _, err := client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
	}
}

// importBy forgets what a file of the example imports, imports it, and applies what an import cannot know, such as labels.
func (e example) importBy(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(e.directory, file))
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	e.must(t, "state", "rm", regexp.MustCompile(`handler_\w+\.\w+`).FindString(string(content)))
	local := e.copy(t, file)
	if strings.HasSuffix(file, ".sh") {
		bin := t.TempDir()
		if err := os.Symlink(terraformPath(), filepath.Join(bin, "terraform")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-eu", "-c", local)
		cmd.Dir = e.cli.directory
		cmd.Env = append(os.Environ(), append(e.environment, "TF_CLI_CONFIG_FILE="+e.cliConfig,
			"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))...)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", file, flat(output))
		}
	}
	e.must(t, "apply", "-auto-approve")
	if err := os.Remove(filepath.Join(e.cli.directory, file)); err != nil {
		t.Fatal(err)
	}
	e.must(t, "plan", "-detailed-exitcode")
}

// terraformVersion returns the version of the tested command as thousands: 1011 is 1.11. OpenTofu counts from 1.6 as Terraform does.
func terraformVersion(t *testing.T, w cli) int {
	t.Helper()
	output, err := w.command("version", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var version struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &version); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(version.Version, ".")
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	return major*1000 + minor
}
