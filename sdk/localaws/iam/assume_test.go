package iam

import (
	"log/slog"
	"strings"
	"testing"
)

func TestAssumableByLambda(t *testing.T) {
	t.Parallel()
	const allowed = `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`
	when := func(condition string) string {
		return strings.TrimSuffix(allowed, "}") + `,"Condition":{` + condition + `}}`
	}
	for name, test := range map[string]struct {
		statement string
		want      bool
	}{
		"lambda":             {`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, true},
		"one of two":         {`{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},"Action":["sts:*"]}`, true},
		"everyone":           {`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`, true},
		"another":            {`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, false},
		"denied":             {`{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, false},
		"denied and allowed": {allowed + `,{"Effect":"Deny","Principal":{"Service":"*.amazonaws.com"},"Action":"sts:AssumeRole"}`, true},
		"denied to all":      {allowed + `,{"Effect":"Deny","Principal":"*","Action":"sts:*"}`, false},
		"from the account":   {when(`"StringEquals":{"aws:SourceAccount":"000000000000"}`), true},
		"from another":       {when(`"StringEquals":{"aws:SourceAccount":"123456789012"}`), false},
		"for its functions":  {when(`"ArnLike":{"aws:SourceArn":"arn:aws:lambda:eu-west-1:000000000000:function:ac*"}`), true},
		"for a function":     {when(`"ArnEquals":{"aws:SourceArn":"` + function + `"}`), true},
		"for another":        {when(`"ArnLike":{"aws:SourceArn":"arn:aws:lambda:eu-west-1:000000000000:function:other"}`), false},
		"for both":           {when(`"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"aws:SourceArn":"arn:aws:lambda:us-*"}`), false},
		"with an ID":         {when(`"StringEquals":{"sts:ExternalId":"x"}`), false},
		"by a tag":           {when(`"StringEquals":{"aws:PrincipalTag/team":"a"}`), false},
		"tagging":            {`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:TagSession"}`, false},
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
