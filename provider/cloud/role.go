package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Role is what [Cloud.CreateRole] makes.
type Role struct {
	Name                string
	ARN                 string // set by AWS
	Path                string // "/" if empty
	Description         string
	Trust               string // policy that says who may assume it; if empty, Lambda may
	PermissionsBoundary string // ARN of a policy, or empty
	Tags                map[string]string
}

const rolePolicyName = "handler"

// trustLambda is the policy that lets Lambda assume a role, for functions of this account only.
func trustLambda(account string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},`+
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":%q}}}]}`, account)
}

// CreateRole makes a role and returns its ARN. A role with the same name and description is what an
// interrupted run left behind: it is used.
func (c *Cloud) CreateRole(ctx context.Context, role Role) (string, error) {
	account, err := c.Account(ctx)
	if err != nil {
		return "", err
	}
	input := &iam.CreateRoleInput{
		RoleName:                 &role.Name,
		Path:                     aws.String(cmp.Or(role.Path, "/")),
		Description:              &role.Description,
		AssumeRolePolicyDocument: aws.String(cmp.Or(role.Trust, trustLambda(account))),
		Tags:                     iamTags(role.Tags),
	}
	if role.PermissionsBoundary != "" {
		input.PermissionsBoundary = &role.PermissionsBoundary
	}
	output, err := c.iam.CreateRole(ctx, input)
	if err == nil {
		return aws.ToString(output.Role.Arn), nil
	}
	if hasCode(err, "EntityAlreadyExists") {
		existing, findErr := c.FindRole(ctx, role.Name)
		if findErr == nil && existing.Description == role.Description {
			return existing.ARN, errors.Join(
				c.SetPermissionsBoundary(ctx, role.Name, role.PermissionsBoundary),
				c.TagRole(ctx, role.Name, nil, role.Tags),
			)
		}
		if IsDenied(findErr) {
			err = fmt.Errorf("%w; whether it is ours is not known: %w", err, findErr)
		}
		if findErr == nil {
			err = fmt.Errorf("%w, or delete that role", &ExistsError{Object: "a role named " + role.Name, Else: "that was made for something else"})
		}
	}
	return "", fmt.Errorf("create role %s: %w", role.Name, err)
}

// FindRole returns a role with its tags, or a [NotFoundError].
func (c *Cloud) FindRole(ctx context.Context, roleName string) (*Role, error) {
	output, err := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &roleName})
	if hasCode(err, "NoSuchEntity") {
		return nil, &NotFoundError{Object: "role " + roleName}
	}
	if err != nil {
		return nil, fmt.Errorf("read role %s: %w", roleName, err)
	}
	role := &Role{
		Name:        roleName,
		ARN:         aws.ToString(output.Role.Arn),
		Path:        aws.ToString(output.Role.Path),
		Description: aws.ToString(output.Role.Description),
		Tags:        roleTags(output.Role.Tags),
	}
	if boundary := output.Role.PermissionsBoundary; boundary != nil {
		role.PermissionsBoundary = aws.ToString(boundary.PermissionsBoundaryArn)
	}
	return role, nil
}

// PutPolicy makes a document all that a role may do. The role may have been made a moment ago.
func (c *Cloud) PutPolicy(ctx context.Context, roleName, document string) error {
	_, err := retry(ctx, func() (*iam.PutRolePolicyOutput, error) {
		return c.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName:       &roleName,
			PolicyName:     aws.String(rolePolicyName),
			PolicyDocument: &document,
		})
	})
	if err != nil {
		return fmt.Errorf("set policy of role %s: %w", roleName, err)
	}
	return nil
}

// Policy returns the policy that [Cloud.PutPolicy] gave a role, or a [NotFoundError] if it or the role is gone.
func (c *Cloud) Policy(ctx context.Context, roleName string) (string, error) {
	output, err := c.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &roleName, PolicyName: aws.String(rolePolicyName)})
	if hasCode(err, "NoSuchEntity") {
		return "", &NotFoundError{Object: "policy of role " + roleName}
	}
	if err != nil {
		return "", fmt.Errorf("read policy of role %s: %w", roleName, err)
	}
	document, err := url.QueryUnescape(aws.ToString(output.PolicyDocument)) // IAM answers with it encoded as RFC 3986 has it
	if err != nil {
		return "", fmt.Errorf("read policy of role %s: %w", roleName, err)
	}
	return document, nil
}

// SetPermissionsBoundary sets the permissions boundary of a role, or removes it if policyARN is empty.
func (c *Cloud) SetPermissionsBoundary(ctx context.Context, roleName, policyARN string) error {
	var err error
	if policyARN == "" {
		_, err = c.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &roleName})
		err = ignore(err, "NoSuchEntity")
	} else {
		_, err = c.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
			RoleName:            &roleName,
			PermissionsBoundary: &policyARN,
		})
	}
	if err != nil {
		return fmt.Errorf("set permissions boundary of role %s: %w", roleName, err)
	}
	return nil
}

// TagRole turns the tags old of a role into the tags want.
func (c *Cloud) TagRole(ctx context.Context, roleName string, old, want map[string]string) error {
	set, removed := tagChanges(old, want)
	if len(removed) > 0 {
		if _, err := c.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &roleName, TagKeys: removed}); err != nil {
			return fmt.Errorf("remove tags of role %s: %w", roleName, err)
		}
	}
	if len(set) > 0 {
		if _, err := c.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &roleName, Tags: iamTags(set)}); err != nil {
			return fmt.Errorf("set tags of role %s: %w", roleName, err)
		}
	}
	return nil
}

// DeleteRole deletes a role that [Cloud.CreateRole] made, with its policy. That it does not exist is fine.
func (c *Cloud) DeleteRole(ctx context.Context, roleName string) error {
	_, err := c.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &roleName, PolicyName: aws.String(rolePolicyName)})
	if err := ignore(err, "NoSuchEntity"); err != nil {
		return fmt.Errorf("delete policy of role %s: %w", roleName, err)
	}
	_, err = retry(ctx, func() (*iam.DeleteRoleOutput, error) {
		output, err := c.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &roleName})
		if hasCode(err, "DeleteConflict") { // which also goes away by itself, as the policy was deleted a moment ago
			if others := c.policiesOfOthers(ctx, roleName); len(others) > 0 {
				return nil, fmt.Errorf("somebody gave it further policies: %s; take these away and apply again", strings.Join(others, ", "))
			}
		}
		return output, err
	})
	if err := ignore(err, "NoSuchEntity"); err != nil {
		return fmt.Errorf("delete role %s: %w", roleName, err)
	}
	return nil
}

// policiesOfOthers returns the names of a role's policies but for the one that [Cloud.PutPolicy] gives, as far as it may look.
func (c *Cloud) policiesOfOthers(ctx context.Context, roleName string) []string {
	var names []string
	if inline, err := c.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &roleName}); err == nil {
		names = slices.DeleteFunc(inline.PolicyNames, func(name string) bool { return name == rolePolicyName })
	}
	if attached, err := c.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &roleName}); err == nil {
		for _, policy := range attached.AttachedPolicies {
			names = append(names, aws.ToString(policy.PolicyName))
		}
	}
	return names
}

// RoleName returns the name in a role's ARN, without its path.
func RoleName(roleARN string) string { return roleARN[strings.LastIndexByte(roleARN, '/')+1:] }

func roleTags(tags []types.Tag) map[string]string {
	byKey := map[string]string{}
	for _, tag := range tags {
		byKey[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return byKey
}

func iamTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	return list
}
