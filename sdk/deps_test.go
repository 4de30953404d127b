package sdk_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds the package to what an app in production needs: every further module would cost each cold start.
func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %s\n%s", err, out)
	}
	const module, aws = "github.com/lambda-land/terraform-provider-handler/", "github.com/aws/aws-sdk-go-v2/"
	allowed := []string{
		module + "sdk\n", module + "sdk/internal/",
		"github.com/aws/aws-lambda-go/", "github.com/aws/smithy-go/", "github.com/aws/smithy-go\n",
		aws + "aws", aws + "config", aws + "credentials", aws + "feature/ec2/imds", aws + "internal/", aws + "service/internal/",
		aws + "service/secretsmanager", aws + "service/sqs",
		aws + "service/signin", aws + "service/sso", aws + "service/sts", // for credentials, by package config
	}
	for line := range strings.Lines(string(out)) {
		if !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(line, prefix) }) {
			t.Errorf("package sdk depends on %s", strings.TrimSpace(line))
		}
	}
}
