// Package iam is AWS's Identity and Access Management as far as functions need it: roles with their trust policies, inline
// policies, attached policies and tags. It keeps policies and checks that they are policies; it does not enforce them.
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

	mu    sync.Mutex
	roles map[string]*role // by name, which IAM compares without regard to case; see key
}

// New returns a service without roles, which logs to log.
func New(log *slog.Logger) *Service {
	s := &Service{roles: map[string]*role{}}
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

// AssumableByLambda tells whether the role exists and its trust policy lets lambda.amazonaws.com assume it. The error is what
// Lambda answers to whoever names such a role.
func (s *Service) AssumableByLambda(roleARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, role := range s.roles {
		if role.Arn == roleARN && role.trust.trusts("lambda.amazonaws.com") {
			return nil
		}
	}
	return wire.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
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
