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
	content, err := os.ReadFile(filepath.Join("cloud", "testdata", "actions.txt")) // which a test there keeps to what is called
	if err != nil {
		t.Fatal(err)
	}
	needed := 0
	for action := range strings.FieldsSeq(string(content)) {
		switch service, _, _ := strings.Cut(action, ":"); service {
		case "kms", "secretsmanager", "ec2", "sts": // the guide says when to add them; sts needs no permission
		default:
			needed++
			if !slices.Contains(allowed, action) {
				t.Errorf("%s is needed, which the guide about the deployer's permissions does not have", action)
			}
		}
	}
	if needed < 40 {
		t.Errorf("found only %d actions", needed)
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
