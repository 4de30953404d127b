package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

// SecretVariables are the environment variables that the SDK makes of a secret, without their values.
type SecretVariables struct {
	// ARN of the secret, in full.
	ARN string
	// Names of the variables, sorted.
	Names []string
}

// UnusableSecretError is a secret of whose value the SDK makes no environment variables.
type UnusableSecretError struct {
	// ARN of the secret.
	ARN string
	// Problems are all that is wrong with it, without any part of a value.
	Problems []secretenv.Problem
}

// Error returns the secret and what is wrong with it.
func (e *UnusableSecretError) Error() string {
	problems := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		problems[i] = problem.String()
	}
	return fmt.Sprintf("secret %s cannot become environment variables: %s", e.ARN, strings.Join(problems, "; "))
}

// NoSecretValueError is a secret that exists, but was given no value yet.
type NoSecretValueError struct {
	// ARN of the secret.
	ARN string
}

// Error returns the secret and that it has no value.
func (e *NoSecretValueError) Error() string { return "secret " + e.ARN + " has no value yet" }

// SecretVariables returns the environment variables that the SDK makes of a secret's current value, a [NotFoundError] for a secret that
// does not exist, a [NoSecretValueError] for one without a current value and an [UnusableSecretError] for one that the SDK refuses. It looks
// once at each secret, however many functions use it.
func (c *Cloud) SecretVariables(ctx context.Context, secretARN string) (SecretVariables, error) {
	return c.secretNames.Get(ctx, secretARN, func(ctx context.Context) (SecretVariables, error) {
		return c.askSecretVariables(ctx, secretARN)
	})
}

// askSecretVariables looks at a secret's value, which leaves this function in no form.
func (c *Cloud) askSecretVariables(ctx context.Context, secretARN string) (SecretVariables, error) {
	output, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	if hasCode(err, "ResourceNotFoundException") {
		if strings.Contains(err.Error(), "secret value") { // which is all that tells one from the other
			return SecretVariables{}, &NoSecretValueError{ARN: secretARN}
		}
		return SecretVariables{}, &NotFoundError{Object: "secret " + secretARN}
	}
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable { // whose text quotes the answer
		err = errors.New("AWS Secrets Manager, or what stands in for it, gave an answer that cannot be read")
	}
	if err != nil {
		return SecretVariables{}, fmt.Errorf("look at the keys of secret %s: %w", secretARN, err)
	}
	value := output.SecretBinary
	if output.SecretString != nil {
		value = []byte(*output.SecretString)
	}
	variables, problems := secretenv.Parse(value)
	if len(problems) > 0 {
		return SecretVariables{}, &UnusableSecretError{ARN: secretARN, Problems: problems}
	}
	return SecretVariables{ARN: cmp.Or(aws.ToString(output.ARN), secretARN), Names: slices.Sorted(maps.Keys(variables))}, nil
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
