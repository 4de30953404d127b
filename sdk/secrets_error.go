package sdk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// Kinds of a [SecretError]. Lambda's logs show them as the reason why a function cannot start.
const (
	SecretNotFound     = "Config.SecretNotFound"     // there is no such secret
	SecretAccessDenied = "Config.SecretAccessDenied" // the role may not read the secret, or not decrypt it
	SecretUnavailable  = "Config.SecretUnavailable"  // AWS Secrets Manager cannot be reached, or has no current value
	SecretInvalid      = "Config.SecretInvalid"      // the value cannot become environment variables
)

// SecretError is a secret that could not be loaded. [RefreshSecrets] and [App.Run] return it, joined with others if several secrets
// failed. Neither its text nor its members hold any part of a secret's value.
type SecretError struct {
	Secret string // ARN or name, as SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS has it; if a call for several failed, all of them
	Key    string // of the secret's JSON object, if it is to blame, shortened to 60 characters; or ""
	Kind   string // SecretNotFound, SecretAccessDenied, SecretUnavailable or SecretInvalid
	Err    error  // what is wrong, and what to do about it
}

func (e *SecretError) Error() string { return fmt.Sprintf("load secret %s: %s", e.Secret, e.Err) }

// Unwrap returns what is wrong with the secret.
func (e *SecretError) Unwrap() error { return e.Err }

// secretError makes a SecretError that also tells Lambda its kind.
func secretError(id, key, kind string, cause error, advice string) error {
	return &configError{kind, &SecretError{Secret: id, Key: key, Kind: kind, Err: fmt.Errorf("%w; %s", cause, advice)}}
}

// secretFailure is the error for secrets that AWS did not hand out, by its error code, which is "" if it could not be asked.
func secretFailure(ids []string, code string, cause error) error {
	kind, advice := SecretUnavailable, "check that the function can reach AWS Secrets Manager (network, endpoint, credentials)"
	switch {
	case strings.HasPrefix(code, "ResourceNotFound"):
		kind, advice = SecretNotFound, "create it, or correct the ARN in the function's secrets"
	case strings.HasPrefix(code, accessDenied):
		kind, advice = SecretAccessDenied, "allow the role secretsmanager:GetSecretValue on the secret and kms:Decrypt on the key that encrypts it"
	case strings.HasPrefix(code, "Decryption"):
		kind, advice = SecretAccessDenied, "allow the role kms:Decrypt on the key that encrypts it, and check that the key is enabled"
	case strings.HasPrefix(code, "InvalidRequest"):
		advice = "check that it is not scheduled for deletion and has a current version"
	}
	return secretError(strings.Join(ids, ", "), "", kind, cause, advice)
}

// secretCallFailure is the error for secrets whose call failed. What the AWS SDK says about an answer that it cannot read is left out,
// since it quotes.
func secretCallFailure(ids []string, err error) error {
	code := errorCode(err)
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable {
		err = errors.New("AWS Secrets Manager, or what stands in for it, gave an answer that cannot be read")
	}
	return secretFailure(ids, code, err)
}

const accessDenied = "AccessDenied"
