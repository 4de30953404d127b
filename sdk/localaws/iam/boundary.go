package iam

import (
	"context"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// PermissionsBoundary is the policy that caps what a role may do.
type PermissionsBoundary struct {
	PermissionsBoundaryType string
	PermissionsBoundaryArn  string
}

// PutRolePermissionsBoundaryInput is the input of PutRolePermissionsBoundary.
type PutRolePermissionsBoundaryInput struct {
	RoleName            string
	PermissionsBoundary string // ARN of a policy
}

// PutRolePermissionsBoundary sets the policy that caps what a role may do.
func (s *Service) PutRolePermissionsBoundary(_ context.Context, in PutRolePermissionsBoundaryInput) (wire.Empty, error) {
	return s.changeRole(in.RoleName, func(r *role) error {
		r.PermissionsBoundary = boundary(in.PermissionsBoundary)
		return nil
	})
}

// DeleteRolePermissionsBoundary removes what PutRolePermissionsBoundary set.
func (s *Service) DeleteRolePermissionsBoundary(_ context.Context, in RoleNameInput) (wire.Empty, error) {
	return s.changeRole(in.RoleName, func(r *role) error {
		r.PermissionsBoundary = nil
		return nil
	})
}

func boundary(policyARN string) *PermissionsBoundary {
	if policyARN == "" {
		return nil
	}
	return &PermissionsBoundary{PermissionsBoundaryType: "PermissionsBoundaryPolicy", PermissionsBoundaryArn: policyARN}
}
