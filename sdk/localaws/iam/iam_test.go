package iam_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sqs:*"],"Resource":"*"}}`
)

// start starts a server with the role "acme".
func start(t *testing.T) *iam.Client {
	t.Helper()
	client := iam.NewFromConfig(localaws.Start(t).Config())
	_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName:                 aws.String("acme"),
		Path:                     aws.String("/service-role/"),
		Description:              aws.String("a & <b>"),
		AssumeRolePolicyDocument: aws.String(trust),
		Tags:                     []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	client, ctx, acme := start(t), t.Context(), aws.String("acme")
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: acme})
	if err != nil {
		t.Fatal(err)
	}
	role := got.Role
	check(t, "ARN", *role.Arn, "arn:aws:iam::"+wire.AccountID+":role/service-role/acme")
	check(t, "ID", (*role.RoleId)[:4]+fmt.Sprint(len(*role.RoleId)), "AROA21")
	check(t, "description", *role.Description, "a & <b>")
	check(t, "tags", *role.Tags[0].Key+"="+*role.Tags[0].Value, "team=a")
	check(t, "session", fmt.Sprint(*role.MaxSessionDuration), "3600")
	document, err := url.QueryUnescape(*role.AssumeRolePolicyDocument)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "trust policy", document, trust)

	_, err = client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: acme, Description: aws.String("new"), MaxSessionDuration: aws.Int32(7200)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName: acme, PolicyDocument: aws.String(strings.Replace(trust, "lambda", "ec2", 1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: acme, Tags: []types.Tag{{Key: aws.String("env"), Value: aws.String("b")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: acme, TagKeys: []string{"team", "absent"}}); err != nil {
		t.Fatal(err)
	}
	_, err = client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
		RoleName: acme, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/PowerUserAccess"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err = client.GetRole(ctx, &iam.GetRoleInput{RoleName: acme})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "new description", *got.Role.Description, "new")
	check(t, "new session", fmt.Sprint(*got.Role.MaxSessionDuration), "7200")
	check(t, "boundary", *got.Role.PermissionsBoundary.PermissionsBoundaryArn, "arn:aws:iam::aws:policy/PowerUserAccess")
	tags, err := client.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: acme})
	if err != nil || len(tags.Tags) != 1 {
		t.Fatalf("got %v, %v", tags, err)
	}
	check(t, "new tags", *tags.Tags[0].Key, "env")
	profiles, err := client.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: acme})
	if err != nil || len(profiles.InstanceProfiles) != 0 {
		t.Errorf("instance profiles: got %v, %v", profiles, err)
	}
}

func TestListRolesPages(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	for i := range 4 {
		_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(fmt.Sprint("r", i)), AssumeRolePolicyDocument: aws.String(trust)})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(in iam.ListRolesInput) (names []string) {
		t.Helper()
		for pages := iam.NewListRolesPaginator(client, &in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, role := range page.Roles {
				names = append(names, *role.RoleName)
			}
		}
		return names
	}
	check(t, "all", fmt.Sprint(list(iam.ListRolesInput{MaxItems: aws.Int32(2)})), "[acme r0 r1 r2 r3]")
	check(t, "by path", fmt.Sprint(list(iam.ListRolesInput{PathPrefix: aws.String("/service")})), "[acme]")
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	client, ctx, acme := start(t), t.Context(), aws.String("acme")
	for _, name := range []string{"b", "a"} {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: acme, PolicyName: &name, PolicyDocument: aws.String(policy)})
		if err != nil {
			t.Fatal(err)
		}
	}
	arn := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole")
	if _, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: acme, PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	names, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: acme})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "names", fmt.Sprint(names.PolicyNames), "[a b]")
	got, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: acme, PolicyName: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	document, err := url.QueryUnescape(*got.PolicyDocument)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "document", document, policy)
	attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: acme})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "attached", *attached.AttachedPolicies[0].PolicyName, "AWSLambdaSQSQueueExecutionRole")

	deleted := func() string {
		_, err := client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: acme})
		if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
			return apiErr.ErrorCode() + ": " + apiErr.ErrorMessage()
		}
		return fmt.Sprint(err)
	}
	check(t, "with attached policies", deleted(), "DeleteConflict: Cannot delete entity, must detach all policies first.")
	if _, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: acme, PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	check(t, "with inline policies", deleted(), "DeleteConflict: Cannot delete entity, must delete policies first.")
	for _, name := range names.PolicyNames {
		if _, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: acme, PolicyName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "without policies", deleted(), "<nil>")
	check(t, "again", deleted(), "NoSuchEntity: The role with name acme cannot be found.")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	client, ctx, acme, absent := start(t), t.Context(), aws.String("acme"), aws.String("absent")
	create := func(name, document string) error {
		_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &document})
		return err
	}
	put := func(document string) error {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: acme, PolicyName: acme, PolicyDocument: &document})
		return err
	}
	for name, test := range map[string]struct {
		err  error
		code string
	}{
		"exists":            {create("ACME", trust), "EntityAlreadyExists"},
		"name":              {create("a/b", trust), "ValidationError"},
		"long name":         {create(strings.Repeat("a", 65), trust), "ValidationError"},
		"no JSON":           {create("x", "trust me"), "MalformedPolicyDocument"},
		"two documents":     {create("x", trust+trust), "MalformedPolicyDocument"},
		"no principal":      {create("x", policy), "MalformedPolicyDocument"},
		"unknown principal": {create("x", strings.Replace(trust, `"Service"`, `"Servant"`, 1)), "MalformedPolicyDocument"},
		"resource in trust": {create("x", strings.Replace(trust, `"Action"`, `"Resource":"*","Action"`, 1)), "MalformedPolicyDocument"},
		"principal":         {put(trust), "MalformedPolicyDocument"},
		"no resource":       {put(`{"Statement":[{"Effect":"Allow","Action":"sqs:*"}]}`), "MalformedPolicyDocument"},
		"no ARN":            {put(strings.Replace(policy, `"*"`, `"queue"`, 1)), "MalformedPolicyDocument"},
		"effect":            {put(strings.Replace(policy, "Allow", "Perhaps", 1)), "MalformedPolicyDocument"},
		"no action":         {put(`{"Statement":[{"Effect":"Allow","Resource":"*"}]}`), "MalformedPolicyDocument"},
		"vendor":            {put(strings.Replace(policy, "sqs:*", "everything", 1)), "MalformedPolicyDocument"},
		"version":           {put(strings.Replace(policy, "2012", "2013", 1)), "MalformedPolicyDocument"},
		"no statement":      {put(`{"Statement":[]}`), "MalformedPolicyDocument"},
		"unknown member":    {put(strings.Replace(policy, "Effect", "Affect", 1)), "MalformedPolicyDocument"},
		"too large":         {put(strings.Replace(policy, `"*"`, `"arn:`+strings.Repeat("a", 10240)+`"`, 1)), "LimitExceeded"},
		"session": {func() error {
			_, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: acme, MaxSessionDuration: aws.Int32(60)})
			return err
		}(), "ValidationError"},
		"no role": {func() error {
			_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: absent})
			return err
		}(), "NoSuchEntity"},
		"no policy": {func() error {
			_, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: acme, PolicyName: absent})
			return err
		}(), "NoSuchEntity"},
		"not attached": {func() error {
			_, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: acme, PolicyArn: aws.String("arn:aws:iam::aws:policy/x-y-z-0")})
			return err
		}(), "NoSuchEntity"},
		"attach what does not exist": {func() error {
			_, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{
				RoleName: acme, PolicyArn: aws.String("arn:aws:iam::" + wire.AccountID + ":policy/mine"),
			})
			return err
		}(), "NoSuchEntity"},
		"reserved tag": {func() error {
			_, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: acme, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: absent}}})
			return err
		}(), "InvalidInput"},
		"unsupported": {func() error {
			_, err := client.ListUsers(ctx, &iam.ListUsersInput{})
			return err
		}(), "InvalidAction"},
	} {
		if apiErr, ok := errors.AsType[smithy.APIError](test.err); !ok || apiErr.ErrorCode() != test.code {
			t.Errorf("%s: got %v, want %s", name, test.err, test.code)
		}
	}
}
