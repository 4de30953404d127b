// Package iam is AWS's Identity and Access Management as far as functions need it: roles with their trust policies, inline
// policies, attached policies, permissions boundaries and tags, and the decision what they let a function do.
//
// Of attached policies and boundaries it knows a few of AWS's own; all others allow nothing. A condition on something that it does not
// know makes a statement that allows not apply and one that denies apply. It says so in the log, once.
package iam

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Service answers the IAM API. It is safe for concurrent use.
type Service struct {
	query wire.QueryService
	log   *slog.Logger

	mu       sync.Mutex
	roles    map[string]*role   // by name, which IAM compares without regard to case; see key
	sessions map[string]Session // by access key
	changed  chan struct{}      // closed and replaced whenever a role's permissions change
	warned   map[string]bool    // what was said of what is not understood
}

// New returns a service without roles, which logs to log.
func New(log *slog.Logger) *Service {
	s := &Service{
		log: log, roles: map[string]*role{}, sessions: map[string]Session{}, changed: make(chan struct{}), warned: map[string]bool{},
	}
	s.query = wire.QueryService{
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Log:       log,
		Operations: map[string]wire.QueryOperation{
			"CreateRole":                    wire.QueryOp(s.CreateRole),
			"GetRole":                       wire.QueryOp(s.GetRole),
			"ListRoles":                     wire.QueryOp(s.ListRoles),
			"UpdateRole":                    wire.QueryOp(s.UpdateRole),
			"UpdateRoleDescription":         wire.QueryOp(s.UpdateRoleDescription),
			"UpdateAssumeRolePolicy":        wire.QueryOp(s.UpdateAssumeRolePolicy),
			"DeleteRole":                    wire.QueryOp(s.DeleteRole),
			"PutRolePermissionsBoundary":    wire.QueryOp(s.PutRolePermissionsBoundary),
			"DeleteRolePermissionsBoundary": wire.QueryOp(s.DeleteRolePermissionsBoundary),
			"PutRolePolicy":                 wire.QueryOp(s.PutRolePolicy),
			"GetRolePolicy":                 wire.QueryOp(s.GetRolePolicy),
			"ListRolePolicies":              wire.QueryOp(s.ListRolePolicies),
			"DeleteRolePolicy":              wire.QueryOp(s.DeleteRolePolicy),
			"AttachRolePolicy":              wire.QueryOp(s.AttachRolePolicy),
			"DetachRolePolicy":              wire.QueryOp(s.DetachRolePolicy),
			"ListAttachedRolePolicies":      wire.QueryOp(s.ListAttachedRolePolicies),
			"ListInstanceProfilesForRole":   wire.QueryOp(s.ListInstanceProfilesForRole),
			"TagRole":                       wire.QueryOp(s.TagRole),
			"UntagRole":                     wire.QueryOp(s.UntagRole),
			"ListRoleTags":                  wire.QueryOp(s.ListRoleTags),
		},
	}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.query.ServeHTTP(w, r) }

// AssumableByLambda tells whether the role exists and its trust policy lets lambda.amazonaws.com assume it for a function. The error is
// what Lambda answers to whoever names such a role.
func (s *Service) AssumableByLambda(roleARN, functionARN string) error {
	if s.assumable(roleARN, "lambda.amazonaws.com", functionARN) {
		return nil
	}
	return wire.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
}

// assumable reports whether a role exists and trusts a service that acts for something of this account.
func (s *Service) assumable(roleARN, service, sourceARN string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := question{
		who: identity{"Service", []string{service}}, action: "sts:AssumeRole", warn: s.warn,
		keys: map[string]string{"aws:sourceaccount": wire.AccountID, "aws:sourcearn": sourceARN, "sts:externalid": ""},
	}
	for _, role := range s.roles {
		if role.Arn == roleARN && judge([]policy{role.trust}, q) == allowed {
			return true
		}
	}
	return false
}

// Changed returns a channel that is closed when a role may have come to be allowed more, or less.
func (s *Service) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// warn says once that localaws does not understand something of a policy; the caller holds the lock.
func (s *Service) warn(what string) {
	if !s.warned[what] {
		s.warned[what] = true
		s.log.Warn("policy not understood: what it allows is not allowed, and what it denies is denied", "what", what)
	}
}

// noSuchEntity is IAM's not-found, answered with 404.
func noSuchEntity(format string, args ...any) *wire.Error {
	return wire.Errorf("NoSuchEntity", format, args...).WithStatus(http.StatusNotFound)
}

// invalid is IAM's answer to a parameter that breaks a constraint of its model.
func invalid(parameter, value, constraint string) *wire.Error {
	return wire.Errorf("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s",
		value, parameter, constraint)
}
