package sdk_test

import (
	"os/exec"
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
	const module = "github.com/lambda-land/terraform-provider-handler/"
	allowed := []string{
		module + "sdk\n", module + "sdk/internal/",
		"github.com/aws/aws-lambda-go/", "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go/", "github.com/aws/smithy-go\n",
	}
	for line := range strings.Lines(string(out)) {
		ok := false
		for _, prefix := range allowed {
			ok = ok || strings.HasPrefix(line, prefix)
		}
		if !ok {
			t.Errorf("package sdk depends on %s", strings.TrimSpace(line))
		}
	}
}
