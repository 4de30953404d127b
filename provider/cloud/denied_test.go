package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
)

const (
	testAccount = "000000000000" // of localaws
	caller      = "arn:aws:sts::111122223333:assumed-role/deploy/run"
	bareMessage = "this test denies it"
)

// silent are the denials that stop nothing, by method and action: what may not be looked at is taken for granted.
var silent = []string{
	"CreateFunction lambda:GetFunctionConfiguration", // only adds to another error
	"CreateQueue sqs:ListQueues",
	"DeleteRole iam:ListAttachedRolePolicies",
	"DeleteRole iam:ListRolePolicies",
	"EnsureRepository ecr:GetRepositoryPolicy",
	"RefuseQueue sqs:ListQueues",
	"WaitForImage ecr:DescribeImages",
}

// failing are the methods that are driven where they fail, too, to have them make all of their calls.
var failing = []string{"CreateMapping", "CreateRole", "DeleteRole"}

// alongside are actions that AWS looks at, too, when it is called: for roles that are handed on, for tags of what is made, for networks and
// secrets' keys, and for what is asked of ECR's registry.
var alongside = []string{
	"iam:PassRole", "logs:TagResource", "kms:Decrypt",
	"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
	"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
	"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
}

// oddResources are what actions are about that are not about what their service's others are; NAME and ID are the scene's.
var oddResources = map[string]string{
	"ecr:GetAuthorizationToken":       "*",
	"lambda:CreateEventSourceMapping": "*",
	"lambda:DeleteEventSourceMapping": "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:ID",
	"lambda:GetAccountSettings":       "*",
	"lambda:GetEventSourceMapping":    "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:ID",
	"lambda:ListEventSourceMappings":  "*",
	"lambda:ListFunctions":            "*",
	"lambda:UpdateEventSourceMapping": "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:ID",
	"logs:DescribeLogGroups":          "arn:aws:logs:us-east-1:000000000000:log-group:*",
	"secretsmanager:DescribeSecret":   "ID",
	"secretsmanager:GetSecretValue":   "ID",
	"sqs:ListQueues":                  "*",
	"sts:GetCallerIdentity":           "*",
}

var usualResources = map[string]string{
	"ecr":       "arn:aws:ecr:us-east-1:000000000000:repository/NAME",
	"iam":       "arn:aws:iam::000000000000:role/NAME",
	"lambda":    "arn:aws:lambda:us-east-1:000000000000:function:NAME",
	"logs":      "arn:aws:logs:us-east-1:000000000000:log-group:NAME:*",
	"scheduler": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/NAME",
	"sqs":       "arn:aws:sqs:us-east-1:000000000000:NAME",
}

// gate stands before the test's AWS. It remembers the actions that were called, and denies one.
type gate struct {
	denied string
	worded bool // as AWS words it, with the resource

	mu     sync.Mutex
	called map[string]bool
}

// Do answers a request.
func (g *gate) Do(r *http.Request) (*http.Response, error) {
	service := middleware.GetServiceID(r.Context())
	action := strings.NewReplacer("cloudwatch logs", "logs", "secrets manager", "secretsmanager").Replace(strings.ToLower(service)) + ":" +
		middleware.GetOperationName(r.Context())
	g.mu.Lock()
	defer g.mu.Unlock()
	g.called[action] = true
	if action != g.denied {
		return http.DefaultClient.Do(r)
	}
	message := bareMessage
	if g.worded {
		message = wordedDenial(action)
	}
	status, header, body := http.StatusBadRequest, http.Header{}, fmt.Sprintf(`{"__type":"com.amazon.coral.service#AccessDeniedException","Message":%q}`, message)
	switch service {
	case "IAM", "STS":
		status = http.StatusForbidden
		body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>" + message + "</Message></Error></ErrorResponse>"
	case "Lambda", "Scheduler":
		status = http.StatusForbidden
		header.Set("X-Amzn-Errortype", "AccessDeniedException")
	case "SQS":
		header.Set("X-Amzn-Query-Error", "AccessDenied;Sender")
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func resourceOfAnswer(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return "arn:aws:" + service + ":us-east-1:111122223333:of-the-answer"
}

func wordedDenial(action string) string {
	named := action
	if strings.HasPrefix(action, "sqs:") {
		named = strings.ToLower(action)
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		caller, named, resourceOfAnswer(action), named)
}

// play sets a scene up, drives a method in it, and returns its error and the actions that were called.
func (s *stage) play(t *testing.T, method string, g *gate) (*scene, error) {
	t.Helper()
	g.called = map[string]bool{}
	s.scenes++
	name := fmt.Sprintf("scene-%d", s.scenes)
	direct := s.server.Config()
	direct.Region = s.Region
	scene := &scene{Cloud: New(direct), t: t, stage: s, name: name}
	drives[method].before(scene)
	config := s.server.Config()
	config.HTTPClient = g
	return scene, drives[method].call(t.Context(), scene, New(config))
}

func TestDeniedActions(t *testing.T) {
	t.Parallel()
	shared := newStage(t)
	methods := slices.Sorted(maps.Keys(drives))
	called, told := map[string]bool{}, map[string]bool{}
	for _, method := range methods {
		record := &gate{denied: "nothing"}
		if _, err := shared.play(t, method, record); err != nil && !slices.Contains(failing, method) {
			t.Errorf("%s fails when all is allowed: %v", method, err)
		}
		for _, action := range slices.Sorted(maps.Keys(record.called)) {
			for _, worded := range []bool{true, false} {
				deny := &gate{denied: action, worded: worded}
				scene, err := shared.play(t, method, deny)
				maps.Copy(called, deny.called)
				if slices.Contains(silent, method+" "+action) {
					continue
				}
				told[action] = true
				if err := checkDenial(err, scene, deny); err != nil {
					t.Errorf("%s without %s (worded: %v): %v", method, action, worded, err)
				}
			}
		}
	}
	for action := range called {
		if !told[action] && !slices.ContainsFunc(silent, func(s string) bool { return strings.HasSuffix(s, " "+action) }) {
			t.Errorf("%s is called only after another failure: no method was denied it", action)
		}
	}
	checkDriven(t, called)
	for _, action := range alongside {
		called[action] = true
	}
	checkGolden(t, slices.Sorted(maps.Keys(called)))
}

// checkDenial returns what is wrong with the error of a method that was denied an action.
func checkDenial(err error, s *scene, g *gate) error {
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok || !IsDenied(err) || !hasCode(denied, "AccessDenied", "AccessDeniedException") {
		return fmt.Errorf("got %w, want a DeniedError that wraps AWS's answer", err)
	}
	want := struct{ Effect, Action, Resource string }{"Allow", g.denied, resourceOfAnswer(g.denied)}
	if !g.worded {
		service, _, _ := strings.Cut(g.denied, ":")
		resource, odd := oddResources[g.denied]
		if !odd {
			resource = usualResources[service]
		}
		want.Resource = strings.NewReplacer("NAME", s.name, "ID", s.id).Replace(resource)
	}
	first, statement, _ := strings.Cut(denied.Error(), "\n\n")
	got := want
	if err := json.Unmarshal([]byte(statement), &got); err != nil {
		return fmt.Errorf("%q is no statement: %w", statement, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("the statement (-want +got):\n%s", diff)
	}
	said := bareMessage
	if g.worded {
		said = caller + ", because no identity-based policy allows"
	}
	for _, part := range []string{"AWS denies " + want.Action + " on " + want.Resource + " to ", said} {
		if !strings.Contains(first, part) {
			return fmt.Errorf("%q does not say %q", first, part)
		}
	}
	if strings.Contains(err.Error(), planted) || !strings.Contains(err.Error(), denied.Error()) {
		return fmt.Errorf("the denial is lost, or a value is shown: %w", err)
	}
	return nil
}

// checkGolden compares the actions with the file that the deployer's policy is held to.
func checkGolden(t *testing.T, actions []string) {
	t.Helper()
	const file, update = "testdata/actions.txt", "HANDLER_TEST_UPDATE"
	got := strings.Join(actions, "\n") + "\n"
	if os.Getenv(update) != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what is called; write it anew with %s=1 (-want +got):\n%s", file, update, diff)
	}
}

var (
	directCall = regexp.MustCompile(`c\.(\w+)\.([A-Z]\w+)\(`)
	pagedCall  = regexp.MustCompile(`\.New(\w+)Paginator\(c\.(\w+),`)
)

// checkDriven checks that all exported methods are driven, and all calls in the code made while they are.
func checkDriven(t *testing.T, called map[string]bool) {
	t.Helper()
	for method := range reflect.TypeFor[*Cloud]().Methods() {
		if _, ok := drives[method.Name]; !ok && !slices.Contains(callsNothing, method.Name) {
			t.Errorf("Cloud.%s is not driven with its actions denied: add it to drives, or to callsNothing", method.Name)
		}
	}
	prefixes := map[string]string{} // of actions, by the client's field
	for field := range reflect.TypeFor[Cloud]().Fields() {
		if _, service, ok := strings.Cut(field.Type.String(), "*"); ok && strings.HasSuffix(service, ".Client") {
			service = strings.TrimSuffix(service, ".Client")
			prefixes[field.Name] = strings.Replace(service, "cloudwatchlogs", "logs", 1)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var calls [][2]string // field and operation
		for _, found := range directCall.FindAllStringSubmatch(string(code), -1) {
			calls = append(calls, [2]string{found[1], found[2]})
		}
		for _, found := range pagedCall.FindAllStringSubmatch(string(code), -1) {
			calls = append(calls, [2]string{found[2], found[1]})
		}
		for _, call := range calls {
			if prefix, ok := prefixes[call[0]]; ok && !called[prefix+":"+call[1]] {
				t.Errorf("%s calls %s:%s, but no drive does: add one that reaches it", file, prefix, call[1])
			}
		}
	}
}
