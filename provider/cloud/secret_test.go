package cloud

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

func TestSecretVariables(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	c, client := New(server.Config()), secretsmanager.NewFromConfig(server.Config())
	for _, test := range []struct {
		name   string
		text   *string
		binary []byte
		names  []string
		want   []string // in the error; none if empty
	}{
		{"object", aws.String(` {"B":"hunter2","A_1":{"hunter2":["hunter2"]},"c":2} `), nil, []string{"A_1", "B", "c"}, nil},
		{"empty", aws.String(`{}`), nil, nil, nil},
		{"binary object", nil, []byte(`{"A":"hunter2"}`), []string{"A"}, nil},
		{"text", aws.String("hunter2"), nil, nil, []string{"its value is not a JSON object; store a JSON object"}},
		{"string", aws.String(`"hunter2"`), nil, nil, []string{"not a JSON object"}},
		{"null", aws.String(`null`), nil, nil, []string{"not a JSON object"}},
		{"cut", aws.String(`{"A":"hunter2`), nil, nil, []string{"not a JSON object"}},
		{"binary", nil, []byte("hunter2"), nil, []string{"not a JSON object"}},
		{"latin-1", nil, []byte("{\"A\":\"hunter2\xfc\"}"), nil, []string{"not a JSON object"}},
		{
			"keys", aws.String(`{"a.b":"hunter2","HANDLER":"hunter2","A":null,"B":"hunter2","B":"hunter2"}`), nil, nil,
			[]string{`"a.b" is no name`, `"HANDLER" is reserved`, `"A" is null`, `"B" is there twice`},
		},
	} {
		output, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: new(strings.ReplaceAll(test.name, " ", "-")), SecretString: test.text, SecretBinary: test.binary,
		})
		if err != nil {
			t.Fatal(err)
		}
		arn := aws.ToString(output.ARN)
		short := arn[:strings.LastIndexByte(arn, '-')] // which AWS understands, too
		got, err := c.SecretVariables(t.Context(), short)
		if !slices.Equal(got.Names, test.names) || len(test.want) == 0 && (err != nil || got.ARN != arn) {
			t.Errorf("%s: got %+v, %v", test.name, got, err)
		}
		if _, unusable := errors.AsType[*UnusableSecretError](err); unusable != (len(test.want) > 0) {
			t.Errorf("%s: got %v", test.name, err)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "secret "+short) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: got %v, want it to say %q and no value", test.name, err, want)
			}
		}
	}
	if _, err := c.SecretVariables(t.Context(), "arn:aws:secretsmanager:us-east-1:000000000000:secret:none-AbCdEf"); !IsNotFound(err) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

// TestSecretVariablesQuotesNoAnswer has answers of Secrets Manager, and errors, that are no JSON or of another shape. It asks twice.
func TestSecretVariablesQuotesNoAnswer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"SecretString":"hunter2`, `{"SecretString":"hunter2"]`, `{"SecretString":hunter2}`, `hunter2`, `"hunter2"`, `["hunter2"]`,
		`{"CreatedDate":"hunter2"}`, `{"VersionStages":"hunter2"}`, `{"SecretBinary":"hunter2*"}`, `{"SecretString":{"A":"hunter2"}}`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer)
			}))
			c := New(aws.Config{
				Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			})
			for range 2 {
				got, err := c.SecretVariables(t.Context(), "acme")
				if err == nil || len(got.Names) > 0 {
					t.Errorf("%d %s: got %v, want an error", status, answer, got)
				} else if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "secret acme") {
					t.Errorf("%d %s: got %v, want the secret's name and no part of the answer", status, answer, err)
				}
			}
			if got := asked.Load(); got != 1 {
				t.Errorf("%d %s: asked %d times", status, answer, got)
			}
			server.Close()
		}
	}
}
