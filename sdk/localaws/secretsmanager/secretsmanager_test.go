package secretsmanager_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

type client struct {
	*secretsmanager.Client

	t *testing.T
}

func start(t *testing.T) client {
	t.Helper()
	return client{secretsmanager.NewFromConfig(localaws.Start(t).Config()), t}
}

// create makes a secret and returns its ARN.
func (c client) create(name, value string) string {
	c.t.Helper()
	out, err := c.CreateSecret(c.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.ARN
}

// get answers with "value stage,stage", or the error's code and message.
func (c client) get(in secretsmanager.GetSecretValueInput) string {
	out, err := c.GetSecretValue(c.t.Context(), &in)
	if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
		return apiErr.ErrorCode() + ": " + apiErr.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return aws.ToString(out.SecretString) + " " + strings.Join(out.VersionStages, ",")
}

func (c client) check(what, got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

const (
	notFound = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
	marked   = "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion."
)

func TestGetByNameAndARN(t *testing.T) {
	t.Parallel()
	c := start(t)
	arn := c.create("team/acme", "v1")
	c.create("team/acme-other", "other")
	for _, id := range []string{"team/acme", arn, arn[:len(arn)-7]} {
		c.check(id, c.get(secretsmanager.GetSecretValueInput{SecretId: &id}), "v1 AWSCURRENT")
	}
	for _, id := range []string{"team", "acme", arn + "x", strings.Replace(arn, "us-east-1", "eu-west-1", 1)} {
		c.check(id, c.get(secretsmanager.GetSecretValueInput{SecretId: &id}), notFound)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx, id := t.Context(), aws.String(c.create("acme", "v1"))
	token := uuid.NewString()
	for range 2 { // the second is the retry of the first
		out, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("v2"), ClientRequestToken: &token})
		if err != nil || *out.VersionId != token || !slices.Equal(out.VersionStages, []string{"AWSCURRENT"}) {
			t.Fatalf("got %+v, %v", out, err)
		}
	}
	_, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("v3"), ClientRequestToken: &token})
	if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != "ResourceExistsException" {
		t.Errorf("the token with another value: got %v", err)
	}
	c.check("current", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), "v2 AWSCURRENT")
	c.check("previous", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionStage: aws.String("AWSPREVIOUS")}), "v1 AWSPREVIOUS")
	c.check("by version", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionId: &token}), "v2 AWSCURRENT")
	c.check("wrong stage", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionId: &token, VersionStage: aws.String("AWSPREVIOUS")}),
		"InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.")
	c.check("no such stage", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionStage: aws.String("BLUE")}),
		"ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: BLUE")

	_, err = c.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id, SecretString: aws.String("v3"), Description: aws.String("d")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretBinary: []byte("v4"), VersionStages: []string{"BLUE"}})
	if err != nil {
		t.Fatal(err)
	}
	c.check("updated", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), "v3 AWSCURRENT")
	c.check("then previous", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionStage: aws.String("AWSPREVIOUS")}), "v2 AWSPREVIOUS")
	blue, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id, VersionStage: aws.String("BLUE")})
	if err != nil || string(blue.SecretBinary) != "v4" {
		t.Errorf("binary: got %v", err)
	}
	for deprecated, want := range map[bool]int{false: 3, true: 4} {
		versions, err := c.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: id, IncludeDeprecated: &deprecated})
		if err != nil || len(versions.Versions) != want {
			t.Errorf("with deprecated %t: got %d versions, want %d; %v", deprecated, len(versions.Versions), want, err)
		}
	}
	current, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: id, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &token, RemoveFromVersionId: current.VersionId,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.check("rolled back", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), "v2 AWSCURRENT")
	c.check("what it was", c.get(secretsmanager.GetSecretValueInput{SecretId: id, VersionStage: aws.String("AWSPREVIOUS")}), "v3 AWSPREVIOUS")
}

func TestDescribeAndTag(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx, id := t.Context(), aws.String("acme")
	created, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: id, Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	})
	if err != nil || created.VersionId != nil {
		t.Fatalf("got %v, %v", created, err)
	}
	c.check("without a value", c.get(secretsmanager.GetSecretValueInput{SecretId: id}),
		"ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	_, err = c.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: id, Tags: []types.Tag{{Key: aws.String("env"), Value: aws.String("b")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"team"}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id})
	if err != nil || *got.Description != "d" || len(got.Tags) != 1 || *got.Tags[0].Key != "env" || got.DeletedDate != nil || got.CreatedDate.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
	policy, err := c.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: id})
	if err != nil || policy.ResourcePolicy != nil || *policy.ARN != *created.ARN {
		t.Errorf("policy: got %+v, %v", policy, err)
	}
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx, id := t.Context(), aws.String("acme")
	c.create("acme", "v1")
	out, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7)})
	if err != nil || out.DeletionDate.IsZero() {
		t.Fatalf("got %v, %v", out, err)
	}
	c.check("marked", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), marked)
	if got, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id}); err != nil || got.DeletedDate == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for deleted, want := range map[bool]int{false: 0, true: 1} {
		list, err := c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: &deleted})
		if err != nil || len(list.SecretList) != want {
			t.Errorf("with deleted %t: got %d, %v", deleted, len(list.SecretList), err)
		}
	}
	if _, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id}); !strings.Contains(fmt.Sprint(err), "already scheduled for deletion") {
		t.Errorf("created again: got %v", err)
	}
	if _, err := c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: id}); err != nil {
		t.Fatal(err)
	}
	c.check("restored", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), "v1 AWSCURRENT")
	for range 2 { // by force it is no error that there is none
		_, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, ForceDeleteWithoutRecovery: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.check("by force", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), notFound)
	c.create("acme", "v2")
	c.check("anew", c.get(secretsmanager.GetSecretValueInput{SecretId: id}), "v2 AWSCURRENT")
}

func TestBatchGet(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := t.Context()
	arn := c.create("a", "va")
	c.create("b", "vb")
	c.create("c", "vc")
	if _, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	out, err := c.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{arn, "absent", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, value := range out.SecretValues {
		got = append(got, *value.Name+"="+*value.SecretString)
	}
	for _, failure := range out.Errors {
		got = append(got, *failure.SecretId+"!"+*failure.ErrorCode)
	}
	c.check("by ID", fmt.Sprint(got), "[a=va b=vb absent!ResourceNotFoundException c!InvalidRequestException]")

	filters := []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{"a", "b", "c"}}}
	pages := secretsmanager.NewBatchGetSecretValuePaginator(c, &secretsmanager.BatchGetSecretValueInput{Filters: filters, MaxResults: aws.Int32(1)})
	got = nil
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range page.SecretValues {
			got = append(got, *value.SecretString)
		}
	}
	c.check("by filter", fmt.Sprint(got), "[va vb]")
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	c := start(t)
	for name, tag := range map[string]string{"prod/acme": "a", "prod/other": "b", "dev/acme": "a"} {
		_, err := c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: &name, Description: aws.String("of " + name), Tags: []types.Tag{{Key: aws.String("team"), Value: &tag}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	filter := func(key types.FilterNameStringType, values ...string) types.Filter {
		return types.Filter{Key: key, Values: values}
	}
	for name, test := range map[string]struct {
		filters []types.Filter
		want    string
	}{
		"all":         {nil, "[dev/acme prod/acme prod/other]"},
		"name":        {[]types.Filter{filter("name", "prod/")}, "[prod/acme prod/other]"},
		"not":         {[]types.Filter{filter("name", "!prod/")}, "[dev/acme]"},
		"two":         {[]types.Filter{filter("name", "prod/"), filter("tag-value", "a")}, "[prod/acme]"},
		"tag key":     {[]types.Filter{filter("tag-key", "team")}, "[dev/acme prod/acme prod/other]"},
		"description": {[]types.Filter{filter("description", "PROD/a")}, "[prod/acme]"},
		"anything":    {[]types.Filter{filter("all", "b", "dev")}, "[dev/acme prod/other]"},
	} {
		in := &secretsmanager.ListSecretsInput{Filters: test.filters, MaxResults: aws.Int32(1)}
		var names []string
		for pages := secretsmanager.NewListSecretsPaginator(c, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.SecretList {
				names = append(names, *s.Name)
			}
		}
		c.check(name, fmt.Sprint(names), test.want)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx, id, v := t.Context(), aws.String(c.create("acme", "v1")), aws.String("v2")
	create := func(in secretsmanager.CreateSecretInput) error {
		_, err := c.CreateSecret(ctx, &in)
		return err
	}
	put := func(in secretsmanager.PutSecretValueInput) error {
		in.SecretId = id
		_, err := c.PutSecretValue(ctx, &in)
		return err
	}
	del := func(in secretsmanager.DeleteSecretInput) error {
		_, err := c.DeleteSecret(ctx, &in)
		return err
	}
	batch := func(in secretsmanager.BatchGetSecretValueInput) error {
		_, err := c.BatchGetSecretValue(ctx, &in)
		return err
	}
	for name, test := range map[string]struct {
		err  error
		code string
	}{
		"exists":       {create(secretsmanager.CreateSecretInput{Name: aws.String("acme"), SecretString: v}), "ResourceExistsException"},
		"name":         {create(secretsmanager.CreateSecretInput{Name: aws.String("a b")}), "ValidationException"},
		"two values":   {create(secretsmanager.CreateSecretInput{Name: aws.String("x"), SecretString: v, SecretBinary: []byte("v")}), "InvalidParameterException"},
		"large":        {put(secretsmanager.PutSecretValueInput{SecretString: aws.String(strings.Repeat("a", 65537))}), "ValidationException"},
		"no value":     {put(secretsmanager.PutSecretValueInput{}), "InvalidRequestException"},
		"short token":  {put(secretsmanager.PutSecretValueInput{SecretString: v, ClientRequestToken: v}), "InvalidParameterException"},
		"window":       {del(secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(3)}), "InvalidParameterException"},
		"force":        {del(secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)}), "InvalidParameterException"},
		"no secret":    {del(secretsmanager.DeleteSecretInput{SecretId: aws.String("absent")}), "ResourceNotFoundException"},
		"empty batch":  {batch(secretsmanager.BatchGetSecretValueInput{}), "InvalidParameterException"},
		"large batch":  {batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: make([]string, 21)}), "ValidationException"},
		"batch paging": {batch(secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"acme"}, NextToken: v}), "InvalidParameterException"},
	} {
		if apiErr, ok := errors.AsType[smithy.APIError](test.err); !ok || apiErr.ErrorCode() != test.code {
			t.Errorf("%s: got %v, want %s", name, test.err, test.code)
		}
	}
}

func TestValuesAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	server, err := localaws.New(localaws.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	const value = "correct-horse-battery-staple"
	c := client{secretsmanager.NewFromConfig(server.Config()), t}
	c.create("acme", value)
	c.get(secretsmanager.GetSecretValueInput{SecretId: aws.String("acme")})
	_, err = c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("acme"), SecretString: aws.String(value)})
	if err == nil || strings.Contains(err.Error(), value) {
		t.Errorf("created twice: got %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), value) || !strings.Contains(log.String(), "secretsmanager.GetSecretValue") {
		t.Errorf("the log is:\n%s", log.String())
	}
}
