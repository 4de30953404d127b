package sdk_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/lambda-land/terraform-provider-handler/"
	awsSDK = "github.com/aws/aws-sdk-go-v2/"
	otel   = "go.opentelemetry.io/"
)

// linked is what each app links, by the beginnings of import paths.
var linked = []string{
	module + "sdk\n", module + "sdk/internal/", module + "sdk/secretenv\n",
	"github.com/aws/aws-lambda-go/", "github.com/aws/smithy-go/", "github.com/aws/smithy-go\n",
	awsSDK + "aws", awsSDK + "config", awsSDK + "credentials", awsSDK + "feature/ec2/imds", awsSDK + "internal/", awsSDK + "service/internal/",
	awsSDK + "service/secretsmanager", awsSDK + "service/sqs",
	awsSDK + "service/signin", awsSDK + "service/sso", awsSDK + "service/sts", // for credentials, by package config
}

// TestDependencies holds packages to what an app in production needs, as every further module would cost each cold start, and the tests
// of apps to no assertion library but their own. What is optional, such as OpenTelemetry and DynamoDB, comes by packages of its own.
func TestDependencies(t *testing.T) {
	t.Parallel()
	for path, more := range map[string][]string{
		".":             nil,
		"./sdktest":     {module + "sdk/sdktest\n"},
		"./idempotency": {module + "sdk/idempotency\n"},
		"./idempotency/dynamostore": {module + "sdk/idempotency\n", module + "sdk/idempotency/dynamostore\n",
			awsSDK + "service/dynamodb"},
		"./sdkotel": {module + "sdk/sdkotel\n", otel + "otel\n", otel + "otel/attribute", otel + "otel/baggage\n", otel + "otel/codes\n",
			otel + "otel/internal/", otel + "otel/metric", otel + "otel/propagation\n", otel + "otel/semconv/", otel + "otel/trace",
			otel + "auto/sdk", "github.com/go-logr/", "github.com/cespare/xxhash/"},
	} {
		for _, dependency := range dependencies(t, path) {
			if !slices.ContainsFunc(slices.Concat(linked, more), func(prefix string) bool { return strings.HasPrefix(dependency, prefix) }) {
				t.Errorf("package %s depends on %s", path, dependency)
			}
		}
	}
}

// dependencies lists the packages that one depends on, itself included, without the standard library. Each ends with a newline.
func dependencies(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", path).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %s\n%s", err, out)
	}
	return slices.Collect(strings.Lines(string(out)))
}
