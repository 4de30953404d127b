package sts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const roleARN = "arn:aws:iam::" + wire.AccountID + ":role/ci/deploy"

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	client := sts.NewFromConfig(localaws.Start(t).Config())
	got, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *got.Account != wire.AccountID || *got.Arn != "arn:aws:iam::"+wire.AccountID+":root" {
		t.Errorf("got %+v, %v", got, err)
	}
	info, err := client.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})
	if err != nil || *info.Account != wire.AccountID {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	client, ctx := sts.NewFromConfig(localaws.Start(t).Config()), t.Context()
	role, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("ci"), DurationSeconds: aws.Int32(900),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *role.AssumedRoleUser.Arn, "arn:aws:sts::"+wire.AccountID+":assumed-role/deploy/ci"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if left := time.Until(*role.Credentials.Expiration); left < 10*time.Minute || left > 15*time.Minute {
		t.Errorf("the session lasts %s", left)
	}
	web, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("ci"), WebIdentityToken: aws.String("token"),
	})
	if err != nil || *web.Credentials.AccessKeyId == "" || *web.Credentials.SessionToken == "" {
		t.Errorf("got %+v, %v", web, err)
	}
	session, err := client.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if err != nil || *session.Credentials.SecretAccessKey == "" {
		t.Errorf("got %+v, %v", session, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	client, ctx := sts.NewFromConfig(localaws.Start(t).Config()), t.Context()
	for name, test := range map[string]struct {
		in   sts.AssumeRoleInput
		code string
	}{
		"ARN":      {sts.AssumeRoleInput{RoleArn: aws.String("deploy"), RoleSessionName: aws.String("ci")}, "ValidationError"},
		"session":  {sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("c")}, "ValidationError"},
		"duration": {sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("ci"), DurationSeconds: aws.Int32(1)}, "ValidationError"},
	} {
		_, err := client.AssumeRole(ctx, &test.in)
		if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != test.code {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
	_, err := client.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("bob")})
	if apiErr, ok := errors.AsType[smithy.APIError](err); !ok || apiErr.ErrorCode() != "InvalidAction" {
		t.Errorf("unsupported: got %v", err)
	}
}
