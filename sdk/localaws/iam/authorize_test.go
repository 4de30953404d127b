package iam

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

const (
	function = "arn:aws:lambda:eu-west-1:000000000000:function:acme"
	queue    = "arn:aws:sqs:eu-west-1:000000000000:jobs"
	trust    = `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`

	noIdentity = "because no identity-based policy allows the sqs:sendmessage action"
	noBoundary = "because no permissions boundary allows the sqs:sendmessage action"
	explicit   = "with an explicit deny in an identity-based policy"
)

// newRole makes a service with the role "acme", which has an inline policy of the statements, if there are any.
func newRole(t *testing.T, log *slog.Logger, statements string) (*Service, Session) {
	t.Helper()
	s := New(log)
	created, err := s.CreateRole(t.Context(), CreateRoleInput{RoleName: "acme", AssumeRolePolicyDocument: trust})
	if err != nil {
		t.Fatal(err)
	}
	if statements != "" {
		_, err := s.PutRolePolicy(t.Context(), PutRolePolicyInput{
			RoleName: "acme", PolicyName: "all", PolicyDocument: `{"Version":"2012-10-17","Statement":[` + statements + `]}`,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, Session{RoleARN: created.Role.Arn, FunctionARN: function}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	when := func(effect, condition string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":"sqs:SendMessage","Resource":"*","Condition":{%s}}`, effect, condition)
	}
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for name, test := range map[string]struct{ statements, want string }{
		"nothing":            {"", noIdentity},
		"all":                {all, ""},
		"action":             {`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + queue + `"}`, ""},
		"in any case":        {`{"Effect":"Allow","Action":"SQS:sendmessage","Resource":"` + queue + `"}`, ""},
		"one of many":        {`{"Effect":"Allow","Action":["sqs:Get*","sqs:Send?essage"],"Resource":["arn:aws:s3:::a","arn:aws:sqs:*:*:jobs"]}`, ""},
		"another action":     {`{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}`, noIdentity},
		"another service":    {`{"Effect":"Allow","Action":"sns:*","Resource":"*"}`, noIdentity},
		"another resource":   {`{"Effect":"Allow","Action":"sqs:*","Resource":"` + queue + `s"}`, noIdentity},
		"case of a resource": {`{"Effect":"Allow","Action":"sqs:*","Resource":"` + strings.Replace(queue, "jobs", "Jobs", 1) + `"}`, noIdentity},
		"all but":            {`{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:sqs:*:*:secret"}`, ""},
		"but the action":     {`{"Effect":"Allow","NotAction":["iam:*","sqs:Send*"],"Resource":"*"}`, noIdentity},
		"but the resource":   {`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:sqs:*"}`, noIdentity},
		"explicit deny":      {all + `,{"Effect":"Deny","Action":"sqs:Send*","Resource":"` + queue + `"}`, explicit},
		"another denied":     {all + `,{"Effect":"Deny","Action":"sqs:*","NotResource":"` + queue + `"}`, ""},

		"region":                 {when("Allow", `"StringEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}`), ""},
		"another region":         {when("Allow", `"StringEquals":{"aws:RequestedRegion":"us-east-1"}`), noIdentity},
		"key in any case":        {when("Allow", `"stringequals":{"AWS:requestedregion":"eu-west-1"}`), ""},
		"not in a region":        {all + "," + when("Deny", `"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}`), ""},
		"not in another":         {all + "," + when("Deny", `"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}`), explicit},
		"like":                   {when("Allow", `"StringLike":{"aws:PrincipalArn":"*:role/ac?e"}`), ""},
		"not like":               {when("Allow", `"StringNotLike":{"aws:PrincipalArn":"*:role/acme"}`), noIdentity},
		"equals takes no star":   {when("Allow", `"StringEquals":{"aws:RequestedRegion":"eu-*"}`), noIdentity},
		"account":                {when("Allow", `"StringEquals":{"aws:PrincipalAccount":"000000000000"}`), ""},
		"ARN":                    {when("Allow", `"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:*:*:function:ac*"}`), ""},
		"ARN by parts":           {when("Allow", `"ArnEquals":{"lambda:SourceFunctionArn":"arn:*:acme"}`), noIdentity},
		"bool":                   {when("Allow", `"Bool":{"aws:SecureTransport":true}`), ""},
		"all conditions":         {when("Allow", `"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:RequestedRegion":"x"}`), noIdentity},
		"absent":                 {when("Allow", `"StringEquals":{"aws:SourceAccount":"000000000000"}`), noIdentity},
		"absent, if it exists":   {when("Allow", `"StringEqualsIfExists":{"aws:SourceAccount":"x"}`), ""},
		"absent, negated":        {when("Allow", `"StringNotEquals":{"aws:SourceAccount":"000000000000"}`), ""},
		"set of values":          {when("Allow", `"ForAnyValue:StringEquals":{"aws:RequestedRegion":"eu-west-1"}`), ""},
		"unknown key":            {when("Allow", `"StringEquals":{"aws:PrincipalTag/team":"a"}`), noIdentity},
		"unknown key denies":     {all + "," + when("Deny", `"StringEquals":{"aws:PrincipalTag/team":"a"}`), explicit},
		"unknown operator":       {when("Allow", `"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}`), noIdentity},
		"unknown, denies":        {all + "," + when("Deny", `"Null":{"aws:RequestedRegion":"true"}`), explicit},
		"unknown, other is not":  {all + "," + when("Deny", `"Null":{"a:b":"true"},"StringEquals":{"aws:RequestedRegion":"x"}`), ""},
		"variable":               {`{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:${aws:username}"}`, noIdentity},
		"variable denies":        {all + `,{"Effect":"Deny","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:${aws:username}"}`, explicit},
		"variable in conditions": {when("Allow", `"StringNotEquals":{"aws:RequestedRegion":"${aws:x}"}`), noIdentity},
	} {
		s, session := newRole(t, slog.New(slog.DiscardHandler), test.statements)
		got := s.Refusal(Request{Session: session, Action: "sqs:SendMessage", Resource: queue, Region: "eu-west-1"})
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestRefusalByManagedPolicies(t *testing.T) {
	t.Parallel()
	const sendAndReceive = `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`
	for name, test := range map[string]struct {
		inline, attached, boundary, action, want string
	}{
		"administrator":     {"", "AdministratorAccess", "", "sqs:SendMessage", ""},
		"power user":        {"", "PowerUserAccess", "", "sqs:SendMessage", ""},
		"power user, roles": {"", "PowerUserAccess", "", "iam:GetRole", "because no identity-based policy allows the iam:GetRole action"},
		"consume":           {"", "service-role/AWSLambdaSQSQueueExecutionRole", "", "sqs:ReceiveMessage", ""},
		"consume, send":     {"", "service-role/AWSLambdaSQSQueueExecutionRole", "", "sqs:SendMessage", noIdentity},
		"log":               {"", "service-role/AWSLambdaBasicExecutionRole", "", "logs:PutLogEvents", ""},
		"secrets":           {"", "SecretsManagerReadWrite", "", "secretsmanager:GetSecretValue", ""},
		"unknown":           {"", "AmazonSQSFullAccess", "", "sqs:SendMessage", noIdentity},
		"within":            {sendAndReceive, "", "service-role/AWSLambdaSQSQueueExecutionRole", "sqs:DeleteMessage", ""},
		"beyond":            {sendAndReceive, "", "service-role/AWSLambdaSQSQueueExecutionRole", "sqs:SendMessage", noBoundary},
		"boundary only":     {"", "", "AdministratorAccess", "sqs:SendMessage", noIdentity},
		"unknown boundary":  {sendAndReceive, "", "ReadOnlyAccess", "sqs:SendMessage", noBoundary},
	} {
		var log bytes.Buffer
		s, session := newRole(t, slog.New(slog.NewTextHandler(&log, nil)), test.inline)
		if test.attached != "" {
			if _, err := s.AttachRolePolicy(t.Context(), AttachedPolicyInput{"acme", managedPrefix + test.attached}); err != nil {
				t.Fatal(err)
			}
		}
		if test.boundary != "" {
			in := PutRolePermissionsBoundaryInput{"acme", managedPrefix + test.boundary}
			if _, err := s.PutRolePermissionsBoundary(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got := s.Refusal(Request{Session: session, Action: test.action, Resource: queue}); got != test.want {
				t.Errorf("%s: got %q, want %q", name, got, test.want)
			}
		}
		warnings := 0
		if strings.HasPrefix(name, "unknown") {
			warnings = 1
		}
		if got := strings.Count(log.String(), "not understood"); got != warnings {
			t.Errorf("%s: got %d warnings, want %d: %s", name, got, warnings, log.String())
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s, session := newRole(t, slog.New(slog.DiscardHandler), "")
	key := s.Credentials(session.RoleARN, function)
	if again := s.Credentials(session.RoleARN, function); key != again || !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(key) {
		t.Errorf("got %s and %s", key, again)
	}
	if other := s.Credentials(session.RoleARN, function+"2"); other == key {
		t.Error("two functions have one access key")
	}
	if got, ok := s.Session(key); !ok || got != session {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := s.Session("AKIAIOSFODNN7EXAMPLE"); ok {
		t.Error("a key that nobody was given is a function's")
	}
	arn, id := s.Caller(key)
	if arn != "arn:aws:sts::000000000000:assumed-role/acme/acme" || !strings.HasPrefix(id, "AROA") || !strings.HasSuffix(id, ":acme") {
		t.Errorf("got %s, %s", arn, id)
	}
	if _, err := s.DeleteRole(t.Context(), RoleNameInput{"acme"}); err != nil {
		t.Fatal(err)
	}
	if got := s.Refusal(Request{Session: session, Action: "sqs:SendMessage", Resource: queue}); got != noIdentity {
		t.Errorf("a role that is gone: got %q", got)
	}
}

// TestMatches compares with regular expressions, for patterns and texts of few characters, so that stars have many ways to fit.
func TestMatches(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet string) string {
		b := make([]byte, random.IntN(9))
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(b)
	}
	toRegexp := strings.NewReplacer("*", ".*", "?", ".")
	fitting := 0
	for range 50_000 {
		pattern, candidate := text("ab*?"), text("ab")
		want := regexp.MustCompile("^" + toRegexp.Replace(pattern) + "$").MatchString(candidate)
		if got := matches(pattern, candidate); got != want {
			t.Fatalf("matches(%q, %q) = %v", pattern, candidate, got)
		}
		if want {
			fitting++
		}
	}
	if fitting < 1000 {
		t.Errorf("only %d patterns fit", fitting)
	}
	if matches(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 10_000)) {
		t.Error("a pattern fits that ends otherwise")
	}
}

// FuzzMatches holds that a text fits itself and what it is a part of, whatever it is made of.
func FuzzMatches(f *testing.F) {
	f.Add("arn:aws:sqs:eu-west-1:000000000000:jobs", "sqs")
	f.Fuzz(func(t *testing.T, text, part string) {
		if !matches("*", text) || !matches(strings.Repeat("?", len(text)), text) || matches(strings.Repeat("?", len(text)+1), text) {
			t.Errorf("wildcards do not fit %q", text)
		}
		if strings.ContainsAny(text+part, "*?") {
			return
		}
		if !matches(text, text) || matches("*"+part+"*", text) != strings.Contains(text, part) || matches(part+"*", text) != strings.HasPrefix(text, part) {
			t.Errorf("%q does not fit as it should in %q", part, text)
		}
	})
}
