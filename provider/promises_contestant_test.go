package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// mirrorVariable names an unpacked filesystem mirror that holds the AWS provider, to be measured beside this one.
const mirrorVariable = "AWS_PROVIDER_MIRROR"

// maxOutput is how many bytes of terraform's output are shown when it fails; the error is at its end.
const maxOutput = 4000

// contestant is a provider with a configuration of handlers, which it makes in an AWS.
type contestant struct {
	cli
	binary      string
	started     string // file with the ids of its processes
	environment []string
}

// newHandler returns this provider, as `make build` makes it.
func newHandler(b *testing.B) *contestant {
	b.Helper()
	if output, err := exec.Command("make", "-C", "..", "build").CombinedOutput(); err != nil {
		b.Fatalf("build the provider: %v\n%s", err, output)
	}
	binary, err := filepath.Abs(filepath.Join("..", "bin", "terraform-provider-handler"))
	if err != nil {
		b.Fatal(err)
	}
	return newContestant(b, "handler", "lambda-land/handler", binary)
}

// newAWS returns the AWS provider 5.100.0.
func newAWS(b *testing.B) *contestant {
	b.Helper()
	mirror := os.Getenv(mirrorVariable)
	if mirror == "" {
		b.Skip("the AWS provider is left out: " + mirrorVariable + " names no filesystem mirror that has it")
	}
	pattern := filepath.Join(mirror, "*", "hashicorp", "aws", "5.100.0", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-aws*")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		b.Fatalf("%s: no %s (%v)", mirrorVariable, pattern, err)
	}
	return newContestant(b, "aws", "hashicorp/aws", found[0])
}

func newContestant(b *testing.B, configuration, source, binary string) *contestant {
	b.Helper()
	directory, started := recordStarts(b, binary, "terraform-provider-"+filepath.Base(source))
	c := &contestant{binary: binary, started: started}
	c.directory = b.TempDir()
	c.cliConfig = filepath.Join(c.directory, "cli.tfrc")
	write(b, c.directory, "cli.tfrc", overridden(source, directory))
	content, err := os.ReadFile(filepath.Join("testdata", "promises", configuration, "main.tf"))
	if err != nil {
		b.Fatal(err)
	}
	write(b, c.directory, "main.tf", string(content))
	return c
}

// in is the environment of an AWS, with an image that handlers are made of.
func (c *contestant) in(endpoint, image string) {
	c.environment = []string{"AWS_ENDPOINT_URL=" + endpoint, "TF_VAR_image_uri=" + image}
}

// run lets Terraform do something with so many handlers, and returns how many seconds it took.
func (c *contestant) run(b *testing.B, handlers int, args ...string) float64 {
	b.Helper()
	start := time.Now()
	mustRun(b, c.cli, append(c.environment, "TF_VAR_handlers="+strconv.Itoa(handlers)), args...)
	return time.Since(start).Seconds()
}

// size of the binary in MB.
func (c *contestant) size(b *testing.B) float64 {
	b.Helper()
	file, err := os.Stat(c.binary)
	if err != nil {
		b.Fatal(err)
	}
	return float64(file.Size()) / 1e6
}
