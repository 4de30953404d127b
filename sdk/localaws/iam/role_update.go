package iam

import (
	"context"
	"strconv"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	defaultMaxSession = 3600  // seconds
	maxMaxSession     = 43200 // seconds
)

// UpdateRoleInput is the input of UpdateRole; nil leaves things as they are.
type UpdateRoleInput struct {
	RoleName           string
	Description        *string
	MaxSessionDuration *int
}

// UpdateRoleOutput is the empty result of UpdateRole, which, unlike others, AWS writes out.
type UpdateRoleOutput struct{}

// UpdateRole changes a role's description and the length of its sessions.
func (s *Service) UpdateRole(_ context.Context, in UpdateRoleInput) (UpdateRoleOutput, error) {
	_, err := s.withRole(in.RoleName, func(r *role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		return r.setMaxSession(in.MaxSessionDuration)
	})
	return UpdateRoleOutput{}, err
}

// UpdateRoleDescriptionInput is the input of UpdateRoleDescription.
type UpdateRoleDescriptionInput struct {
	RoleName    string
	Description string
}

// UpdateRoleDescription changes a role's description and answers with the role.
func (s *Service) UpdateRoleDescription(ctx context.Context, in UpdateRoleDescriptionInput) (RoleOutput, error) {
	if _, err := s.UpdateRole(ctx, UpdateRoleInput{RoleName: in.RoleName, Description: &in.Description}); err != nil {
		return RoleOutput{}, err
	}
	return s.GetRole(ctx, RoleNameInput{in.RoleName})
}

// UpdateAssumeRolePolicyInput is the input of UpdateAssumeRolePolicy.
type UpdateAssumeRolePolicyInput struct {
	RoleName       string
	PolicyDocument string
}

// UpdateAssumeRolePolicy replaces who may assume a role.
func (s *Service) UpdateAssumeRolePolicy(_ context.Context, in UpdateAssumeRolePolicyInput) (wire.Empty, error) {
	trust, err := parseTrustPolicy(in.PolicyDocument)
	if err != nil {
		return wire.Empty{}, err
	}
	return s.withRole(in.RoleName, func(r *role) error {
		r.trust, r.AssumeRolePolicyDocument = trust, encoded(in.PolicyDocument)
		return nil
	})
}

func (r *role) setMaxSession(seconds *int) error {
	if seconds == nil {
		return nil
	}
	if *seconds < defaultMaxSession || *seconds > maxMaxSession {
		return invalid("maxSessionDuration", strconv.Itoa(*seconds), "Member must have value between 3600 and 43200")
	}
	r.MaxSessionDuration = *seconds
	return nil
}
