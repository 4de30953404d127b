package iam

import (
	"maps"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Request is something that a session wants to do.
type Request struct {
	Session  Session
	Action   string            // such as "sqs:SendMessage"
	Resource string            // ARN of what it is done to, or "*"
	Region   string            // that it is done in
	Policy   string            // the resource's own policy, a JSON document; empty if it has none
	Keys     map[string]string // further condition keys, in lower case; empty if the request has no value for it
}

// Refusal tells why a request is refused, in the words with which AWS ends its message, or is empty if it is allowed: by a policy of the
// role, or of the resource itself, within the role's permissions boundary, and denied by none of them.
func (s *Service) Refusal(r Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := question{
		who: identity{"AWS", []string{r.Session.RoleARN, r.Session.ARN()}}, action: r.Action, resource: r.Resource,
		keys: keysOf(r), warn: s.warn,
	}
	own, capped := s.policiesOf(r.Session.RoleARN)
	identity, resource, boundary := judge(own, q), judge([]policy{s.resourcePolicy(r)}, q), allowed
	if capped != nil {
		boundary = judge([]policy{*capped}, q)
	}
	const explicit = "with an explicit deny in "
	switch {
	case identity == denied:
		return explicit + "an identity-based policy"
	case resource == denied:
		return explicit + "a resource-based policy"
	case boundary == denied:
		return explicit + "a permissions boundary"
	case identity != allowed && resource != allowed:
		return "because no identity-based policy allows the " + shownAction(r.Action) + " action"
	case boundary != allowed:
		return "because no permissions boundary allows the " + shownAction(r.Action) + " action"
	}
	return ""
}

// Denied is the message with which AWS refuses a request. Shown is what it calls the resource; empty if it does not name any.
func (r Request) Denied(shown, refusal string) string {
	on := ""
	if shown != "" {
		on = " on resource: " + shown
	}
	return "User: " + r.Session.ARN() + " is not authorized to perform: " + shownAction(r.Action) + on + " " + refusal
}

// shownAction is how messages write an action, for which SQS has its own way.
func shownAction(action string) string {
	if strings.HasPrefix(action, "sqs:") {
		return strings.ToLower(action)
	}
	return action
}

// policiesOf finds the policies of a role and its permissions boundary, nil if it has none. A role that is gone may do nothing.
func (s *Service) policiesOf(roleARN string) (own []policy, boundary *policy) {
	for _, role := range s.roles {
		if role.Arn != roleARN {
			continue
		}
		for _, inline := range role.inline {
			own = append(own, inline.policy)
		}
		for arn := range role.attached {
			own = append(own, s.managed(arn))
		}
		if role.PermissionsBoundary != nil {
			capped := s.managed(role.PermissionsBoundary.PermissionsBoundaryArn)
			boundary = &capped
		}
	}
	return own, boundary
}

// resourcePolicy reads a resource's own policy. The service that keeps it has not read more than that it is JSON.
func (s *Service) resourcePolicy(r Request) policy {
	if r.Policy == "" {
		return policy{}
	}
	p, err := parsePolicy(r.Policy, func(statement) error { return nil })
	if err != nil {
		s.warn("policy of " + r.Resource + ": " + err.Error())
	}
	return p
}

// keysOf are the condition keys that every request of a session has. All requests count as encrypted: that they are not, here, says
// nothing about the code that makes them.
func keysOf(r Request) map[string]string {
	keys := map[string]string{
		"aws:principalaccount":      wire.AccountID,
		"aws:principalarn":          r.Session.RoleARN,
		"aws:principaltype":         "AssumedRole",
		"aws:principalisawsservice": "false",
		"aws:requestedregion":       r.Region,
		"aws:resourceaccount":       wire.AccountID,
		"aws:securetransport":       "true",
		"aws:sourceaccount":         "",
		"aws:sourcearn":             "",
		"aws:viaawsservice":         "false",
		"lambda:sourcefunctionarn":  r.Session.FunctionARN,
	}
	maps.Copy(keys, r.Keys)
	return keys
}
