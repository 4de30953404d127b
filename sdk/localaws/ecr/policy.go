package ecr

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// PolicyOutput is the answer with a repository's policy.
type PolicyOutput struct {
	RepositoryInput

	PolicyText string `json:"policyText"`
}

// SetRepositoryPolicyInput is the input of SetRepositoryPolicy.
type SetRepositoryPolicyInput = PolicyOutput

// SetRepositoryPolicy sets who may use a repository.
func (s *Service) SetRepositoryPolicy(ctx context.Context, in SetRepositoryPolicyInput) (PolicyOutput, error) {
	if err := checkPolicy("PolicyText", in.PolicyText, "Statement"); err != nil {
		return PolicyOutput{}, err
	}
	return s.policyOf(ctx, in.RepositoryInput, func(r *repository) { r.policy = in.PolicyText })
}

// GetRepositoryPolicy answers with a repository's policy.
func (s *Service) GetRepositoryPolicy(ctx context.Context, in RepositoryInput) (PolicyOutput, error) {
	return s.policyOf(ctx, in, func(*repository) {})
}

// DeleteRepositoryPolicy deletes a repository's policy and answers with what it was.
func (s *Service) DeleteRepositoryPolicy(ctx context.Context, in RepositoryInput) (PolicyOutput, error) {
	out, err := s.GetRepositoryPolicy(ctx, in)
	if err != nil {
		return PolicyOutput{}, err
	}
	err = s.withRepository(ctx, in, func(r *repository) error {
		r.policy = ""
		return nil
	})
	return out, err
}

// policyOf answers with the policy that a repository has after fn.
func (s *Service) policyOf(ctx context.Context, in RepositoryInput, fn func(*repository)) (PolicyOutput, error) {
	out := PolicyOutput{RepositoryInput: RepositoryInput{RegistryId: wire.AccountID, RepositoryName: in.RepositoryName}}
	err := s.withRepository(ctx, in, func(r *repository) error {
		fn(r)
		if r.policy == "" {
			return wire.Errorf("RepositoryPolicyNotFoundException",
				"Repository policy does not exist for the repository with name '%s' in the registry with id '%s'",
				in.RepositoryName, wire.AccountID)
		}
		out.PolicyText = r.policy
		return nil
	})
	return out, err
}

// LifecyclePolicyOutput is the answer with a repository's lifecycle policy.
type LifecyclePolicyOutput struct {
	RepositoryInput

	LifecyclePolicyText string     `json:"lifecyclePolicyText"`
	LastEvaluatedAt     wire.Epoch `json:"lastEvaluatedAt,omitzero"`
}

// PutLifecyclePolicyInput is the input of PutLifecyclePolicy.
type PutLifecyclePolicyInput = LifecyclePolicyOutput

// PutLifecyclePolicy sets which images expire. Nothing expires here: what Lambda may still need would be gone.
func (s *Service) PutLifecyclePolicy(ctx context.Context, in PutLifecyclePolicyInput) (LifecyclePolicyOutput, error) {
	if err := checkPolicy("LifecyclePolicyText", in.LifecyclePolicyText, "rules"); err != nil {
		return LifecyclePolicyOutput{}, err
	}
	out, err := s.lifecycleOf(ctx, in.RepositoryInput, func(r *repository) {
		r.lifecycle, r.evaluated = in.LifecyclePolicyText, wire.Epoch{Time: time.Now()}
	})
	out.LastEvaluatedAt = wire.Epoch{}
	return out, err
}

// GetLifecyclePolicy answers with a repository's lifecycle policy.
func (s *Service) GetLifecyclePolicy(ctx context.Context, in RepositoryInput) (LifecyclePolicyOutput, error) {
	return s.lifecycleOf(ctx, in, func(*repository) {})
}

// DeleteLifecyclePolicy deletes a repository's lifecycle policy and answers with what it was.
func (s *Service) DeleteLifecyclePolicy(ctx context.Context, in RepositoryInput) (LifecyclePolicyOutput, error) {
	out, err := s.GetLifecyclePolicy(ctx, in)
	if err != nil {
		return LifecyclePolicyOutput{}, err
	}
	err = s.withRepository(ctx, in, func(r *repository) error {
		r.lifecycle = ""
		return nil
	})
	return out, err
}

func (s *Service) lifecycleOf(ctx context.Context, in RepositoryInput, fn func(*repository)) (LifecyclePolicyOutput, error) {
	out := LifecyclePolicyOutput{RepositoryInput: RepositoryInput{RegistryId: wire.AccountID, RepositoryName: in.RepositoryName}}
	err := s.withRepository(ctx, in, func(r *repository) error {
		fn(r)
		if r.lifecycle == "" {
			return wire.Errorf("LifecyclePolicyNotFoundException",
				"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'",
				in.RepositoryName, wire.AccountID)
		}
		out.LifecyclePolicyText, out.LastEvaluatedAt = r.lifecycle, r.evaluated
		return nil
	})
	return out, err
}

// checkPolicy refuses what is not a JSON object with the member that every such policy has.
func checkPolicy(parameter, text, member string) error {
	var policy map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &policy); err != nil || policy[member] == nil {
		return invalid("'%s' failed to satisfy constraint: 'Invalid repository policy provided'", parameter)
	}
	return nil
}
