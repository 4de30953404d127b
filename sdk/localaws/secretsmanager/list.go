package secretsmanager

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	maxBatch        = 20 // secrets of BatchGetSecretValue
	defaultPageSize = 100
)

// Description is a secret as DescribeSecret and ListSecrets answer with it, without its value.
type Description struct {
	ARN                    string
	Name                   string
	Description            string `json:",omitempty"`
	KmsKeyId               string `json:",omitempty"`
	CreatedDate            wire.Epoch
	LastChangedDate        wire.Epoch
	LastAccessedDate       wire.Epoch          `json:",omitzero"`
	DeletedDate            wire.Epoch          `json:",omitzero"`
	Tags                   []Tag               `json:",omitempty"`
	VersionIdsToStages     map[string][]string `json:",omitempty"` // of DescribeSecret
	SecretVersionsToStages map[string][]string `json:",omitempty"` // the same, of ListSecrets
}

func (sec *secret) describe() Description {
	stages := map[string][]string{}
	for id, v := range sec.versions {
		if len(v.stages) > 0 {
			stages[id] = v.stages
		}
	}
	return Description{
		ARN:                sec.arn,
		Name:               sec.name,
		Description:        sec.description,
		KmsKeyId:           sec.kmsKey,
		CreatedDate:        wire.Epoch{Time: sec.created},
		LastChangedDate:    wire.Epoch{Time: sec.changed},
		LastAccessedDate:   wire.Epoch{Time: sec.accessed},
		DeletedDate:        wire.Epoch{Time: sec.deleted},
		Tags:               sec.tagList(),
		VersionIdsToStages: stages,
	}
}

// DescribeSecret describes a secret, also one that is marked for deletion.
func (s *Service) DescribeSecret(ctx context.Context, in SecretInput) (Description, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in.SecretId)
	if err != nil {
		return Description{}, err
	}
	return found.describe(), nil
}

// Filter chooses secrets. Key is name, description, tag-key, tag-value or all; a secret passes that has one of the Values as a
// prefix; those that begin with "!" must not be there.
type Filter struct {
	Key    string
	Values []string
}

func (f Filter) matches(sec *secret) bool {
	for _, value := range f.Values {
		wanted, negated := strings.CutPrefix(value, "!")
		hasPrefix := func(text string) bool {
			if f.Key == "name" || strings.HasPrefix(f.Key, "tag-") {
				return strings.HasPrefix(text, wanted)
			}
			return strings.HasPrefix(strings.ToLower(text), strings.ToLower(wanted))
		}
		if slices.ContainsFunc(f.texts(sec), hasPrefix) != negated {
			return true
		}
	}
	return false
}

// texts are what the filter looks at.
func (f Filter) texts(sec *secret) []string {
	switch f.Key {
	case "name":
		return []string{sec.name}
	case "description":
		return strings.Fields(sec.description)
	case "tag-key":
		return slices.Collect(maps.Keys(sec.tags))
	case "tag-value":
		return slices.Collect(maps.Values(sec.tags))
	default:
		return slices.Concat([]string{sec.name}, strings.Fields(sec.description),
			slices.Collect(maps.Keys(sec.tags)), slices.Collect(maps.Values(sec.tags)))
	}
}

// choose lists the secrets of the call's region that pass all filters; the caller holds the lock.
func (s *Service) choose(ctx context.Context, filters []Filter, withDeleted bool) []*secret {
	var chosen []*secret
	for arn, sec := range s.secrets {
		if _, err := s.find(ctx, arn); err != nil || !strings.HasPrefix(arn, wire.ARN(ctx, "secretsmanager", "secret:")) {
			continue
		}
		passes := !slices.ContainsFunc(filters, func(f Filter) bool { return !f.matches(sec) })
		if passes && (withDeleted || sec.deletion.IsZero()) {
			chosen = append(chosen, sec)
		}
	}
	return chosen
}

// ListSecretsInput is the input of ListSecrets. MaxResults is 1 to 100, by default 100.
type ListSecretsInput struct {
	Filters                []Filter
	IncludePlannedDeletion bool
	MaxResults             int
	NextToken              string
}

// ListSecretsOutput is one page of secrets.
type ListSecretsOutput struct {
	SecretList []Description
	NextToken  string `json:",omitempty"`
}

// ListSecrets lists secrets by name.
func (s *Service) ListSecrets(ctx context.Context, in ListSecretsInput) (ListSecretsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, next, err := page(s.choose(ctx, in.Filters, in.IncludePlannedDeletion), in.NextToken, in.MaxResults)
	out := ListSecretsOutput{SecretList: make([]Description, len(page)), NextToken: next}
	for i, sec := range page {
		out.SecretList[i] = sec.describe()
		out.SecretList[i].SecretVersionsToStages = out.SecretList[i].VersionIdsToStages
		out.SecretList[i].VersionIdsToStages = nil
	}
	return out, err
}

func page(secrets []*secret, token string, limit int) ([]*secret, string, error) {
	return wire.Page(secrets, func(sec *secret) string { return sec.name }, token, cmp.Or(limit, defaultPageSize), "InvalidNextTokenException")
}

// BatchGetSecretValueInput is the input of BatchGetSecretValue: at most 20 secrets by name or ARN, or filters with pages of at most 20.
type BatchGetSecretValueInput struct {
	SecretIdList []string
	Filters      []Filter
	MaxResults   int
	NextToken    string
}

// BatchError says why a secret of a batch has no value.
type BatchError struct {
	SecretId  string
	ErrorCode string
	Message   string
}

// BatchGetSecretValueOutput is the values that could be read and the errors of those that could not.
type BatchGetSecretValueOutput struct {
	SecretValues []SecretValue
	Errors       []BatchError
	NextToken    string `json:",omitempty"`
}

// BatchGetSecretValue answers with the current values of many secrets. That one cannot be read is no error of the call.
func (s *Service) BatchGetSecretValue(ctx context.Context, in BatchGetSecretValueInput) (BatchGetSecretValueOutput, error) {
	switch {
	case (len(in.SecretIdList) == 0) == (len(in.Filters) == 0):
		return BatchGetSecretValueOutput{}, wire.Errorf(invalidParameter,
			"Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case len(in.SecretIdList) > maxBatch || in.MaxResults > maxBatch:
		return BatchGetSecretValueOutput{}, wire.Errorf("ValidationException",
			"1 validation error detected: 'secretIdList' and 'maxResults' must be at most %d.", maxBatch)
	case len(in.SecretIdList) > 0 && (in.MaxResults > 0 || in.NextToken != ""):
		return BatchGetSecretValueOutput{}, wire.Errorf(invalidParameter, "'MaxResults' and 'NextToken' can be used only with 'Filters'.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := BatchGetSecretValueOutput{SecretValues: []SecretValue{}, Errors: []BatchError{}}
	ids := in.SecretIdList
	if len(in.Filters) > 0 {
		chosen, next, err := page(s.choose(ctx, in.Filters, false), in.NextToken, cmp.Or(in.MaxResults, maxBatch))
		if err != nil {
			return BatchGetSecretValueOutput{}, err
		}
		for _, sec := range chosen {
			ids = append(ids, sec.arn)
		}
		out.NextToken = next
	}
	for _, id := range ids {
		value, err := s.currentValue(ctx, id)
		if err != nil {
			apiErr := wire.AsError(err)
			out.Errors = append(out.Errors, BatchError{SecretId: id, ErrorCode: apiErr.Code, Message: apiErr.Message})
			continue
		}
		out.SecretValues = append(out.SecretValues, value)
	}
	return out, nil
}

type readerKey struct{}

// WithReader returns a context in which BatchGetSecretValue reads what may allows. That answers to a secret's ARN, and to the ID by
// which the request names it, with the error for that secret.
func WithReader(ctx context.Context, may func(secretARN, id string) error) context.Context {
	return context.WithValue(ctx, readerKey{}, may)
}

func mayRead(ctx context.Context, secretARN, id string) error {
	if may, ok := ctx.Value(readerKey{}).(func(secretARN, id string) error); ok {
		return may(secretARN, id)
	}
	return nil
}

// currentValue reads AWSCURRENT of a secret; the caller holds the lock.
func (s *Service) currentValue(ctx context.Context, id string) (SecretValue, error) {
	if err := mayRead(ctx, s.arn(ctx, id), id); err != nil {
		return SecretValue{}, err
	}
	found, err := s.findLive(ctx, id)
	if err != nil {
		return SecretValue{}, err
	}
	v, err := found.version("", current)
	if err != nil {
		return SecretValue{}, err
	}
	return found.read(v), nil
}

// ListSecretVersionIDsInput is the input of ListSecretVersionIds. Deprecated versions have no staging label.
type ListSecretVersionIDsInput struct {
	SecretInput

	IncludeDeprecated bool
	MaxResults        int
	NextToken         string
}

// VersionEntry describes a version.
type VersionEntry struct {
	VersionId        string
	VersionStages    []string `json:",omitempty"`
	CreatedDate      wire.Epoch
	LastAccessedDate wire.Epoch `json:",omitzero"`
}

// ListSecretVersionIDsOutput is one page of versions.
type ListSecretVersionIDsOutput struct {
	SecretOutput

	Versions  []VersionEntry
	NextToken string `json:",omitempty"`
}

// ListSecretVersionIDs lists the versions of a secret.
func (s *Service) ListSecretVersionIDs(ctx context.Context, in ListSecretVersionIDsInput) (ListSecretVersionIDsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in.SecretId)
	if err != nil {
		return ListSecretVersionIDsOutput{}, err
	}
	entries := []VersionEntry{}
	for _, v := range found.versions {
		if len(v.stages) > 0 || in.IncludeDeprecated {
			entries = append(entries, VersionEntry{
				VersionId:        v.id,
				VersionStages:    v.stages,
				CreatedDate:      wire.Epoch{Time: v.created},
				LastAccessedDate: wire.Epoch{Time: v.accessed},
			})
		}
	}
	page, next, err := wire.Page(entries, func(e VersionEntry) string { return e.VersionId },
		in.NextToken, cmp.Or(in.MaxResults, defaultPageSize), "InvalidNextTokenException")
	return ListSecretVersionIDsOutput{SecretOutput: found.identity(), Versions: page, NextToken: next}, err
}
