package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// An app that keeps a connection made with a secret makes a new one when the secret has changed. What it does here in a command, it does
// in a handler function that met an authentication error.
func ExampleRefreshSecrets() {
	manager := &secretsManager{strings: map[string]string{"acme": `{"DATABASE_URL":"postgres://acme:old@db"}`}}
	server := httptest.NewServer(manager) // stands for AWS Secrets Manager
	defer server.Close()
	defer setenv(functionEnv(server.URL))()

	app := sdk.New("acme",
		sdk.SecretsTTL(15*time.Minute),
		sdk.OnSecretsChange(func(_ context.Context, keys []string) { fmt.Println("changed:", keys) }),
		sdk.Command("query", "", func(ctx context.Context, _ *sdk.App, _ []string) error {
			fmt.Println("connects to", os.Getenv("DATABASE_URL"))
			manager.put("acme", `{"DATABASE_URL":"postgres://acme:new@db"}`)
			if err := sdk.RefreshSecrets(ctx); err != nil {
				return err
			}
			fmt.Println("connects to", os.Getenv("DATABASE_URL"))
			return nil
		}),
	)
	if err := app.Run(context.Background(), []string{"backend", "query"}, io.Discard, io.Discard); err != nil {
		fmt.Println(err)
	}
	// Output:
	// connects to postgres://acme:old@db
	// changed: [DATABASE_URL]
	// connects to postgres://acme:new@db
}

// A secret is rotated while the app runs. A runtime that has had it for a quarter of an hour loads it again before it handles the next
// batch, and the app makes its connections anew.
func ExampleSecretsTTL() {
	manager := &secretsManager{strings: map[string]string{"acme": `{"DATABASE_URL":"postgres://acme:old@db"}`}}
	server := httptest.NewServer(manager) // stands for AWS Secrets Manager
	defer server.Close()
	defer setenv(functionEnv(server.URL))()

	app := sdk.New("acme",
		sdk.SecretsTTL(15*time.Minute),
		sdk.OnSecretsChange(func(_ context.Context, keys []string) { fmt.Println("changed:", keys) }),
		sdk.Handler("jobs", sdk.On("run.requested", func(context.Context, sdk.Event[Run]) error {
			fmt.Println("connects to", os.Getenv("DATABASE_URL"))
			return nil
		})),
	)
	runtime := startInLambda(app, "jobs", io.Discard)
	runtime.invoke("run.requested", `{}`)
	manager.put("acme", `{"DATABASE_URL":"postgres://acme:new@db"}`)
	runtime.invoke("run.requested", `{}`)
	runtime.Freeze(time.Hour)
	runtime.invoke("run.requested", `{}`)
	// Output:
	// connects to postgres://acme:old@db
	// connects to postgres://acme:old@db
	// changed: [DATABASE_URL]
	// connects to postgres://acme:new@db
}

// On a laptop, a variable of the shell wins over the secret that the team shares.
func ExampleEnvironmentWins() {
	manager := &secretsManager{strings: map[string]string{"acme": `{"DATABASE_URL":"postgres://db"}`}}
	server := httptest.NewServer(manager) // stands for AWS Secrets Manager
	defer server.Close()
	defer setenv(functionEnv(server.URL))()
	defer setenv(map[string]string{"DATABASE_URL": "postgres://localhost"})()

	app := sdk.New("acme", sdk.EnvironmentWins(), sdk.Command("show", "", func(context.Context, *sdk.App, []string) error {
		fmt.Println(os.Getenv("DATABASE_URL"))
		return nil
	}))
	if err := app.Run(context.Background(), []string{"backend", "show"}, io.Discard, io.Discard); err != nil {
		fmt.Println(err)
	}
	// Output: postgres://localhost
}

// The kind of a secret's error says what is to be done, and its text names the secret and the key.
func ExampleSecretError() {
	var err error = &sdk.SecretError{Secret: "acme", Kind: sdk.SecretNotFound, Err: errors.New("create it")}
	if failed, ok := errors.AsType[*sdk.SecretError](err); ok && failed.Kind == sdk.SecretNotFound {
		fmt.Println(failed.Secret, "does not exist")
	}
	// Output: acme does not exist
}

// functionEnv is the environment of a function with the secret "acme", which is at that URL.
func functionEnv(url string) map[string]string {
	return map[string]string{
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": "acme", "AWS_ENDPOINT_URL": url,
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "DATABASE_URL": "",
	}
}

// setenv sets environment variables and returns what puts them back.
func setenv(variables map[string]string) (restore func()) {
	before := make(map[string]string)
	for name, value := range variables {
		if old, exists := os.LookupEnv(name); exists {
			before[name] = old
		}
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	return func() {
		for name := range variables {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
		if len(before) > 0 {
			setenv(before)
		}
	}
}
