package secretsmanager

import (
	"context"
	"crypto/rand"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	suffixLength      = 7  // of an ARN: a hyphen and 6 random characters
	defaultRecovery   = 30 // days
	minRecovery       = 7  // days
	resourceExists    = "ResourceExistsException"
	invalidRequest    = "InvalidRequestException"
	invalidParameter  = "InvalidParameterException"
	markedForDeletion = "You can't create this secret because a secret with this name is already scheduled for deletion."
)

var secretName = regexp.MustCompile(`^[-/_+=.@!A-Za-z0-9]{1,512}$`)

// Tag is a key with its value.
type Tag struct {
	Key   string
	Value string
}

type secret struct {
	arn         string
	name        string
	description string
	kmsKey      string
	tags        map[string]string
	created     time.Time
	changed     time.Time
	accessed    time.Time // start of the day in UTC, as AWS has it; zero if never
	deleted     time.Time // when it was marked for deletion; zero if it is not
	deletion    time.Time // when it will be gone
	versions    map[string]*version
}

func (sec *secret) identity() SecretOutput { return SecretOutput{ARN: sec.arn, Name: sec.name} }

func (sec *secret) tagList() []Tag {
	tags := make([]Tag, 0, len(sec.tags))
	for _, key := range slices.Sorted(maps.Keys(sec.tags)) {
		tags = append(tags, Tag{Key: key, Value: sec.tags[key]})
	}
	return tags
}

// CreateSecretInput is the input of CreateSecret. Without a value the secret has no version.
type CreateSecretInput struct {
	Value

	Name               string
	Description        string
	KmsKeyId           string
	ClientRequestToken string
	Tags               []Tag
}

// VersionOutput is the answer of operations that may have made a version.
type VersionOutput struct {
	ARN           string
	Name          string
	VersionId     string   `json:",omitempty"`
	VersionStages []string `json:",omitempty"`
}

// CreateSecret makes a secret. Doing it again with the same token and value is no error.
func (s *Service) CreateSecret(ctx context.Context, in CreateSecretInput) (VersionOutput, error) {
	if !secretName.MatchString(in.Name) {
		return VersionOutput{}, wire.Errorf("ValidationException",
			"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	if err := in.check(); err != nil {
		return VersionOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if existing, err := s.find(ctx, in.Name); err == nil {
		return existing.createAgain(in)
	}
	now := time.Now()
	created := &secret{
		arn:         wire.ARN(ctx, "secretsmanager", "secret:"+in.Name+"-"+rand.Text()[:suffixLength-1]),
		name:        in.Name,
		description: in.Description,
		kmsKey:      in.KmsKeyId,
		tags:        map[string]string{},
		created:     now,
		changed:     now,
		versions:    map[string]*version{},
	}
	for _, tag := range in.Tags {
		created.tags[tag.Key] = tag.Value
	}
	out := VersionOutput{ARN: created.arn, Name: created.name}
	if in.given() {
		made, err := created.put(in.ClientRequestToken, in.Value, nil)
		if err != nil {
			return VersionOutput{}, err
		}
		out.VersionId = made.id
	}
	s.secrets[created.arn] = created
	return out, nil
}

// createAgain answers to the creation of a secret that exists.
func (sec *secret) createAgain(in CreateSecretInput) (VersionOutput, error) {
	if !sec.deletion.IsZero() {
		return VersionOutput{}, wire.Errorf(invalidRequest, markedForDeletion)
	}
	made, ok := sec.versions[in.ClientRequestToken]
	if !ok || !made.value.equal(in.Value) {
		return VersionOutput{}, wire.Errorf(resourceExists, "The operation failed because the secret %s already exists.", in.Name)
	}
	return VersionOutput{ARN: sec.arn, Name: sec.name, VersionId: made.id}, nil
}

// UpdateSecretInput is the input of UpdateSecret; what is absent stays as it is.
type UpdateSecretInput struct {
	SecretInput
	Value

	Description        *string
	KmsKeyId           *string
	ClientRequestToken string
}

// UpdateSecret changes a secret's description, key and value.
func (s *Service) UpdateSecret(ctx context.Context, in UpdateSecretInput) (VersionOutput, error) {
	if err := in.check(); err != nil {
		return VersionOutput{}, err
	}
	var out VersionOutput
	err := s.withLive(ctx, in.SecretId, func(sec *secret) error {
		out = VersionOutput{ARN: sec.arn, Name: sec.name}
		if in.given() {
			made, err := sec.put(in.ClientRequestToken, in.Value, nil)
			if err != nil {
				return err
			}
			out.VersionId = made.id
		}
		if in.Description != nil {
			sec.description = *in.Description
		}
		if in.KmsKeyId != nil {
			sec.kmsKey = *in.KmsKeyId
		}
		sec.changed = time.Now()
		return nil
	})
	return out, err
}

// DeleteSecretInput is the input of DeleteSecret. RecoveryWindowInDays is 7 to 30, by default 30.
type DeleteSecretInput struct {
	SecretInput

	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

// DeleteSecretOutput says when the secret will be gone.
type DeleteSecretOutput struct {
	SecretOutput

	DeletionDate wire.Epoch
}

// DeleteSecret marks a secret for deletion, or deletes it at once by force, which is no error if there is none.
func (s *Service) DeleteSecret(ctx context.Context, in DeleteSecretInput) (DeleteSecretOutput, error) {
	days := defaultRecovery
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return DeleteSecretOutput{}, wire.Errorf(invalidParameter,
				"You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		}
	}
	if days < minRecovery || days > defaultRecovery {
		return DeleteSecretOutput{}, wire.Errorf(invalidParameter,
			"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in.SecretId)
	now := time.Now()
	switch {
	case in.ForceDeleteWithoutRecovery && err != nil:
		return DeleteSecretOutput{SecretOutput{ARN: in.SecretId, Name: in.SecretId}, wire.Epoch{Time: now}}, nil
	case err != nil:
		return DeleteSecretOutput{}, err
	case in.ForceDeleteWithoutRecovery:
		delete(s.secrets, found.arn)
		return DeleteSecretOutput{found.identity(), wire.Epoch{Time: now}}, nil
	case !found.deletion.IsZero():
		return DeleteSecretOutput{}, wire.Errorf(invalidRequest,
			"You can't perform this operation on the secret because it was marked for deletion.")
	}
	found.deleted, found.deletion = now, now.AddDate(0, 0, days)
	return DeleteSecretOutput{found.identity(), wire.Epoch{Time: found.deletion}}, nil
}

// RestoreSecret takes back the deletion of a secret.
func (s *Service) RestoreSecret(ctx context.Context, in SecretInput) (SecretOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, in.SecretId)
	if err != nil {
		return SecretOutput{}, err
	}
	found.deleted, found.deletion = time.Time{}, time.Time{}
	return found.identity(), nil
}
