package localaws_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// deploySecretive starts a server with the secrets "acme" and "other", and the function "secretive", whose role may do what statements say.
func deploySecretive(t *testing.T, statements string) *localaws.Server {
	t.Helper()
	server := localaws.Start(t)
	client := secretsmanager.NewFromConfig(server.Config())
	for name, value := range map[string]*secretsmanager.CreateSecretInput{
		"acme":  {SecretString: aws.String(`{"TOKEN":"hunter2","PORT":5432}`)},
		"other": {SecretBinary: []byte(`{"OTHER":"hunter2-other"}`)},
	} {
		value.Name = &name
		if _, err := client.CreateSecret(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
	role := createRole(t, iam.NewFromConfig(server.Config()), "worker", statements)
	deploy(t, server, "secretive", role, map[string]string{"HANDLER": "compare", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": "acme,other"})
	return server
}

// compare hands the function an event with the values that it should find, and returns what it answers.
func compare(t *testing.T, server *localaws.Server, want string) string {
	t.Helper()
	payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m", EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:in",
		Body: `{"specversion":"1.0","id":"1","source":"test","type":"compare","data":` + want + `}`,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	invoked, err := lambda.NewFromConfig(server.Config()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("secretive"), Payload: payload,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(invoked.Payload)
}

const (
	readOther = `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue",` +
		`"Resource":"arn:aws:secretsmanager:us-east-1:000000000000:secret:other-??????"}`
	nothingFailed = `{"batchItemFailures":[]}`
)

// TestAppsReadSecretsAsTheirRolesAllow has a role that may read secrets, but not in batches; and then none.
func TestAppsReadSecretsAsTheirRolesAllow(t *testing.T) {
	t.Parallel()
	server := deploySecretive(t, readSecret+","+readOther)
	if got := compare(t, server, `{"TOKEN":"hunter2","PORT":"5432","OTHER":"hunter2-other"}`); got != nothingFailed {
		t.Errorf("at first: got %s", got)
	}
	_, err := secretsmanager.NewFromConfig(server.Config()).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("acme"), SecretString: aws.String(`{"TOKEN":"hunter3"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	const rotated = `{"TOKEN":"hunter3","PORT":"","OTHER":"hunter2-other"}`
	if got := compare(t, server, rotated); got != nothingFailed {
		t.Errorf("after a rotation: got %s", got)
	}
	allow(t, iam.NewFromConfig(server.Config()), "worker", sendOut)
	if got := compare(t, server, rotated); got != nothingFailed {
		t.Errorf("without the permission: got %s", got)
	}
}

func TestAppsThatMayNotReadASecretDoNotStart(t *testing.T) {
	t.Parallel()
	server := deploySecretive(t, readSecret)
	got := compare(t, server, `{}`)
	for _, want := range []string{"Config.SecretAccessDenied", "load secret other: ", "allow the role secretsmanager:GetSecretValue on the secret"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "load secret acme") || strings.Contains(got, "hunter2") {
		t.Errorf("got %s", got)
	}
}
