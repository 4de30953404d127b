package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// secretKeys is the variable that lists the secrets to load, by ARN or name, separated by commas.
const secretKeys = "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS"

// maxSecrets is how many secrets BatchGetSecretValue takes.
const maxSecrets = 20

// Reasons why secrets could not be loaded, as Lambda shows them.
const (
	secretNotFound     = "Config.SecretNotFound"
	secretAccessDenied = "Config.SecretAccessDenied"
	secretUnavailable  = "Config.SecretUnavailable"
	secretInvalid      = "Config.SecretInvalid"
)

// loadSecrets sets each key of the secrets' JSON objects as an environment variable: a string as it is, anything else as its
// compact JSON. Later secrets win over earlier ones, and all of them over what the environment has already. Either all
// variables are set or none. No error of it holds a secret's value.
func (a *App) loadSecrets(ctx context.Context) error {
	ids := secretIDs(os.Getenv(secretKeys))
	if len(ids) == 0 {
		return nil
	}
	config, err := a.aws.loadConfig(ctx)
	if err != nil {
		return &configError{secretUnavailable, fmt.Errorf("load secrets: %w", err)}
	}
	client := secretsmanager.NewFromConfig(config)
	var entries []types.SecretValueEntry
	for chunk := range slices.Chunk(ids, maxSecrets) {
		fetched, err := fetchSecrets(ctx, client, chunk)
		if err != nil {
			return err
		}
		entries = append(entries, fetched...)
	}
	variables := make(map[string]string)
	for _, id := range ids {
		i := slices.IndexFunc(entries, func(e types.SecretValueEntry) bool { return isSecret(e, id) })
		if i < 0 {
			return secretError(id, secretNotFound, errors.New("AWS Secrets Manager did not return it"), notFoundAdvice)
		}
		decoded, err := decodeSecret(id, entries[i])
		if err != nil {
			return err
		}
		maps.Copy(variables, decoded)
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set environment variable %q from a secret: %w", name, err)
		}
	}
	return nil
}

// secretIDs reads the list, without blanks and repetitions.
func secretIDs(list string) []string {
	var ids []string
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// isSecret tells whether an entry is what was asked for: by name, by ARN, or by ARN without the random suffix.
func isSecret(e types.SecretValueEntry, id string) bool {
	arn := aws.ToString(e.ARN)
	if id == arn || id == aws.ToString(e.Name) {
		return true
	}
	suffix, ok := strings.CutPrefix(arn, id+"-")
	return ok && len(suffix) == 6
}

// fetchSecrets gets up to 20 secrets.
func fetchSecrets(ctx context.Context, client *secretsmanager.Client, ids []string) ([]types.SecretValueEntry, error) {
	var entries []types.SecretValueEntry
	var errs []error
	pages := secretsmanager.NewBatchGetSecretValuePaginator(client, &secretsmanager.BatchGetSecretValueInput{SecretIdList: ids})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			code := ""
			if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
				code = apiErr.ErrorCode()
			}
			kind, advice := secretFailure(code)
			return nil, secretError(strings.Join(ids, ", "), kind, err, advice)
		}
		for _, failure := range page.Errors {
			kind, advice := secretFailure(aws.ToString(failure.ErrorCode))
			cause := fmt.Errorf("%s: %s", aws.ToString(failure.ErrorCode), aws.ToString(failure.Message))
			errs = append(errs, secretError(aws.ToString(failure.SecretId), kind, cause, advice))
		}
		entries = append(entries, page.SecretValues...)
	}
	return entries, errors.Join(errs...)
}

const notFoundAdvice = "create it, or correct the ARN in the function's secrets"

// secretFailure tells the kind of a failure by AWS's error code, and what to do about it.
func secretFailure(code string) (kind, advice string) {
	switch {
	case strings.HasPrefix(code, "ResourceNotFound"):
		return secretNotFound, notFoundAdvice
	case strings.HasPrefix(code, "AccessDenied"):
		return secretAccessDenied, "allow the role secretsmanager:BatchGetSecretValue on *, secretsmanager:GetSecretValue on the secret" +
			" and kms:Decrypt on the key that encrypts it"
	case strings.HasPrefix(code, "Decryption"):
		return secretAccessDenied, "allow the role kms:Decrypt on the key that encrypts it, and check that the key is enabled"
	case strings.HasPrefix(code, "InvalidRequest"):
		return secretUnavailable, "check that it is not scheduled for deletion and has a current version"
	}
	return secretUnavailable, "check that the function can reach AWS Secrets Manager (network, endpoint, credentials)"
}

func secretError(id, kind string, cause error, advice string) error {
	return &configError{kind, fmt.Errorf("load secret %s: %w; %s", id, cause, advice)}
}

// decodeSecret makes environment variables of a secret's JSON object. Errors of encoding/json are left out, since they quote.
func decodeSecret(id string, e types.SecretValueEntry) (map[string]string, error) {
	const advice = "store a JSON object whose keys are names of environment variables"
	invalid := func(format string, args ...any) error {
		return secretError(id, secretInvalid, fmt.Errorf(format, args...), advice)
	}
	if e.SecretString == nil {
		return nil, invalid("its value is binary")
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(*e.SecretString), &object) != nil || object == nil {
		return nil, invalid("its value is not a JSON object")
	}
	variables := make(map[string]string, len(object))
	for name, raw := range object {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, invalid("one of its keys is empty or holds \"=\" or a NUL character") // and may be a secret put in the wrong place
		}
		value := variableText(raw)
		if strings.ContainsRune(value, 0) {
			return nil, invalid("the value of its key %q holds a NUL character", name)
		}
		variables[name] = value
	}
	return variables, nil
}

// variableText is a string as it is and any other JSON in its compact form.
func variableText(raw json.RawMessage) string {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return text
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, raw) // raw was decoded from valid JSON
	return compact.String()
}
