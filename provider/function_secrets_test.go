package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// diagnostic is an error or a warning of Terraform, as -json shows it.
type diagnostic struct {
	Severity, Summary, Detail, Address string
	Snippet                            struct{ Code string }
}

// diagnosticsOf returns those of a plan with -json, by the labels of functions.
func diagnosticsOf(t *testing.T, output string) map[string][]diagnostic {
	t.Helper()
	found := map[string][]diagnostic{}
	decoder := json.NewDecoder(strings.NewReader(output))
	for {
		var line struct{ Diagnostic *diagnostic }
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("%s: %s", err, output)
		}
		if line.Diagnostic != nil {
			label := strings.TrimPrefix(line.Diagnostic.Address, "handler_function.")
			found[label] = append(found[label], *line.Diagnostic)
		}
	}
}

// withSecrets is a function with secrets, each on a line of its own.
func withSecrets(label, name, imageURI string, arns []string, attributes string) string {
	list := ""
	for _, arn := range arns {
		list += fmt.Sprintf("    %q,\n", arn)
	}
	return fmt.Sprintf(`
resource "handler_function" %[1]q {
  name      = "%[2]s-%[1]s"
  image_uri = %[3]q
  handler   = "first"
  secrets = [
%[4]s  ]
  %[5]s
}
`, label, name, imageURI, list, attributes)
}

// verdict is what a plan is to say of a function's secrets.
type verdict struct {
	severity string
	code     string   // part of the line that is shown, in which @1 is the ARN of the second secret
	detail   []string // parts of the detail, likewise
}

// check compares what was said with the verdict.
func (v verdict) check(t *testing.T, said diagnostic, arns []string) {
	t.Helper()
	named := func(text string) string {
		for i, arn := range arns {
			text = strings.ReplaceAll(text, fmt.Sprint("@", i), arn)
		}
		return text
	}
	if said.Severity != v.severity || !strings.Contains(said.Snippet.Code, named(v.code)) {
		t.Errorf("%s: got %s at %s", said.Address, said.Severity, said.Snippet.Code)
	}
	for _, part := range v.detail {
		if !strings.Contains(said.Detail, named(part)) {
			t.Errorf("%s: got %s, want %s", said.Address, said.Detail, named(part))
		}
	}
}

// TestAccSecretsAreJudgedAsWhenTheAppStarts has one plan of many functions, whose secrets all hold "hunter2".
func TestAccSecretsAreJudgedAsWhenTheAppStarts(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	refused := func(detail ...string) []verdict {
		return []verdict{{"error", `"@0"`, append(detail, "secret @0:\n- ")}}
	}
	tests := map[string]struct {
		secrets    []string // their values; "" for none
		binary     bool     // whether they are stored as binary
		attributes string
		want       []verdict
	}{
		"usable":    {secrets: []string{`{"A":"hunter2","b_1":2}`, `{"_C":{"hunter2":["hunter2"]}}`, `{}`}},
		"binary":    {secrets: []string{`{"A":"hunter2"}`}, binary: true},
		"text":      {secrets: []string{`hunter2`}, want: refused("Its value is not a JSON object; store", `as {"DATABASE_URL": "…"}.`)},
		"list":      {secrets: []string{`["hunter2"]`}, want: refused("Its value is not a JSON object")},
		"cut":       {secrets: []string{`{"A":"hunter2`}, want: refused("Its value is not a JSON object")},
		"two":       {secrets: []string{`{"A":"hunter2"}{}`}, want: refused("Its value is not a JSON object")},
		"bytes":     {secrets: []string{"{\"A\":\"hunter2\xff\"}"}, binary: true, want: refused("Its value is not a JSON object")},
		"empty_key": {secrets: []string{`{"":"hunter2"}`}, want: refused(`Its key "" is no name`)},
		"mistakes": {
			secrets: []string{`{"a.b":"hunter2","1A":"hunter2","HANDLER_X":"hunter2","AWS_REGION":"hunter2","N":null,"D":"hunter2","D":"hunter2"}`},
			want: refused(`- Its key "a.b" is no name of an environment variable; rename it`, `- Its key "1A" is no name`,
				`- Its key "HANDLER_X" is reserved for Lambda and the SDK; rename it.`, `- Its key "AWS_REGION" is reserved`,
				`- The value of its key "N" is null; make it a string, or remove the key.`, `- Its key "D" is there twice`),
		},
		"same_key": {
			secrets: []string{`{"A":"hunter2","B":"hunter2-1"}`, `{"B":"hunter2-2","C":"hunter2"}`},
			want:    []verdict{{"error", `"@1"`, []string{"secret @1:", `- Its key "B" is also in secret @0; rename it, or remove one of the two.`}}},
		},
		"overridden": {
			secrets:    []string{`{"FIRST":"hunter2"}`, `{"LATER":"hunter2","NULL":"hunter2","OTHER":"hunter2","TOKEN":"hunter2"}`},
			attributes: `environment = { FREE = "x", LATER = terraform_data.later.output, NULL = null, TOKEN = "x" }`,
			want: []verdict{
				{"warning", "LATER = ", []string{"The secret @1 has the key LATER, too.", "sdk.EnvironmentWins()"}},
				{"warning", "TOKEN = ", []string{"The secret @1 has the key TOKEN, too.", "sdk.EnvironmentWins()"}},
			},
		},
		"hidden": {secrets: []string{`{"A":"hunter2"}`, `{"A":"hunter2"}`}, attributes: `environment = { A1 = "x" }`},
		"none":   {secrets: []string{""}, want: []verdict{{"warning", `"@0"`, []string{"The secret @0 has no value yet."}}}},
	}
	config := "resource \"terraform_data\" \"later\" {\n  input = 1\n}\n"
	arns := map[string][]string{}
	for label, test := range tests {
		for i, value := range test.secrets {
			object := fmt.Sprintf("%s-%s-%d", name, label, i)
			if test.binary {
				arns[label] = append(arns[label], createSecret(t, &secretsmanager.CreateSecretInput{Name: &object, SecretBinary: []byte(value)}))
				continue
			}
			arns[label] = append(arns[label], secret(t, object, value))
		}
		config += withSecrets(label, name, uri, arns[label], test.attributes)
	}
	backend.fail(t, `GetSecretValue$`, arns["hidden"][0])
	if os.Getenv(endpointVariable) == "" { // moto knows secrets by their full ARNs only
		short := arns["usable"][0][:strings.LastIndexByte(arns["usable"][0], '-')]
		config += withSecrets("listed_twice", name, uri, []string{arns["usable"][0], short}, "")
	}
	w := newCLI(t, config)
	output, _, ok := w.traced(t, "plan", "-json")
	if ok {
		t.Error("the plan succeeds")
	}
	got := diagnosticsOf(t, output)
	delete(got, "") // the provider's override
	for label, said := range got {
		if _, tested := tests[label]; !tested {
			t.Errorf("%s: got %+v", label, said)
		}
	}
	for label, test := range tests {
		if len(got[label]) != len(test.want) {
			t.Errorf("%s: got %+v, want %d", label, got[label], len(test.want))
			continue
		}
		slices.SortFunc(got[label], func(a, b diagnostic) int { return strings.Compare(a.Snippet.Code, b.Snippet.Code) })
		for i, want := range test.want {
			want.check(t, got[label][i], arns[label])
		}
	}
}
