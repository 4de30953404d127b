package iam

import (
	"log/slog"
	"testing"
)

func TestAssumableByLambda(t *testing.T) {
	t.Parallel()
	const function = "arn:aws:lambda:eu-west-1:000000000000:function:acme"
	for name, test := range map[string]struct {
		statement string
		want      bool
	}{
		"lambda":     {`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, true},
		"one of two": {`{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},"Action":["sts:*"]}`, true},
		"everyone":   {`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`, true},
		"another":    {`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, false},
		"denied":     {`{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, false},
		"tagging":    {`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:TagSession"}`, false},
	} {
		s := New(slog.New(slog.DiscardHandler))
		created, err := s.CreateRole(t.Context(), CreateRoleInput{
			RoleName: "acme", AssumeRolePolicyDocument: `{"Statement":[` + test.statement + `]}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AssumableByLambda(created.Role.Arn, function); (err == nil) != test.want {
			t.Errorf("%s: got %v", name, err)
		}
		if s.AssumableByLambda(created.Role.Arn+"x", function) == nil {
			t.Error("a role that does not exist can be assumed")
		}
	}
}
