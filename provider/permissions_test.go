package provider

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDeployerMayDoEveryCall holds the policy of the guide to the calls in package cloud.
func TestDeployerMayDoEveryCall(t *testing.T) {
	allowed := guidePolicy(t)
	services := map[string]string{
		"ecr": "ecr", "iam": "iam", "lambda": "lambda", "logs": "logs", "cloudwatchlogs": "logs", "sqs": "sqs", "scheduler": "scheduler",
		"kms": "", "secrets": "", "secretsmanager": "", "sts": "", // the guide says when to add them; sts needs no permission
	}
	call := regexp.MustCompile(`\bc\.(\w+)\.([A-Z]\w+)\(ctx|\bc\.(\w+)\.([A-Z]\w+)\(groupCtx|\b(\w+)\.New([A-Z]\w+)Paginator\(`)
	sources, err := filepath.Glob(filepath.Join("cloud", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range call.FindAllStringSubmatch(string(content), -1) {
			client, operation := match[1]+match[3]+match[5], match[2]+match[4]+match[6]
			if operation == "Get" { // of an answer that is asked for once
				continue
			}
			calls++
			service, known := services[client]
			if !known {
				t.Errorf("%s calls %s of %s, a service that this test does not know", file, operation, client)
			}
			if action := service + ":" + operation; service != "" && !slices.Contains(allowed, action) {
				t.Errorf("%s needs %s, which the guide about the deployer's permissions does not have", file, action)
			}
		}
	}
	if calls < 40 {
		t.Errorf("found only %d calls", calls)
	}
}

// guidePolicy returns the actions that the guide's policy permits.
func guidePolicy(t *testing.T) []string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "tools", "docs", "templates", "guides", "permissions.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(guide)
	if block == nil {
		t.Fatal("the guide has no policy")
	}
	var policy struct{ Statement []struct{ Action any } }
	if err := json.Unmarshal(block[1], &policy); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, statement := range policy.Statement {
		switch action := statement.Action.(type) {
		case string:
			actions = append(actions, action)
		case []any:
			for _, each := range action {
				actions = append(actions, each.(string)) //nolint:forcetypeassert // a policy of anything else fails
			}
		}
	}
	return actions
}
