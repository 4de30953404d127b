package cloud

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func TestDenialsAreReadAsAWSWordsThem(t *testing.T) {
	t.Parallel()
	const (
		user     = "arn:aws:iam::111122223333:user/ci"
		role     = "arn:aws:iam::111122223333:role/acme"
		function = "arn:aws:lambda:eu-west-1:111122223333:function:acme"
	)
	for name, test := range map[string]struct {
		message string
		call    madeCall
		want    string
	}{
		"role that is handed on": {
			"User: " + user + " is not authorized to perform: iam:PassRole on resource: " + role +
				" because no identity-based policy allows the iam:PassRole action",
			madeCall{service: "lambda", operation: "CreateFunction"},
			"AWS denies iam:PassRole on " + role + " to " + user + ", because no identity-based policy allows the iam:PassRole action; " +
				"add this statement to a policy of these credentials:\n\n  " + `{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "` +
				role + `", "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}`,
		},
		"role of a schedule, not named": {
			"User: " + user + " is not authorized to perform: iam:PassRole.",
			madeCall{service: "scheduler", operation: "CreateSchedule", input: &struct{ Target *struct{ RoleArn *string } }{
				&struct{ RoleArn *string }{aws.String(role)},
			}},
			"AWS denies iam:PassRole on " + role + " to " + user + "; add this statement to a policy of these credentials:\n\n  " +
				`{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "` + role +
				`", "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}}`,
		},
		"explicit deny": {
			"User: " + user + " is not authorized to perform: lambda:CreateFunction on resource: " + function +
				" with an explicit deny in a service control policy",
			madeCall{service: "lambda", operation: "CreateFunction"},
			"AWS denies lambda:CreateFunction on " + function + " to " + user + ", with an explicit deny in a service control policy; the " +
				"statement of that service control policy which denies this has to go, or to make an exception: no other policy that allows it can help",
		},
		"permissions boundary": {
			"User: " + user + " is not authorized to perform: lambda:CreateFunction on resource: " + function +
				" because no permissions boundary allows the lambda:CreateFunction action",
			madeCall{service: "lambda", operation: "CreateFunction"},
			"AWS denies lambda:CreateFunction on " + function + " to " + user + ", because no permissions boundary allows the " +
				"lambda:CreateFunction action; add this statement to the permissions boundary of these credentials:\n\n  " +
				`{"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": "` + function + `"}`,
		},
		"queue of another account": {
			"User: " + caller + " is not authorized to perform: sqs:getqueueattributes on resource: arn:aws:sqs:eu-west-1:2:jobs " +
				"because no resource-based policy allows the sqs:getqueueattributes action",
			madeCall{service: "sqs", operation: "GetQueueAttributes"},
			"AWS denies sqs:GetQueueAttributes on arn:aws:sqs:eu-west-1:2:jobs to " + caller + ", because no resource-based policy allows " +
				"the sqs:getqueueattributes action; add this statement to the policy of that resource:\n\n  " +
				`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}, "Action": "sqs:GetQueueAttributes", ` +
				`"Resource": "arn:aws:sqs:eu-west-1:2:jobs"}`,
		},
		"log group": {
			"User: " + user + " is not authorized to perform: logs:PutRetentionPolicy on resource: " +
				"arn:aws:logs:eu-west-1:1:log-group:acme:log-stream: because no session policy allows the logs:PutRetentionPolicy action",
			madeCall{service: "logs", operation: "PutRetentionPolicy"},
			"AWS denies logs:PutRetentionPolicy on arn:aws:logs:eu-west-1:1:log-group:acme:* to " + user + ", because no session policy " +
				"allows the logs:PutRetentionPolicy action; add this statement to the session policy that the role is assumed with:\n\n  " +
				`{"Effect": "Allow", "Action": "logs:PutRetentionPolicy", "Resource": "arn:aws:logs:eu-west-1:1:log-group:acme:*"}`,
		},
		"encoded": {
			"You are not authorized to perform this operation. Encoded authorization failure message: aBcD-1_2.",
			madeCall{service: "ec2", operation: "DescribeVpcs"},
			"AWS denies ec2:DescribeVpcs on * to these credentials, saying: You are not authorized to perform this operation. Encoded " +
				"authorization failure message: aBcD-1_2; add this statement to a policy of these credentials:\n\n  " +
				`{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}`,
		},
		"network of a function": {
			"Your access has been denied by EC2, please make sure your request credentials have permission to DescribeSecurityGroups for sg-1.",
			madeCall{service: "lambda", operation: "CreateFunction", input: &struct{ FunctionName string }{"acme"}},
			"AWS denies ec2:DescribeSecurityGroups on * to these credentials, saying: Your access has been denied by EC2, please make sure your " +
				"request credentials have permission to DescribeSecurityGroups for sg-1; add this statement to a policy of these credentials:\n\n  " +
				`{"Effect": "Allow", "Action": "ec2:DescribeSecurityGroups", "Resource": "*"}`,
		},
		"key of a secret": {
			"Access to KMS is not allowed",
			madeCall{service: "secretsmanager", operation: "GetSecretValue", account: "111122223333"},
			"AWS denies kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/* to these credentials, saying: Access to KMS is not allowed; " +
				"add this statement to a policy of these credentials:\n\n  " +
				`{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/*"}`,
		},
	} {
		c := New(aws.Config{Region: "eu-west-1"})
		if diff := cmp.Diff(test.want, c.denied(t.Context(), test.call, test.message, nil).Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSchedulesAreNamedByTheirGroup(t *testing.T) {
	t.Parallel()
	type input struct{ Name, GroupName, ResourceArn string }
	const group = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/team"
	c := New(aws.Config{Region: "eu-west-1"})
	for _, test := range []struct {
		operation string
		input     input
		want      string
	}{
		{"CreateSchedule", input{Name: "daily"}, "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/daily"},
		{"GetSchedule", input{Name: "daily", GroupName: "team"}, "arn:aws:scheduler:eu-west-1:111122223333:schedule/team/daily"},
		{"CreateScheduleGroup", input{Name: "team"}, group},
		{"TagResource", input{ResourceArn: group}, group},
		{"ListSchedules", input{GroupName: "team"}, "*"},
	} {
		made := madeCall{service: "scheduler", operation: test.operation, account: "111122223333", input: &test.input}
		if got := c.denied(t.Context(), made, "", nil); got.Action != "scheduler:"+test.operation || got.Resource != test.want {
			t.Errorf("%s: got %s on %s, want %s", test.operation, got.Action, got.Resource, test.want)
		}
	}
}

func TestLambdasOwnDenialIsNotTheCallers(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.fail = func(string) error {
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "Lambda does not have permission to access the ECR image. " +
			"Check the ECR permissions."}
	}
	_, err := w.FindFunction(t.Context(), "acme")
	if denied, ok := errors.AsType[*DeniedError](err); ok || !IsDenied(err) {
		t.Errorf("got %v from %v", denied, err)
	}
}

func TestDeniedCredentialsAreNotTheCallsFault(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.fail = func(string) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithy.GenericAPIError{Code: "AccessDenied"}}
	}
	_, err := w.FindFunction(t.Context(), "acme")
	if denied, ok := errors.AsType[*DeniedError](err); !ok || denied.Action != "sts:AssumeRole" || denied.Resource != "*" {
		t.Errorf("got %v", err)
	}
}

func TestRegistryDenialsNameTheAction(t *testing.T) {
	t.Parallel()
	const repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/acme"
	c := New(aws.Config{Region: "eu-west-1"})
	for request, want := range map[string]string{
		"HEAD /v2/team/acme/manifests/sha256:1": "ecr:BatchGetImage",
		"PUT /v2/team/acme/manifests/sha256:1":  "ecr:PutImage",
		"HEAD /v2/team/acme/blobs/sha256:1":     "ecr:BatchCheckLayerAvailability",
		"GET /v2/team/acme/blobs/sha256:1":      "ecr:GetDownloadUrlForLayer",
		"POST /v2/team/acme/blobs/uploads/":     "ecr:InitiateLayerUpload",
		"PATCH /v2/team/acme/blobs/uploads/1":   "ecr:UploadLayerPart",
		"PUT /v2/team/acme/blobs/uploads/1":     "ecr:CompleteLayerUpload",
		"GET /v2/":                              "ecr:GetAuthorizationToken",
	} {
		method, path, _ := strings.Cut(request, " ")
		asked, err := http.NewRequestWithContext(t.Context(), method, "https://registry"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resource := "arn:aws:ecr:eu-west-1:123456789012:repository/team/acme"
		if path == "/v2/" {
			resource = "*"
		}
		cause := errors.New("403")
		if got := c.RegistryDenied(t.Context(), repository, asked, "", cause); got.Action != want || got.Resource != resource || !errors.Is(got, cause) {
			t.Errorf("%s: got %v", request, got)
		}
	}
}
