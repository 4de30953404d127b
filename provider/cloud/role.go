package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Permissions are what a function may do, and nothing else.
type Permissions struct {
	// LogGroup is the ARN of the log group that the function writes to.
	LogGroup string
	// Consume are the ARNs of the queues that the function's mappings read.
	Consume []string
	// Send are the ARNs of the queues that the function sends to, dead-letter queues among them.
	Send []string
	// Secrets are the ARNs of the secrets that the function reads.
	Secrets []string
	// Keys are the ARNs of the KMS keys that the queues are encrypted with.
	Keys []string
}

// Union returns what p or q permit. It is what a function needs while it changes from one to the other.
func (p Permissions) Union(q Permissions) Permissions {
	join := func(a, b []string) []string { return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b)))) }
	return Permissions{
		LogGroup: q.LogGroup,
		Consume:  join(p.Consume, q.Consume),
		Send:     join(p.Send, q.Send),
		Secrets:  join(p.Secrets, q.Secrets),
		Keys:     join(p.Keys, q.Keys),
	}
}

// AddKey adds a queue's KMS key, as the queue's attributes name it. Aliases cannot be permitted by name, and need not be if they are
// AWS's own.
func (p *Permissions) AddKey(key string) {
	if strings.HasPrefix(key, "arn:") && strings.Contains(key, ":key/") {
		p.Keys = append(p.Keys, key)
	}
}

type policyStatement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// Document returns p as an IAM policy. The same permissions give the same document.
func (p Permissions) Document() string {
	policy := struct {
		Version   string
		Statement []policyStatement
	}{Version: "2012-10-17"}
	allow := func(sid string, resources []string, actions ...string) {
		if len(resources) == 0 {
			return
		}
		resources = slices.Compact(slices.Sorted(slices.Values(resources)))
		policy.Statement = append(policy.Statement, policyStatement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources})
	}
	allow("Logs", []string{p.LogGroup + ":*"}, "logs:CreateLogStream", "logs:PutLogEvents")
	allow("Consume", p.Consume, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
		"sqs:GetQueueAttributes", "sqs:GetQueueUrl")
	allow("Send", p.Send, "sqs:SendMessage", "sqs:GetQueueUrl")
	allow("Keys", p.Keys, "kms:Decrypt", "kms:GenerateDataKey")
	allow("Secrets", p.Secrets, "secretsmanager:GetSecretValue")
	if len(p.Secrets) > 0 {
		// The batch call returns only what GetSecretValue is allowed for; it takes no resource of its own.
		allow("SecretsBatch", []string{"*"}, "secretsmanager:BatchGetSecretValue")
	}
	document, err := json.Marshal(policy)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(document)
}

// Role is what [Cloud.CreateRole] makes.
type Role struct {
	Name                string
	Description         string
	PermissionsBoundary string // ARN of a policy, or empty
	Tags                map[string]string
}

const (
	trustLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	rolePolicyName = "handler"
)

// CreateRole makes a role that Lambda may assume and returns its ARN. A role with the same name and description is what an
// interrupted run left behind: it is used.
func (c *Cloud) CreateRole(ctx context.Context, role Role) (string, error) {
	input := &iam.CreateRoleInput{
		RoleName:                 &role.Name,
		Description:              &role.Description,
		AssumeRolePolicyDocument: aws.String(trustLambda),
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
		existing, findErr := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &role.Name})
		if findErr == nil && aws.ToString(existing.Role.Description) == role.Description {
			return aws.ToString(existing.Role.Arn), c.SetPermissionsBoundary(ctx, role.Name, role.PermissionsBoundary)
		}
	}
	return "", fmt.Errorf("create role %s: %w", role.Name, err)
}

// PutPermissions makes permissions all that a role may do.
func (c *Cloud) PutPermissions(ctx context.Context, roleName string, permissions Permissions) error {
	_, err := retry(ctx, func() (*iam.PutRolePolicyOutput, error) {
		return c.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName:       &roleName,
			PolicyName:     aws.String(rolePolicyName),
			PolicyDocument: aws.String(permissions.Document()),
		})
	})
	if err != nil {
		return fmt.Errorf("set policy of role %s: %w", roleName, err)
	}
	return nil
}

// HasPermissions reports whether a role is there, with the policy that [Cloud.PutPermissions] gave it.
func (c *Cloud) HasPermissions(ctx context.Context, roleName string) (bool, error) {
	_, err := c.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &roleName, PolicyName: aws.String(rolePolicyName)})
	if hasCode(err, "NoSuchEntity") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read policy of role %s: %w", roleName, err)
	}
	return true, nil
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
		return c.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &roleName})
	})
	if err := ignore(err, "NoSuchEntity"); err != nil {
		return fmt.Errorf("delete role %s: %w", roleName, err)
	}
	return nil
}

// RoleName returns the name in a role's ARN, without its path.
func RoleName(roleARN string) string { return roleARN[strings.LastIndexByte(roleARN, '/')+1:] }

func iamTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	return list
}
