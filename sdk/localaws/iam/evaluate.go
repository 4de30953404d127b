package iam

import (
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const accountRoot = "arn:aws:iam::" + wire.AccountID + ":root"

// question is what policies are asked: may who do action to resource?
type question struct {
	who      identity
	action   string            // such as "sqs:SendMessage"
	resource string            // an ARN, or "*"
	keys     map[string]string // values of the condition keys that localaws knows, in lower case; empty if the request has none
	warn     func(what string) // is told what localaws does not understand of a policy
}

// identity is who asks, under each name that a policy may call it by.
type identity struct {
	kind  string // of principal, such as "AWS"
	names []string
}

// verdict is what a policy says to a question.
type verdict int

const (
	silent verdict = iota
	allowed
	denied
)

// judge asks policies. An explicit deny in one of them wins over all that others allow.
func judge(policies []policy, q question) verdict {
	result := silent
	for _, p := range policies {
		for _, s := range p.Statement {
			if !s.applies(q) {
				continue
			}
			if s.Effect == "Deny" {
				return denied
			}
			result = allowed
		}
	}
	return result
}

// applies tells whether a statement is about the question. What localaws does not understand makes a statement that allows not apply,
// and one that denies apply, so that nothing is let through by mistake.
func (s statement) applies(q question) bool {
	unknown := s.Effect == "Deny"
	if !covers(s.Action, s.NotAction, func(pattern string) bool { return matchesFold(pattern, q.action) }) || !s.concerns(q.who) {
		return false
	}
	if variable := slices.IndexFunc(s.resources(), hasVariable); variable >= 0 {
		q.warn("resource " + s.resources()[variable])
		return unknown && s.Condition.hold(q, unknown)
	}
	return covers(s.Resource, s.NotResource, func(pattern string) bool { return matches(pattern, q.resource) }) && s.Condition.hold(q, unknown)
}

func (s statement) resources() []string { return slices.Concat(s.Resource, s.NotResource) }

// covers tells whether one of the patterns fits or, if a statement lists exceptions instead, none of these. A trust policy has neither
// for resources.
func covers(patterns, exceptions texts, fits func(pattern string) bool) bool {
	if len(exceptions) > 0 {
		return !slices.ContainsFunc(exceptions, fits)
	}
	return len(patterns) == 0 || slices.ContainsFunc(patterns, fits)
}

// concerns tells whether a statement is about somebody; one without principals is about whoever has the policy. To allow something
// to the account only leaves it to the account's own policies whom they allow it, while to deny it denies it to everyone in there.
func (s statement) concerns(who identity) bool {
	switch {
	case len(s.NotPrincipal) > 0:
		return !s.NotPrincipal.includes(who, true)
	case len(s.Principal) > 0:
		return s.Principal.includes(who, s.Effect == "Deny")
	}
	return true
}

func (p principal) includes(who identity, asAccount bool) bool {
	if slices.Contains(p["*"], "*") {
		return true
	}
	return slices.ContainsFunc(p[who.kind], func(name string) bool {
		if who.kind == "AWS" && (name == "*" || asAccount && (name == wire.AccountID || name == accountRoot)) {
			return true
		}
		return slices.ContainsFunc(who.names, func(own string) bool { return strings.EqualFold(own, name) })
	})
}
