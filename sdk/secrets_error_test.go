package sdk_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// TestSecretErrors never finds "hunter2", which is in every value, in an error, and no variable set by a good secret.
func TestSecretErrors(t *testing.T) {
	long := strings.Repeat("x", 100)
	s := &secretsManager{
		strings: map[string]string{
			"good": `{"S_GOOD":"hunter2"}`, "text": `hunter2`, "broken": `{"A":"hunter2`, "array": `["hunter2"]`, "null": `null`,
			"two": `{}{"hunter2":1}`, "quoted": `"hunter2"`, "comma": `{"A":"hunter2",}`, "empty": ``,
			"emptykey": `{"":"hunter2"}`, "equals": `{"A=B":"hunter2"}`, "nulkey": `{"A\u0000":"hunter2"}`, "digit": `{"1A":"hunter2"}`,
			"dotted": `{"spring.datasource.url":"hunter2"}`, "long": `{"` + long + `-":"hunter2"}`,
			"nulvalue": `{"A":"hunter2\u0000"}`, "nullvalue": `{"B":"hunter2","A": null }`, "twice": `{"A":"hunter2","\u0041":"hunter2"}`,
			"aws": `{"AWS_REGION":"hunter2"}`, "lambda": `{"LAMBDA_TASK_ROOT":"hunter2"}`, "handler": `{"HANDLER":"hunter2"}`,
			"queues": `{"HANDLER_QUEUES":"hunter2"}`, "_handler": `{"_HANDLER":"hunter2"}`, "trace": `{"_X_AMZN_TRACE_ID":"hunter2"}`,
			"keys": `{"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS":"hunter2"}`, "taken": `{"OTHER":"hunter2","S_GOOD":"hunter2"}`,
		},
		binaries: map[string]string{"binary": "hunter2", "latin1": "{\"A\":\"hunter2\xfc\"}"},
		errors: map[string]string{
			"missing": "ResourceNotFoundException", "forbidden": "AccessDeniedException", "encrypted": "DecryptionFailure",
			"deleted": "InvalidRequestException", "other": "InternalServiceError",
		},
	}
	const notObject, objectAdvice = "its value is not a JSON object", "store a JSON object whose keys are names of environment variables"
	for _, test := range []struct{ name, key, kind, want, advice string }{
		{"text", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"broken", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"array", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"null", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"two", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"quoted", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"comma", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"empty", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"binary", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"latin1", "", sdk.SecretInvalid, notObject, objectAdvice},
		{"emptykey", "", sdk.SecretInvalid, `its key "" is no name`, `letters, digits and "_"`},
		{"equals", "A=B", sdk.SecretInvalid, `its key "A=B" is no name`, "rename it"},
		{"nulkey", "A\x00", sdk.SecretInvalid, `its key "A\x00" is no name`, "rename it"},
		{"digit", "1A", sdk.SecretInvalid, `its key "1A" is no name`, "do not begin with a digit"},
		{"dotted", "spring.datasource.url", sdk.SecretInvalid, `its key "spring.datasource.url" is no name`, "rename it"},
		{"long", long[:59] + "…", sdk.SecretInvalid, `its key "` + long[:59] + `…" is no name`, "rename it"},
		{"nulvalue", "A", sdk.SecretInvalid, `the value of its key "A" holds a NUL`, "remove the character"},
		{"nullvalue", "A", sdk.SecretInvalid, `the value of its key "A" is null`, "make it a string"},
		{"twice", "A", sdk.SecretInvalid, `its key "A" is there twice`, "remove one"},
		{"aws", "AWS_REGION", sdk.SecretInvalid, `its key "AWS_REGION" is reserved`, "rename it"},
		{"lambda", "LAMBDA_TASK_ROOT", sdk.SecretInvalid, `its key "LAMBDA_TASK_ROOT" is reserved`, "rename it"},
		{"handler", "HANDLER", sdk.SecretInvalid, `its key "HANDLER" is reserved`, "rename it"},
		{"queues", "HANDLER_QUEUES", sdk.SecretInvalid, `its key "HANDLER_QUEUES" is reserved`, "rename it"},
		{"_handler", "_HANDLER", sdk.SecretInvalid, `its key "_HANDLER" is reserved`, "rename it"},
		{"trace", "_X_AMZN_TRACE_ID", sdk.SecretInvalid, `its key "_X_AMZN_TRACE_ID" is reserved`, "rename it"},
		{"keys", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS", sdk.SecretInvalid, "is reserved", "rename it"},
		{"taken", "S_GOOD", sdk.SecretInvalid, `its key "S_GOOD" is also in secret good`, "rename it, or remove one of the two"},
		{"missing", "", sdk.SecretNotFound, "ResourceNotFoundException: says AWS", "create it, or correct the ARN"},
		{"forbidden", "", sdk.SecretAccessDenied, "AccessDeniedException: says AWS", "allow the role secretsmanager:GetSecretValue"},
		{"encrypted", "", sdk.SecretAccessDenied, "DecryptionFailure: says AWS", "kms:Decrypt"},
		{"deleted", "", sdk.SecretUnavailable, "InvalidRequestException: says AWS", "scheduled for deletion"},
		{"other", "", sdk.SecretUnavailable, "InternalServiceError: says AWS", "can reach AWS Secrets Manager"},
		{"silent", "", sdk.SecretNotFound, "ResourceNotFoundException: says AWS", "create it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			restore(t, "S_GOOD")
			err := withSecrets(t, s, "good,"+secretARN(test.name), func() { t.Error("the command ran without its secrets") })
			var failed *sdk.SecretError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v, want a SecretError", err)
			}
			if failed.Secret != secretARN(test.name) || failed.Key != test.key || failed.Kind != test.kind {
				t.Errorf("got secret %s, key %q, kind %s", failed.Secret, failed.Key, failed.Kind)
			}
			for _, want := range []string{test.want, test.advice, "load secret " + secretARN(test.name) + ": "} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %s", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %s", err)
			}
			if got := os.Getenv("S_GOOD"); got != "before" {
				t.Error("a variable was set all the same")
			}
		})
	}
}

// TestSecretsThatLookReservedAreNot has names that differ from reserved ones by little.
func TestSecretsThatLookReservedAreNot(t *testing.T) {
	names := []string{"aws_region", "AWSREGION", "AWS", "MY_AWS_REGION", "handler", "HANDLERS", "LAMBDA", "_X_AMZN_TRACE_ID_", "__HANDLER"}
	restore(t, names...)
	s := &secretsManager{strings: map[string]string{"one": `{"` + strings.Join(names, `":"yes","`) + `":"yes"}`}}
	err := withSecrets(t, s, "one", func() {
		for _, name := range names {
			if got := os.Getenv(name); got != "yes" {
				t.Errorf("%s: got %q", name, got)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAllMistakesOfSecretsAreToldAtOnce(t *testing.T) {
	s := &secretsManager{strings: map[string]string{
		"one": `{"A":"hunter2","b.c":"hunter2","HANDLER":"hunter2","D":null}`, "two": `["hunter2"]`, "three": `{"A":1}`, "four": `{"A":2}`,
	}}
	err := withSecrets(t, s, "one,two,three,four", func() { t.Error("the command ran without its secrets") })
	want := []string{
		`load secret one: its key "b.c"`, `load secret one: its key "HANDLER"`, `load secret one: the value of its key "D"`,
		`load secret two: its value is not`, `load secret four: its key "A" is also in secret three`,
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got\n%s", err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got %s, want %s…", lines[i], want[i])
		}
	}
}

// TestBrokenAnswersAreNotQuoted has answers of Secrets Manager that are no JSON, or of another shape.
func TestBrokenAnswersAreNotQuoted(t *testing.T) {
	for _, answer := range []string{
		`{"SecretValues":[{"Name":"one","SecretString":"hunter2`, `{"SecretValues":[{"Name":"one","SecretString":"hunter2"}}`,
		`{"SecretValues":"hunter2"}`, `"hunter2"`, `hunter2`, `{"SecretValues":[{"Name":"one","SecretBinary":"hunter2*"}]}`,
		`{"SecretValues":[{"Name":"one","CreatedDate":"hunter2"}]}`,
	} {
		broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = w.Write([]byte(answer))
		})
		err := withSecrets(t, broken, "one", func() { t.Error("the command ran without its secrets") })
		var failed *sdk.SecretError
		if !errors.As(err, &failed) || failed.Secret != "one" {
			t.Errorf("%s: got %v", answer, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells a secret: %s", err)
		}
	}
}
