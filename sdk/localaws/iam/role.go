package iam

import (
	"context"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const pageSize = 100 // IAM's default MaxItems

// Role is a role as IAM answers with it.
type Role struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               time.Time
	AssumeRolePolicyDocument string               // percent-encoded
	Description              string               `xml:",omitempty"`
	MaxSessionDuration       int                  // seconds
	PermissionsBoundary      *PermissionsBoundary `xml:",omitempty"`
	Tags                     []Tag                `xml:"Tags>member,omitempty"`
	RoleLastUsed             struct{}
}

// Tag is a key with its value.
type Tag struct {
	Key   string
	Value string
}

type role struct {
	Role

	trust    policy
	inline   map[string]inlinePolicy // by policy name
	attached map[string]string       // policy name by ARN
}

// RoleOutput is the answer with one role.
type RoleOutput struct{ Role Role }

// RoleNameInput is the input of operations that need only the role's name.
type RoleNameInput struct{ RoleName string }

// CreateRoleInput is the input of CreateRole. MaxSessionDuration is 3,600 to 43,200 seconds, by default 3,600.
type CreateRoleInput struct {
	Path                     *string
	RoleName                 string
	AssumeRolePolicyDocument string
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      string
	Tags                     []Tag
}

// CreateRole makes a role. Names are unique in the account without regard to case.
func (s *Service) CreateRole(_ context.Context, in CreateRoleInput) (RoleOutput, error) {
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	if err := validateRole(in.RoleName, path); err != nil {
		return RoleOutput{}, err
	}
	trust, err := parseTrustPolicy(in.AssumeRolePolicyDocument)
	if err != nil {
		return RoleOutput{}, err
	}
	created := &role{trust: trust, inline: map[string]inlinePolicy{}, attached: map[string]string{}, Role: Role{
		Path:                     path,
		RoleName:                 in.RoleName,
		RoleId:                   "AROA" + rand.Text()[:17],
		Arn:                      "arn:aws:iam::" + wire.AccountID + ":role" + path + in.RoleName,
		CreateDate:               time.Now().UTC().Truncate(time.Second),
		AssumeRolePolicyDocument: encoded(in.AssumeRolePolicyDocument),
		Description:              in.Description,
		MaxSessionDuration:       defaultMaxSession,
		PermissionsBoundary:      boundary(in.PermissionsBoundary),
	}}
	if err := created.setMaxSession(in.MaxSessionDuration); err != nil {
		return RoleOutput{}, err
	}
	if err := created.tag(in.Tags); err != nil {
		return RoleOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.roles[strings.ToLower(in.RoleName)]; exists {
		return RoleOutput{}, wire.Errorf("EntityAlreadyExists", "Role with name %s already exists.", in.RoleName).WithStatus(409)
	}
	s.roles[strings.ToLower(in.RoleName)] = created
	return RoleOutput{created.Role}, nil
}

// GetRole answers with one role.
func (s *Service) GetRole(_ context.Context, in RoleNameInput) (RoleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role, err := s.role(in.RoleName)
	if err != nil {
		return RoleOutput{}, err
	}
	return RoleOutput{role.answer()}, nil
}

// ListRolesInput is the input of ListRoles. MaxItems is 1 to 1,000, by default 100.
type ListRolesInput struct {
	PathPrefix string
	Marker     string
	MaxItems   int
}

// ListRolesOutput is one page of roles, without tags and boundaries, as in AWS.
type ListRolesOutput struct {
	Roles       []Role `xml:"Roles>member"`
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// ListRoles lists the roles whose path starts with a prefix, by name.
func (s *Service) ListRoles(_ context.Context, in ListRolesInput) (ListRolesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var roles []Role
	for _, role := range s.roles {
		if strings.HasPrefix(role.Path, in.PathPrefix) {
			listed := role.Role
			listed.Tags, listed.PermissionsBoundary = nil, nil
			roles = append(roles, listed)
		}
	}
	page, next, err := wire.Page(roles, func(r Role) string { return r.RoleName }, in.Marker, limit(in.MaxItems), "ValidationError")
	return ListRolesOutput{Roles: page, IsTruncated: next != "", Marker: next}, err
}

// DeleteRole deletes a role that no policy is left on.
func (s *Service) DeleteRole(_ context.Context, in RoleNameInput) (wire.Empty, error) {
	return s.changeRole(in.RoleName, func(r *role) error {
		switch {
		case len(r.attached) > 0:
			return conflict("Cannot delete entity, must detach all policies first.")
		case len(r.inline) > 0:
			return conflict("Cannot delete entity, must delete policies first.")
		}
		delete(s.roles, strings.ToLower(in.RoleName))
		return nil
	})
}

func conflict(message string) error {
	return wire.Errorf("DeleteConflict", "%s", message).WithStatus(409)
}

// ListInstanceProfilesForRoleOutput is an empty list: there are no instance profiles here.
type ListInstanceProfilesForRoleOutput struct {
	InstanceProfiles struct{}
	IsTruncated      bool
}

// ListInstanceProfilesForRole finds none.
func (s *Service) ListInstanceProfilesForRole(_ context.Context, in RoleNameInput) (ListInstanceProfilesForRoleOutput, error) {
	_, err := s.withRole(in.RoleName, func(*role) error { return nil })
	return ListInstanceProfilesForRoleOutput{}, err
}

// role finds a role; the caller holds the lock.
func (s *Service) role(name string) (*role, error) {
	if role, ok := s.roles[strings.ToLower(name)]; ok {
		return role, nil
	}
	return nil, noSuchEntity("The role with name %s cannot be found.", name)
}

// withRole runs fn on a role under the lock.
func (s *Service) withRole(name string, fn func(*role) error) (wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role, err := s.role(name)
	if err != nil {
		return wire.Empty{}, err
	}
	return wire.Empty{}, fn(role)
}

// changeRole is withRole for what changes the role's permissions.
func (s *Service) changeRole(name string, fn func(*role) error) (wire.Empty, error) {
	return s.withRole(name, func(r *role) error {
		err := fn(r)
		close(s.changed)
		s.changed = make(chan struct{})
		return err
	})
}

// answer copies what the caller may keep after the lock is gone.
func (r *role) answer() Role {
	answer := r.Role
	answer.Tags = slices.Clone(r.Tags)
	return answer
}

func limit(maxItems int) int {
	if maxItems <= 0 {
		return pageSize
	}
	return maxItems
}

var (
	roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	rolePath = regexp.MustCompile(`^(/|/[\x21-\x7e]+/)$`)
)

func validateRole(name, path string) error {
	if !roleName.MatchString(name) {
		return invalid("roleName", name,
			`Member must have length between 1 and 64 and satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	if !rolePath.MatchString(path) || len(path) > 512 {
		return invalid("path", path, `Member must begin and end with / and contain only alphanumeric characters and/or / characters.`)
	}
	return nil
}
