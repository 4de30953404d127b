package localaws_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

func TestAllServicesShareThePort(t *testing.T) {
	t.Parallel()
	cfg, ctx := localaws.Start(t).Config(), t.Context()
	for name, call := range map[string]func() error{
		"sqs": func() error {
			_, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")})
			return err
		},
		"lambda": func() error {
			_, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
			return err
		},
		"ecr": func() error {
			_, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
			return err
		},
		"sts": func() error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"logs": func() error {
			_, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
			return err
		},
		"scheduler": func() error {
			_, err := scheduler.NewFromConfig(cfg).ListSchedules(ctx, &scheduler.ListSchedulesInput{})
			return err
		},
		"secretsmanager": func() error {
			_, err := secretsmanager.NewFromConfig(cfg).ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
			return err
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %s", name, err)
		}
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	cfg, ctx := server.Config(), t.Context()
	_, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = secretsmanager.NewFromConfig(cfg).RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: aws.String("acme")})
	if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != "UnknownOperationException" {
		t.Errorf("operation: got %v", err)
	}
	for name, test := range map[string]struct {
		method, path, target, form string
		status                     int
		want                       string
	}{
		"JSON service":   {http.MethodPost, "/", "DynamoDB_20120810.ListTables", "", http.StatusBadRequest, "UnknownOperationException"},
		"query service":  {http.MethodPost, "/", "", "Action=DescribeVpcs&Version=2016-11-15", http.StatusBadRequest, "InvalidAction"},
		"query in a URL": {http.MethodGet, "/?Action=GetCallerIdentity&Version=2011-06-15", "", "", http.StatusOK, "GetCallerIdentityResult"},
		"REST service":   {http.MethodGet, "/bucket/key", "", "", http.StatusNotFound, "UnknownOperationException"},
		"lambda path":    {http.MethodGet, "/2015-03-31/unheard-of", "", "", http.StatusNotFound, "not supported by localaws"},
		"registry":       {http.MethodGet, "/v2/", "", "", http.StatusUnauthorized, "UNAUTHORIZED"},
		"no operation":   {http.MethodPost, "/", "", "Version=2011-06-15", http.StatusNotFound, "UnknownOperationException"},
	} {
		r, err := http.NewRequestWithContext(ctx, test.method, server.Endpoint()+test.path, strings.NewReader(test.form))
		if err != nil {
			t.Fatal(err)
		}
		if test.target != "" {
			r.Header.Set("X-Amz-Target", test.target)
		}
		if test.form != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}
		status, body := answerTo(t, r)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: got %d %s, want %d %s", name, status, body, test.status, test.want)
		}
	}
}

func answerTo(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func TestStatusPage(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	client := sqs.NewFromConfig(server.Config(), func(o *sqs.Options) { o.Region = "eu-west-1" })
	queue, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("acme-webhooks")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("m")}); err != nil {
		t.Fatal(err)
	}
	for region, want := range map[string]bool{"": false, "eu-west-1": true, "<script>": false} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.Endpoint()+"/?region="+url.QueryEscape(region), nil)
		if err != nil {
			t.Fatal(err)
		}
		status, body := answerTo(t, r)
		if status != http.StatusOK || strings.Contains(body, "acme-webhooks") != want || strings.Contains(body, "<script>") {
			t.Errorf("region %q: got %d\n%s", region, status, body)
		}
	}
}

func TestCloseEndsLongPolls(t *testing.T) {
	t.Parallel()
	server, err := localaws.New(localaws.Config{})
	if err != nil {
		t.Fatal(err)
	}
	client := sqs.NewFromConfig(server.Config(), func(o *sqs.Options) { o.RetryMaxAttempts = 1 })
	queue, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		// Whether this is answered or cut off does not matter.
		_, _ = client.ReceiveMessage(context.WithoutCancel(t.Context()), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, WaitTimeSeconds: 20})
	}()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-polled
	if _, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{}); err == nil {
		t.Error("the closed server answers")
	}
}

func TestDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	server, err := localaws.New(localaws.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ecr.NewFromConfig(server.Config()).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("team/acme")})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the caller's directory is gone: %s", err)
	}

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := localaws.New(localaws.Config{Dir: file}); err == nil {
		t.Error("a file was accepted as directory")
	}
	if _, err := localaws.New(localaws.Config{Addr: "no such host:1"}); err == nil {
		t.Error("a malformed address was accepted")
	}
}

func TestEnvReachesTheServer(t *testing.T) {
	t.Parallel()
	server, err := localaws.New(localaws.Config{Log: slog.New(slog.DiscardHandler), Addr: "0.0.0.0:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	env := strings.Join(server.Env(), "\n")
	if !strings.Contains(env, "AWS_ENDPOINT_URL=http://127.0.0.1:") || !strings.Contains(env, "AWS_REGION=us-east-1") {
		t.Errorf("got %s", env)
	}
	if _, err := sts.NewFromConfig(server.Config()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
}
