// Package sts is AWS's Security Token Service as far as localaws needs it: every caller but a function is the account's root, and every
// role can be assumed. The credentials that it hands out are dummies, which localaws takes for the account's.
package sts

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	accessKeyID     = "ASIAIOSFODNN7EXAMPLE"
	defaultDuration = 3600  // seconds; AWS's default for assumed roles
	minDuration     = 900   // seconds; AWS's minimum
	maxDuration     = 43200 // seconds; AWS's maximum for assumed roles
)

// Callers knows whose an access key is.
type Callers interface {
	Caller(accessKeyID string) (arn, userID string)
}

// Service answers the STS API. It has no state.
type Service struct {
	query   wire.QueryService
	callers Callers
}

// New returns the service, which logs to log.
func New(callers Callers, log *slog.Logger) *Service {
	s := &Service{callers: callers}
	s.query = wire.QueryService{
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Log:       log,
		Operations: map[string]wire.QueryOperation{
			"GetCallerIdentity":         wire.QueryOp(s.GetCallerIdentity),
			"AssumeRole":                wire.QueryOp(s.AssumeRole),
			"AssumeRoleWithWebIdentity": wire.QueryOp(s.AssumeRoleWithWebIdentity),
			"GetSessionToken":           wire.QueryOp(s.GetSessionToken),
			"GetAccessKeyInfo":          wire.QueryOp(s.GetAccessKeyInfo),
		},
	}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.query.ServeHTTP(w, r) }

// CallerIdentity says who calls.
type CallerIdentity struct {
	Arn     string
	UserId  string
	Account string
}

// GetCallerIdentity names the session of a function's role, or the account's root for all other callers.
func (s *Service) GetCallerIdentity(ctx context.Context, _ wire.Empty) (CallerIdentity, error) {
	arn, userID := s.callers.Caller(wire.CallFrom(ctx).AccessKey)
	return CallerIdentity{Arn: arn, UserId: userID, Account: wire.AccountID}, nil
}

// Credentials are dummies of the right shape.
type Credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// AssumedRoleUser is the session that AssumeRole opens.
type AssumedRoleUser struct {
	Arn           string
	AssumedRoleId string
}

// AssumeRoleInput is what AssumeRole and AssumeRoleWithWebIdentity read of their parameters. DurationSeconds is 900 to 43,200.
type AssumeRoleInput struct {
	RoleArn          string
	RoleSessionName  string
	DurationSeconds  *int
	WebIdentityToken string
}

// AssumeRoleOutput is the answer of AssumeRole.
type AssumeRoleOutput struct {
	AssumedRoleUser AssumedRoleUser
	Credentials     Credentials
}

// AssumeRole opens a session of any role, whether it exists or not.
func (s *Service) AssumeRole(_ context.Context, in AssumeRoleInput) (AssumeRoleOutput, error) {
	_, role, ok := strings.Cut(in.RoleArn, ":role/")
	if !ok {
		return AssumeRoleOutput{}, wire.Errorf("ValidationError", "%s is invalid", in.RoleArn)
	}
	if len(in.RoleSessionName) < 2 {
		return AssumeRoleOutput{}, wire.Errorf("ValidationError",
			"1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
				"Member must have length greater than or equal to 2", in.RoleSessionName)
	}
	credentials, err := newCredentials(in.DurationSeconds, defaultDuration)
	if err != nil {
		return AssumeRoleOutput{}, err
	}
	name := role[strings.LastIndex(role, "/")+1:]
	return AssumeRoleOutput{
		AssumedRoleUser: AssumedRoleUser{
			Arn:           "arn:aws:sts::" + wire.AccountID + ":assumed-role/" + name + "/" + in.RoleSessionName,
			AssumedRoleId: "AROA3XFRBF23EXAMPLE00:" + in.RoleSessionName,
		},
		Credentials: credentials,
	}, nil
}

// AssumeRoleWithWebIdentityOutput is the answer of AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityOutput struct {
	AssumeRoleOutput

	SubjectFromWebIdentityToken string
}

// AssumeRoleWithWebIdentity opens a session of any role for any token, which it does not look into.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, in AssumeRoleInput) (AssumeRoleWithWebIdentityOutput, error) {
	if in.WebIdentityToken == "" {
		return AssumeRoleWithWebIdentityOutput{}, wire.Errorf("InvalidIdentityToken", "The web identity token is missing.")
	}
	out, err := s.AssumeRole(ctx, in)
	return AssumeRoleWithWebIdentityOutput{AssumeRoleOutput: out, SubjectFromWebIdentityToken: "localaws"}, err
}

// GetSessionTokenInput is the input of GetSessionToken.
type GetSessionTokenInput struct{ DurationSeconds *int }

// GetSessionTokenOutput is the answer of GetSessionToken.
type GetSessionTokenOutput struct{ Credentials Credentials }

// GetSessionToken hands out dummy credentials, for 12 hours unless asked otherwise, as AWS does.
func (s *Service) GetSessionToken(_ context.Context, in GetSessionTokenInput) (GetSessionTokenOutput, error) {
	credentials, err := newCredentials(in.DurationSeconds, maxDuration)
	return GetSessionTokenOutput{Credentials: credentials}, err
}

// GetAccessKeyInfoInput is the input of GetAccessKeyInfo.
type GetAccessKeyInfoInput struct{ AccessKeyId string }

// GetAccessKeyInfoOutput is the answer of GetAccessKeyInfo.
type GetAccessKeyInfoOutput struct{ Account string }

// GetAccessKeyInfo names the account of any access key.
func (s *Service) GetAccessKeyInfo(context.Context, GetAccessKeyInfoInput) (GetAccessKeyInfoOutput, error) {
	return GetAccessKeyInfoOutput{Account: wire.AccountID}, nil
}

func newCredentials(seconds *int, normally int) (Credentials, error) {
	duration := normally
	if seconds != nil {
		duration = *seconds
	}
	if duration < minDuration || duration > maxDuration {
		return Credentials{}, wire.Errorf("ValidationError",
			"1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: "+
				"Member must have value between %d and %d", duration, minDuration, maxDuration)
	}
	return Credentials{
		AccessKeyId:     accessKeyID,
		SecretAccessKey: "localaws",
		SessionToken:    "localaws",
		Expiration:      time.Now().UTC().Add(time.Duration(duration) * time.Second).Truncate(time.Second),
	}, nil
}
