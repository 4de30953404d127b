package provider

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

// builtProvider returns the directory of the provider's binary, which is built for the first test that needs one.
var builtProvider = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("go", "build", "-o", filepath.Join(scratch, "terraform-provider-handler"), "..").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the provider: %w\n%s", err, output)
	}
	return scratch, err
})

// cli is Terraform's command line in a directory of its own, with a process of the provider for each walk.
type cli struct {
	directory, cliConfig string
	environment          []string // besides the test's own
}

func newCLI(t testing.TB, config string) cli {
	t.Helper()
	binary, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	w := cli{directory: t.TempDir()}
	w.cliConfig = filepath.Join(w.directory, "cli.tfrc")
	write(t, w.directory, "cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"lambda-land/handler\" = %q\n  }\n  direct {}\n}\n", binary))
	w.configure(t, config)
	return w
}

// configure replaces the configuration.
func (w cli) configure(t testing.TB, config string) {
	t.Helper()
	write(t, w.directory, "main.tf", "terraform {\n  required_providers {\n    handler = { source = \"lambda-land/handler\" }\n  }\n}\n"+config)
}

func (w cli) command(args ...string) *exec.Cmd {
	cmd := exec.Command(terraformPath(), append(args, "-no-color")...)
	cmd.Dir = w.directory
	cmd.Env = append(append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.cliConfig), w.environment...)
	return cmd
}

// run returns what Terraform says, with breaks of lines as single spaces, and whether it succeeds.
func (w cli) run(t testing.TB, args []string, environment ...string) (string, bool) {
	t.Helper()
	cmd := w.command(args...)
	cmd.Env = append(cmd.Env, environment...)
	output, err := cmd.CombinedOutput()
	return flat(output), err == nil
}

// must runs Terraform and returns what it says.
func (w cli) must(t *testing.T, args ...string) string {
	t.Helper()
	output, ok := w.run(t, args)
	if !ok {
		t.Fatalf("%v: …%s", args, output[max(0, len(output)-maxOutput):])
	}
	return output
}

// flat returns Terraform's output without its frames and breaks of lines.
func flat(output []byte) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`(?m)^[│╷╵]`).ReplaceAllString(string(output), "")), " ")
}

func TestAccApplySaysWhatChangedSinceThePlan(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("walk 1")})
	w := newCLI(t, imageOf(directory, "", fmt.Sprintf("name = %q", name), ""))

	cmd := w.command("apply")
	answer, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	questions, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, questions, "Enter a value:")
	write(t, directory, "main.go", listingApp("walk 2")) // while somebody thinks about the plan
	_, _ = io.WriteString(answer, "yes\n")
	_, _ = io.Copy(io.Discard, questions)
	if err := cmd.Wait(); err == nil {
		t.Error("another image than planned was applied")
	}
	want := regexp.MustCompile(`Source changed since the plan .*files: [0-9a-f]{32} was planned, [0-9a-f]{32} is here.* Plan and apply again\.`)
	if got := flat(problems.Bytes()); !want.MatchString(got) || strings.Contains(got, "inconsistent") {
		t.Errorf("got %s", got)
	}
	if _, exists := repositoryImages(t, name); exists {
		t.Error("the repository was made")
	}

	if output, ok := w.run(t, []string{"plan", "-out=saved"}); !ok {
		t.Fatal(output)
	}
	write(t, directory, "main.go", listingApp("walk 3"))
	output, ok := w.run(t, []string{"apply", "saved"})
	want = regexp.MustCompile(`Source changed since the plan .* files: [0-9a-f]{32} is here, something else was planned Nothing .* Plan and apply again\.`)
	if ok || !want.MatchString(output) || strings.Contains(output, "inconsistent") || strings.Contains(output, "modules:") {
		t.Errorf("got %s", output)
	}
	write(t, directory, "main.go", strings.Replace(listingApp("walk 2"), "\n", " // which changes no byte of the binary\n", 1))
	for _, args := range [][]string{{"apply", "saved"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
}

// TestAccOneSourceTellsItsErrorOnce has two resources of a source that does not compile, then loses the image of one that does.
func TestAccOneSourceTellsItsErrorOnce(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": "package main\n\nfunc main() { missing() }\n"})
	w := newCLI(t, imageOf(directory, "", fmt.Sprintf("name = %q", name), "")+
		fmt.Sprintf("data \"handler_app\" \"acme\" {\n  source = { package = %q }\n}\n", directory))
	output, ok := w.run(t, []string{"plan"})
	if ok || strings.Count(output, "undefined: missing") != 1 || strings.Count(output, "as the error of another resource") != 1 {
		t.Errorf("got %s", output)
	}
	write(t, directory, "main.go", listingApp("told once"))
	if output, ok := w.run(t, []string{"apply", "-auto-approve"}); !ok {
		t.Fatal(output)
	}
	images, _ := repositoryImages(t, name)
	input := &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: images}
	if _, err := ecr.NewFromConfig(clientConfig()).BatchDeleteImage(background(), input); err != nil {
		t.Fatal(err)
	}
	output, ok = w.run(t, []string{"plan"})
	if !ok || !strings.Contains(output, *images[0].ImageDigest+" is no longer in its repository. The next apply pushes it again.") {
		t.Errorf("got %s", output)
	}
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
}

// TestAccSavedPlanMayNotKnowTheSource applies plans that were made before a label was known, for an image that is made and one that is not.
func TestAccSavedPlanMayNotKnowTheSource(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("saved before it was known")})
	config := func(input string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"label\" {\n  input = %q\n  triggers_replace = %q\n}\n", input, input) +
			imageOf(directory, "labels = { of = terraform_data.label.id }", fmt.Sprintf("name = %q", name), "")
	}
	w := newCLI(t, config("one"))
	for _, input := range []string{"one", "two"} {
		w.configure(t, config(input))
		for _, args := range [][]string{{"plan", "-out=saved"}, {"apply", "saved"}, {"plan", "-detailed-exitcode"}} {
			if output, ok := w.run(t, args); !ok {
				t.Fatalf("%s: %v: %s", input, args, output)
			}
		}
	}
	if output, ok := w.run(t, []string{"destroy", "-auto-approve"}); !ok {
		t.Fatal(output)
	}
}

// waitFor reads until a text was there.
func waitFor(t *testing.T, reader io.Reader, text string) {
	t.Helper()
	var read bytes.Buffer
	buffer := make([]byte, 4096)
	for !strings.Contains(read.String(), text) {
		n, err := reader.Read(buffer)
		read.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%q did not come: %v\n%s", text, err, read.String())
		}
	}
}

func TestAccSourceEnvironmentIsNeverShown(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	const value = "hunter2-in-source-env"
	directory := files(t, map[string]string{"main.go": listingApp("environment")})
	source := "env = { ACME_TOKEN = var.token, GOFLAGS = \"-ldflags=-X=main.token=${var.token}\" }"
	w := newCLI(t, "variable \"token\" {}\n"+imageOf(directory, source, fmt.Sprintf("name = %q", name), "")+fmt.Sprintf(`
data "handler_app" "test" {
  source = {
    package = %[2]q
    %[3]s
  }
}

resource "handler_function" "test" {
  name       = %[1]q
  handler    = "first"
  repository = { name = "%[1]s-function" }
  source = {
    package = %[2]q
    %[3]s
  }
}
`, name, directory, source))
	check := func(act string, succeeds bool, args ...string) {
		t.Helper()
		output, ok := w.run(t, args, "TF_VAR_token="+value, "TF_LOG=TRACE")
		if ok != succeeds {
			t.Errorf("%s: got success %t: …%s", act, ok, output[max(0, len(output)-maxOutput):])
		}
		if i := strings.Index(output, value); i >= 0 {
			t.Errorf("%s shows it: …%s…", act, output[max(0, i-300):min(len(output), i+100)])
		}
	}
	check("an apply", true, "apply", "-auto-approve")
	write(t, directory, "main.go", "package main\n\nfunc main() { undeclared() }\n")
	check("a failing apply", false, "apply", "-auto-approve")
	write(t, directory, "main.go", "package main\n\nimport \"os\"\n\nfunc main() { println(os.Getenv(\"ACME_TOKEN\")); os.Exit(1) }\n")
	check("an app that fails", true, "plan")
	write(t, directory, "main.go", listingApp("environment"))
	check("a destroy", true, "destroy", "-auto-approve")
}

func TestAccAppOffTheSDKPassesWithAWarning(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": "package main\n\nfunc main() { println(\"unknown command\") }\n"})
	const warning = "Handlers cannot be checked"
	config := func(source string) string {
		return imageOf(directory, source, fmt.Sprintf("name = %q", name), "") + fmt.Sprintf(`
resource "handler_function" "test" {
  name      = %q
  handler   = "anything"
  image_uri = handler_image.test.image_uri
}
`, name)
	}
	w := newCLI(t, config(""))
	for range 2 { // the second time it is in the state
		if output, ok := w.run(t, []string{"apply", "-auto-approve"}); !ok || !strings.Contains(output, warning) {
			t.Errorf("got %s", output)
		}
	}
	w = newCLI(t, config("check_handlers = false"))
	if output, ok := w.run(t, []string{"plan"}); !ok || strings.Contains(output, warning) {
		t.Errorf("got %s", output)
	}
}
