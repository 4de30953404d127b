package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// DeniedError is a call that the credentials may not make.
type DeniedError struct {
	// Action is IAM's name of what was to be done, such as lambda:CreateFunction.
	Action string
	// Resource is the ARN of what it was to be done to, as AWS named it or else as far as it is known (then with wildcards), or "*".
	Resource string
	// Principal is the ARN that the credentials stand for; empty if AWS did not say.
	Principal string
	// Reason is AWS's, in its words; it may be empty.
	Reason string
	// Err is AWS's answer.
	Err error

	passedTo string // the service that is to get a role, of iam:PassRole
}

// Error returns action, resource, reason and the next step, which as a rule is a policy statement, on a line of its own.
func (e *DeniedError) Error() string {
	who := "these credentials"
	if e.Principal != "" {
		who = e.Principal
	}
	text := fmt.Sprintf("AWS denies %s on %s to %s", e.Action, e.Resource, who)
	if e.Reason != "" {
		text += ", " + e.Reason
	}
	if policy := e.denying(); policy != "" {
		return fmt.Sprintf("%s; the statement of that %s which denies this has to go, or to make an exception: no other policy that allows "+
			"it can help", text, policy)
	}
	return fmt.Sprintf("%s; add this statement to %s:\n\n  %s", text, e.place(), e.Statement())
}

// Unwrap returns AWS's answer.
func (e *DeniedError) Unwrap() error { return e.Err }

// Statement returns the policy statement that is missing, in JSON; empty if none is, because a policy denies the call.
func (e *DeniedError) Statement() string {
	if e.denying() != "" {
		return ""
	}
	members := []string{`"Effect": "Allow"`}
	if e.lacking() == resourceBased {
		members = append(members, fmt.Sprintf(`"Principal": {"AWS": %s}`, quote(assumed(e.Principal))))
	}
	members = append(members, `"Action": `+quote(e.Action))
	if e.lacking() != resourceBased || !strings.HasPrefix(e.Action, "ecr:") { // policies of repositories have no resource
		members = append(members, `"Resource": `+quote(e.Resource))
	}
	if e.Action == passRole && e.passedTo != "" {
		members = append(members, fmt.Sprintf(`"Condition": {"StringEquals": {"iam:PassedToService": %s}}`, quote(e.passedTo)))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(quoted)
}

const resourceBased = "resource-based policy"

// places are where a statement goes, by the kind of policy that has none.
var places = map[string]string{
	resourceBased:             "the policy of that resource",
	"permissions boundary":    "the permissions boundary of these credentials",
	"session policy":          "the session policy that the role is assumed with",
	"service control policy":  "a service control policy of the organization",
	"resource control policy": "a resource control policy of the organization",
	"VPC endpoint policy":     "the policy of the VPC endpoint",
}

func (e *DeniedError) place() string {
	if place, ok := places[e.lacking()]; ok {
		return place
	}
	return "a policy of these credentials"
}

var (
	denyingPolicy = regexp.MustCompile(`with an explicit deny in an? ([\w -]*?(?:policy|boundary))`)
	lackingPolicy = regexp.MustCompile(`because no ([\w -]*?(?:policy|boundary)) allows`)
)

// denying returns the kind of policy that denies the call; empty if none does, but none allows it either.
func (e *DeniedError) denying() string {
	if found := denyingPolicy.FindStringSubmatch(e.Reason); found != nil {
		return found[1]
	}
	if strings.Contains(e.Reason, "explicit deny") {
		return "policy"
	}
	return ""
}

// lacking returns the kind of policy that would have to allow the call; empty if AWS did not say.
func (e *DeniedError) lacking() string {
	if found := lackingPolicy.FindStringSubmatch(e.Reason); found != nil {
		return found[1]
	}
	return ""
}

var sessionARN = regexp.MustCompile(`^arn:([\w-]+):sts::([0-9]+):assumed-role/([^/]+)/.*`)

// assumed returns the role of a session, as policies name it, and any other principal unchanged.
func assumed(principal string) string {
	return sessionARN.ReplaceAllString(principal, "arn:$1:iam::$2:role/$3")
}

// The codes that AWS's services refuse with who may not call.
var deniedCodes = []string{
	"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException",
	"NotAuthorized", "NotAuthorizedException",
}

// authorization is how AWS words it, as a rule. Some services name a resource without its ARN.
var authorization = regexp.MustCompile(`(?is)(?:User: (\S+) )?is not authorized to perform:? ([\w-]+:\w+)` +
	`(?: on (?:the )?resource:? (?:(?:role|policy|user) )?(\S+))?(.*)`)

// ofSomebodyElse is part of Lambda's refusal of an image that it may not pull itself. It is about the repository's policy.
const ofSomebodyElse = "permission to access the ECR image"

// tellDenials has clients turn AWS's refusals into a [DeniedError].
func (c *Cloud) tellDenials(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TellDenials", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if refusal, ok := errors.AsType[smithy.APIError](err); ok {
			message := refusal.ErrorMessage()
			if !strings.Contains(message, ofSomebodyElse) && (hasCode(err, deniedCodes...) || authorization.MatchString(message)) {
				made := callOf(middleware.GetServiceID(ctx), middleware.GetOperationName(ctx), in.Parameters)
				if other, ok := errors.AsType[*smithy.OperationError](err); ok { // such as sts:AssumeRole, to get credentials
					made = callOf(other.Service(), other.Operation(), nil)
				}
				err = c.denied(ctx, made, message, err)
			}
		}
		return out, metadata, err
	}), middleware.Before)
}

// denied reads AWS's message about a call. What it does not say is taken from the call.
func (c *Cloud) denied(ctx context.Context, made madeCall, message string, err error) *DeniedError {
	message = strings.TrimSuffix(strings.Join(strings.Fields(message), " "), ".")
	e := &DeniedError{Action: made.action(), Err: err, passedTo: made.service + ".amazonaws.com"}
	if found := authorization.FindStringSubmatch(message); found != nil {
		if !strings.EqualFold(found[2], e.Action) { // SQS writes actions in lower case
			e.Action = found[2]
		}
		e.Principal, e.Resource, e.Reason = found[1], strings.TrimRight(found[3], ".,;"), strings.TrimLeft(found[4], " .,;")
	} else if message != "" {
		e.Reason = "saying: " + message
	}
	if action := actionBehind(message); action != "" {
		e.Action = action
	}
	if !strings.HasPrefix(e.Resource, "arn:") && e.Resource != "*" {
		e.Resource = c.resourceOf(ctx, made, e.Action)
	}
	e.Resource = strings.TrimSuffix(e.Resource, "log-stream:") // which log groups end in
	if strings.HasSuffix(e.Resource, ":") {
		e.Resource += "*" // as policies name a log group, or all queues
	}
	return e
}
