package access

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/secretsmanager"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

func newGuard(t *testing.T) *Guard {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	return New(Config{Roles: iam.New(log), Queues: sqs.New(log), Secrets: secretsmanager.New(log), Log: log})
}

// TestPermissions holds which action on which resource calls need that the functions of other tests do not make.
func TestPermissions(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	form := func(pairs ...string) url.Values {
		values := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	const here = ":us-east-1:000000000000:"
	for _, test := range []struct {
		needs func(call) []permission
		call  call
		want  string
	}{
		{g.queuePermissions, call{operation: "DeleteMessageBatch", input: []byte(`{"QueueUrl":"http://h/000000000000/q/"}`)},
			"sqs:DeleteMessage arn:aws:sqs" + here + "q"},
		{g.queuePermissions, call{operation: "ChangeMessageVisibilityBatch", input: []byte(`{"QueueUrl":"q"}`)},
			"sqs:ChangeMessageVisibility arn:aws:sqs" + here + "q"},
		{g.queuePermissions, call{operation: "GetQueueUrl", input: []byte(`{"QueueName":"q"}`)}, "sqs:GetQueueUrl arn:aws:sqs" + here + "q"},
		{g.queuePermissions, call{operation: "StartMessageMoveTask", input: []byte(`{"SourceArn":"arn:aws:sqs:a:b:c"}`)},
			"sqs:StartMessageMoveTask arn:aws:sqs:a:b:c"},
		{g.secretPermissions, call{operation: "GetSecretValue", input: []byte(`{"SecretId":"absent"}`)},
			"secretsmanager:GetSecretValue arn:aws:secretsmanager" + here + "secret:absent"},
		{g.secretPermissions, call{operation: "BatchGetSecretValue", input: []byte(`{"Filters":[{"Key":"all"}]}`)},
			"secretsmanager:BatchGetSecretValue *, secretsmanager:ListSecrets *"},
		{logPermissions, call{operation: "PutLogEvents", input: []byte(`{"logGroupName":"g","logStreamName":"s"}`)},
			"logs:PutLogEvents arn:aws:logs" + here + "log-group:g:log-stream:s"},
		{logPermissions, call{operation: "GetLogEvents", input: []byte(`{"logGroupIdentifier":"arn:aws:logs:a:b:log-group:g:*"}`)},
			"logs:GetLogEvents arn:aws:logs:a:b:log-group:g:log-stream:"},
		{logPermissions, call{operation: "TagResource", input: []byte(`{"resourceArn":"arn:aws:logs:a:b:log-group:g"}`)},
			"logs:TagResource arn:aws:logs:a:b:log-group:g"},
		{repositoryPermissions, call{operation: "GetAuthorizationToken", input: []byte(`{}`)}, "ecr:GetAuthorizationToken *"},
		{repositoryPermissions, call{operation: "BatchGetImage", input: []byte(`{"repositoryName":"a/b"}`)},
			"ecr:BatchGetImage arn:aws:ecr" + here + "repository/a/b"},
		{repositoryPermissions, call{operation: "DescribeRepositories", input: []byte(`{"repositoryNames":["a","b"]}`)},
			"ecr:DescribeRepositories arn:aws:ecr" + here + "repository/a, ecr:DescribeRepositories arn:aws:ecr" + here + "repository/b"},
		{g.rolePermissions, call{operation: "CreateRole", form: form("RoleName", "r", "Path", "/p/")}, "iam:CreateRole arn:aws:iam::000000000000:role/p/r"},
		{sessionPermissions, call{operation: "GetSessionToken"}, "sts:GetSessionToken *"},
		{functionPermissions, call{operation: "ListFunctions", path: "/2015-03-31/functions/"}, "lambda:ListFunctions *"},
		{functionPermissions, call{operation: "InvokeFunction", path: "/2015-03-31/functions/myfunction/invocations", form: form("Qualifier", "live")},
			"lambda:InvokeFunction arn:aws:lambda" + here + "function:myfunction:live"},
		{functionPermissions, call{operation: "GetFunction", path: "/2015-03-31/functions/000000000000%3Afunction%3Aacme"},
			"lambda:GetFunction arn:aws:lambda" + here + "function:acme"},
		{functionPermissions, call{operation: "ListTags", path: "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aa%3Ab%3Afunction%3Ac"},
			"lambda:ListTags arn:aws:lambda:a:b:function:c"},
		{functionPermissions, call{operation: "CreateFunction", path: "/2015-03-31/functions", input: []byte(`{"FunctionName":"acme"}`)},
			"lambda:CreateFunction arn:aws:lambda" + here + "function:acme"},
		{functionPermissions, call{operation: "GetEventSourceMapping", path: "/2015-03-31/event-source-mappings/id"},
			"lambda:GetEventSourceMapping arn:aws:lambda" + here + "event-source-mapping:id"},
		{functionPermissions, call{path: "/2015-03-31/unheard-of"}, ""},
	} {
		test.call.ctx = context.Background()
		var got []string
		for _, p := range test.needs(test.call) {
			got = append(got, p.action+" "+p.resource)
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%s %s%s:\ngot  %s\nwant %s", test.call.operation, test.call.input, test.call.path, got, test.want)
		}
	}
}

func TestLambdaRefusesFunctionsOnly(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	roles := iam.New(log)
	g := New(Config{Roles: roles, Queues: sqs.New(log), Secrets: secretsmanager.New(log), Log: log})
	functions := lambda.New(lambda.Config{}, log)
	const role = "arn:aws:iam::000000000000:role/gone"
	key := roles.Credentials(role, "arn:aws:lambda:us-east-1:000000000000:function:acme")
	for _, test := range []struct {
		key, path string
		status    int
		want      string
	}{
		{"AKID", "/2015-03-31/functions/", http.StatusOK, `"Functions":[]`},
		{key, "/2015-03-31/functions/", http.StatusForbidden, "/acme is not authorized to perform: lambda:ListFunctions on resource: *"},
		{key, "/2015-03-31/unheard-of", http.StatusNotFound, "not supported by localaws"},
	} {
		r := httptest.NewRequest(http.MethodGet, test.path, nil)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+test.key+"/20261123/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0")
		w := httptest.NewRecorder()
		g.Lambda(functions).ServeHTTP(w, wire.WithCall(r))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s %s: got %d %s, want %d %s", test.key, test.path, w.Code, w.Body, test.status, test.want)
		}
	}
	if err := functions.Close(); err != nil {
		t.Error(err)
	}
}
