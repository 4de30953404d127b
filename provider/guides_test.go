package provider

import (
	"encoding/json"
	"os"
	"os/exec"
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

// TestGuidesAreFormatted has Terraform read every configuration of the guides.
func TestGuidesAreFormatted(t *testing.T) {
	acceptance(t)
	guides, err := filepath.Glob(filepath.Join(guideSources, "*.md"))
	if err != nil || len(guides) < 6 {
		t.Fatalf("found the guides %v, %v", guides, err)
	}
	for _, guide := range guides {
		for _, block := range guideBlocks(t, filepath.Base(guide), "terraform") {
			cmd := exec.Command(terraformPath(), "fmt", "-")
			cmd.Stdin = strings.NewReader(block)
			if formatted, err := cmd.CombinedOutput(); err != nil || string(formatted) != block {
				t.Errorf("%s: %v; want\n%s\ninstead of\n%s", guide, err, formatted, block)
			}
		}
	}
}

// guideSources is where the guides are written.
var guideSources = filepath.Join("..", "tools", "docs", "templates", "guides")

// guideBlocks returns the blocks of code in a language that a guide has.
func guideBlocks(t *testing.T, guide, language string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(guideSources, guide))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// guidePolicy returns the actions that the guide's policy permits.
func guidePolicy(t *testing.T) []string {
	t.Helper()
	blocks := guideBlocks(t, "permissions.md", "json")
	if len(blocks) != 1 {
		t.Fatalf("the guide has %d policies, want one", len(blocks))
	}
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal([]byte(blocks[0]), &policy); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, statement := range policy.Statement {
		actions = append(actions, statement.Action...)
	}
	return actions
}
