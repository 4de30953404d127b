package iam

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	maxInlineSize = 10240 // characters without white space, of all inline policies of a role together
	maxAttached   = 10    // policies attached to a role
)

var policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)

// inlinePolicy is a policy of a role's own, as it was given and as it was understood.
type inlinePolicy struct {
	document string
	policy   policy
}

// PutRolePolicyInput is the input of PutRolePolicy.
type PutRolePolicyInput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string
}

// PutRolePolicy adds or replaces an inline policy.
func (s *Service) PutRolePolicy(_ context.Context, in PutRolePolicyInput) (wire.Empty, error) {
	if !policyName.MatchString(in.PolicyName) {
		return wire.Empty{}, invalid("policyName", in.PolicyName,
			`Member must have length between 1 and 128 and satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	parsed, err := parseIdentityPolicy(in.PolicyDocument)
	if err != nil {
		return wire.Empty{}, err
	}
	return s.changeRole(in.RoleName, func(r *role) error {
		size := sizeOf(in.PolicyDocument)
		for name, other := range r.inline {
			if name != in.PolicyName {
				size += sizeOf(other.document)
			}
		}
		if size > maxInlineSize {
			return wire.Errorf("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", maxInlineSize, r.RoleName).WithStatus(409)
		}
		r.inline[in.PolicyName] = inlinePolicy{in.PolicyDocument, parsed}
		return nil
	})
}

// sizeOf counts as IAM does: white space is free.
func sizeOf(document string) int { return len(strings.Join(strings.Fields(document), "")) }

// RolePolicyInput names an inline policy.
type RolePolicyInput struct {
	RoleName   string
	PolicyName string
}

// GetRolePolicyOutput is one inline policy.
type GetRolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string // percent-encoded
}

// GetRolePolicy answers with an inline policy.
func (s *Service) GetRolePolicy(_ context.Context, in RolePolicyInput) (GetRolePolicyOutput, error) {
	out := GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName}
	_, err := s.withRole(in.RoleName, func(r *role) error {
		found, ok := r.inline[in.PolicyName]
		if !ok {
			return noSuchEntity("The role policy with name %s cannot be found.", in.PolicyName)
		}
		out.PolicyDocument = encoded(found.document)
		return nil
	})
	return out, err
}

// DeleteRolePolicy deletes an inline policy.
func (s *Service) DeleteRolePolicy(_ context.Context, in RolePolicyInput) (wire.Empty, error) {
	return s.changeRole(in.RoleName, func(r *role) error {
		if _, ok := r.inline[in.PolicyName]; !ok {
			return noSuchEntity("The role policy with name %s cannot be found.", in.PolicyName)
		}
		delete(r.inline, in.PolicyName)
		return nil
	})
}

// ListPoliciesInput asks for one page of a role's policies or tags. MaxItems is 1 to 1,000, by default 100.
type ListPoliciesInput struct {
	RoleName   string
	PathPrefix string // only of attached policies
	Marker     string
	MaxItems   int
}

// ListRolePoliciesOutput is one page of names of inline policies.
type ListRolePoliciesOutput struct {
	PolicyNames []string `xml:"PolicyNames>member"`
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// ListRolePolicies lists a role's inline policies.
func (s *Service) ListRolePolicies(_ context.Context, in ListPoliciesInput) (ListRolePoliciesOutput, error) {
	var out ListRolePoliciesOutput
	_, err := s.withRole(in.RoleName, func(r *role) (err error) {
		names := slices.Collect(maps.Keys(r.inline))
		out.PolicyNames, out.Marker, err = wire.Page(names, func(name string) string { return name },
			in.Marker, limit(in.MaxItems), "ValidationError")
		return err
	})
	out.IsTruncated = out.Marker != ""
	return out, err
}

// AttachedPolicyInput names a policy of its own that is attached to a role.
type AttachedPolicyInput struct {
	RoleName  string
	PolicyArn string
}

// AttachRolePolicy attaches a policy to a role. Policies of AWS exist as soon as they are named; there are no others here.
func (s *Service) AttachRolePolicy(_ context.Context, in AttachedPolicyInput) (wire.Empty, error) {
	_, path, ok := strings.Cut(in.PolicyArn, ":policy/")
	if !ok || !strings.HasPrefix(in.PolicyArn, "arn:aws:iam::") {
		return wire.Empty{}, wire.Errorf("InvalidInput", "ARN %s is not valid.", in.PolicyArn)
	}
	if !strings.HasPrefix(in.PolicyArn, "arn:aws:iam::aws:policy/") {
		return wire.Empty{}, noSuchEntity("Policy %s does not exist or is not attachable.", in.PolicyArn)
	}
	return s.changeRole(in.RoleName, func(r *role) error {
		r.attached[in.PolicyArn] = path[strings.LastIndex(path, "/")+1:]
		if len(r.attached) > maxAttached {
			delete(r.attached, in.PolicyArn)
			return wire.Errorf("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttached).WithStatus(409)
		}
		return nil
	})
}

// DetachRolePolicy takes a policy off a role.
func (s *Service) DetachRolePolicy(_ context.Context, in AttachedPolicyInput) (wire.Empty, error) {
	return s.changeRole(in.RoleName, func(r *role) error {
		if _, ok := r.attached[in.PolicyArn]; !ok {
			return noSuchEntity("Policy %s was not found.", in.PolicyArn)
		}
		delete(r.attached, in.PolicyArn)
		return nil
	})
}

// AttachedPolicy is a policy that is attached to a role.
type AttachedPolicy struct {
	PolicyName string
	PolicyArn  string
}

// ListAttachedRolePoliciesOutput is one page of attached policies.
type ListAttachedRolePoliciesOutput struct {
	AttachedPolicies []AttachedPolicy `xml:"AttachedPolicies>member"`
	IsTruncated      bool
	Marker           string `xml:",omitempty"`
}

// ListAttachedRolePolicies lists the policies that are attached to a role.
func (s *Service) ListAttachedRolePolicies(_ context.Context, in ListPoliciesInput) (ListAttachedRolePoliciesOutput, error) {
	var out ListAttachedRolePoliciesOutput
	_, err := s.withRole(in.RoleName, func(r *role) (err error) {
		var policies []AttachedPolicy
		for arn, name := range r.attached {
			if _, path, _ := strings.Cut(arn, ":policy"); strings.HasPrefix(path, in.PathPrefix) {
				policies = append(policies, AttachedPolicy{PolicyName: name, PolicyArn: arn})
			}
		}
		out.AttachedPolicies, out.Marker, err = wire.Page(policies, func(p AttachedPolicy) string { return p.PolicyArn },
			in.Marker, limit(in.MaxItems), "ValidationError")
		return err
	})
	out.IsTruncated = out.Marker != ""
	return out, err
}
