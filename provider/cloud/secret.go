package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// SecretShapeError is a secret whose value the SDK cannot turn into environment variables.
type SecretShapeError struct {
	// ARN of the secret.
	ARN string
	// Reason says what is wrong, without any part of the value.
	Reason string
}

// Error returns the secret and what is wrong with its shape.
func (e *SecretShapeError) Error() string { return fmt.Sprintf("secret %s %s", e.ARN, e.Reason) }

// NoSecretValueError is a secret that exists, but was given no value yet.
type NoSecretValueError struct {
	// ARN of the secret.
	ARN string
}

// Error returns the secret and that it has no value.
func (e *NoSecretValueError) Error() string { return "secret " + e.ARN + " has no value yet" }

// CheckSecret returns a [NotFoundError] for a secret that does not exist, a [NoSecretValueError] for one without a current value and a
// [SecretShapeError] for one whose current value is not a JSON object. It looks once at each secret, however many functions use it.
func (c *Cloud) CheckSecret(ctx context.Context, secretARN string) error {
	_, err := c.secretChecks.Get(ctx, secretARN, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.checkSecret(ctx, secretARN)
	})
	return err
}

// checkSecret looks at the shape of a secret's value, which leaves this function in no form.
func (c *Cloud) checkSecret(ctx context.Context, secretARN string) error {
	output, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	if hasCode(err, "ResourceNotFoundException") {
		if strings.Contains(err.Error(), "secret value") { // which is all that tells one from the other
			return &NoSecretValueError{ARN: secretARN}
		}
		return &NotFoundError{Object: "secret " + secretARN}
	}
	if err != nil {
		return fmt.Errorf("look at the shape of secret %s: %w", secretARN, err)
	}
	if output.SecretString == nil {
		return &SecretShapeError{ARN: secretARN, Reason: "is binary"}
	}
	value := []byte(*output.SecretString)
	defer clear(value)
	if !json.Valid(value) {
		return &SecretShapeError{ARN: secretARN, Reason: "is not JSON"}
	}
	if !bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) {
		return &SecretShapeError{ARN: secretARN, Reason: "is JSON, but not an object"}
	}
	return nil
}

// SecretKey returns the ARN of the KMS key that encrypts a secret, empty for AWS's own, or a [NotFoundError]. It asks once for each secret.
func (c *Cloud) SecretKey(ctx context.Context, secretARN string) (string, error) {
	return c.secretKeys.Get(ctx, secretARN, func(ctx context.Context) (string, error) {
		output, err := c.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
		if hasCode(err, "ResourceNotFoundException") {
			return "", &NotFoundError{Object: "secret " + secretARN}
		}
		if err != nil {
			return "", fmt.Errorf("find the key of secret %s: %w", secretARN, err)
		}
		key := aws.ToString(output.KmsKeyId)
		if parsed, err := arn.Parse(secretARN); err == nil && keyID.MatchString(key) {
			key = fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", parsed.Partition, parsed.Region, parsed.AccountID, key)
		}
		return key, nil
	})
}

// keyID is how a KMS key may be named without its ARN.
var keyID = regexp.MustCompile(`^(mrk-)?[0-9a-f-]{32,36}$`)
