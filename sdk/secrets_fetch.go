package sdk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

const (
	maxSecrets     = 20 // that BatchGetSecretValue takes
	maxSecretCalls = 10 // at the same time
)

// secret is the current value of a secret.
type secret struct {
	id, arn string // as it was asked for, and as it is
	value   []byte
}

// secretFetch gets many secrets: in batches, and alone those that no batch tells about.
type secretFetch struct {
	client *secretsmanager.Client

	mu    sync.Mutex
	found map[string]secret // by ID
	alone map[string]bool   // by ID
}

// fetchSecrets returns secrets in the order of their IDs. Its error names each that failed.
func fetchSecrets(ctx context.Context, client *secretsmanager.Client, ids []string) ([]secret, error) {
	f := secretFetch{client: client, found: make(map[string]secret), alone: make(map[string]bool)}
	batches := slices.Collect(slices.Chunk(ids, maxSecrets))
	errs := eachOf(batches, func(batch []string) error { return f.batch(ctx, batch) })
	alone := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !f.alone[id] })
	if len(alone) > 0 {
		Logger(ctx).Debug("some secrets are loaded one by one", "secrets", alone)
	}
	errs = append(errs, eachOf(alone, func(id string) error { return f.get(ctx, id) })...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	secrets := make([]secret, len(ids))
	for i, id := range ids {
		secrets[i] = f.found[id]
	}
	return secrets, nil
}

// eachOf calls fn for all items, a few at the same time, and returns its errors in their order.
func eachOf[T any](items []T, fn func(T) error) []error {
	errs := make([]error, len(items))
	slots := make(chan struct{}, maxSecretCalls)
	var running sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			errs[i] = fn(item)
		})
	}
	running.Wait()
	return errs
}

// batch gets up to 20 secrets in one call. A batch needs a permission of its own, its quota of calls is a fraction of that for single
// secrets, which many runtimes that start together use up, and one bad name spoils all of it: whatever AWS refuses it for, the secrets are
// left to be got alone, which tells of each what is wrong.
func (f *secretFetch) batch(ctx context.Context, ids []string) error {
	values, failures, err := f.pages(ctx, ids)
	if errorCode(err) != "" {
		f.leave(ids...)
		return nil
	}
	if err != nil {
		return secretCallFailure(ids, err)
	}
	var errs []error
	for _, id := range ids {
		if i := slices.IndexFunc(values, func(v types.SecretValueEntry) bool { return isSecret(v, id) }); i >= 0 {
			f.keep(id, values[i].ARN, values[i].SecretString, values[i].SecretBinary)
		} else if failure, ok := failures[id]; !ok || strings.HasPrefix(aws.ToString(failure.ErrorCode), "InternalService") {
			f.leave(id)
		} else {
			code := aws.ToString(failure.ErrorCode)
			errs = append(errs, secretFailure([]string{id}, code, fmt.Errorf("%s: %s", code, aws.ToString(failure.Message))))
		}
	}
	return errors.Join(errs...)
}

// pages asks for a batch. Failures are by the ID that was asked for.
func (f *secretFetch) pages(ctx context.Context, ids []string) ([]types.SecretValueEntry, map[string]types.APIErrorType, error) {
	var values []types.SecretValueEntry
	failures := make(map[string]types.APIErrorType)
	pages := secretsmanager.NewBatchGetSecretValuePaginator(f.client, &secretsmanager.BatchGetSecretValueInput{SecretIdList: ids})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		values = append(values, page.SecretValues...)
		for _, failure := range page.Errors {
			failures[aws.ToString(failure.SecretId)] = failure
		}
	}
	return values, failures, nil
}

// get gets one secret.
func (f *secretFetch) get(ctx context.Context, id string) error {
	out, err := f.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return secretCallFailure([]string{id}, err)
	}
	f.keep(id, out.ARN, out.SecretString, out.SecretBinary)
	return nil
}

func (f *secretFetch) keep(id string, arn, text *string, binary []byte) {
	if text != nil {
		binary = []byte(*text)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found[id] = secret{id: id, arn: aws.ToString(arn), value: binary}
}

func (f *secretFetch) leave(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.alone[id] = true
	}
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

// mergeSecrets makes environment variables of secrets. Its error names each secret and key that is to blame.
func mergeSecrets(secrets []secret) (map[string]string, error) {
	variables := make(map[string]string)
	owners := make(secretenv.Owners)
	known := make(map[string]bool) // ARNs
	var errs []error
	for _, s := range secrets {
		if s.arn != "" && known[s.arn] {
			continue // it is listed twice, by different IDs
		}
		known[s.arn] = true
		parsed, problems := secretenv.Parse(s.value)
		problems = append(problems, owners.Add(s.id, maps.Keys(parsed))...)
		for _, problem := range problems {
			errs = append(errs, secretError(s.id, problem.Key, SecretInvalid, errors.New(problem.Text), problem.Advice))
		}
		maps.Copy(variables, parsed)
	}
	return variables, errors.Join(errs...)
}
