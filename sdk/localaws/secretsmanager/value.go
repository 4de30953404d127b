package secretsmanager

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	current      = "AWSCURRENT"
	previous     = "AWSPREVIOUS"
	maxValueSize = 65536 // bytes
	minTokenSize = 32    // characters of a ClientRequestToken
	maxTokenSize = 64
)

// Value is what a secret keeps: text or bytes.
type Value struct {
	SecretString *string `json:",omitempty"`
	SecretBinary []byte  `json:",omitempty"`
}

func (v Value) given() bool { return v.SecretString != nil || v.SecretBinary != nil }

func (v Value) equal(w Value) bool {
	return bytes.Equal(v.SecretBinary, w.SecretBinary) &&
		(v.SecretString == nil) == (w.SecretString == nil) &&
		(v.SecretString == nil || *v.SecretString == *w.SecretString)
}

func (v Value) check() error {
	if v.SecretString != nil && v.SecretBinary != nil {
		return wire.Errorf(invalidParameter,
			"You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	if (v.SecretString != nil && len(*v.SecretString) > maxValueSize) || len(v.SecretBinary) > maxValueSize {
		return wire.Errorf("ValidationException", "1 validation error detected: The secret value must have length less than or equal to %d.",
			maxValueSize)
	}
	return nil
}

// version is a value with its staging labels.
type version struct {
	id       string
	value    Value
	stages   []string // sorted
	created  time.Time
	accessed time.Time // start of the day in UTC; zero if never
}

// put adds a version and gives it the staging labels, by default AWSCURRENT. The version before becomes AWSPREVIOUS. The
// token becomes the version's ID; used again, it must come with the same value, and nothing happens.
func (sec *secret) put(token string, value Value, stages []string) (*version, error) {
	if token != "" && (len(token) < minTokenSize || len(token) > maxTokenSize) {
		return nil, wire.Errorf(invalidParameter, "ClientRequestToken must be %d to %d characters long.", minTokenSize, maxTokenSize)
	}
	if existing, ok := sec.versions[token]; ok {
		if !existing.value.equal(value) {
			return nil, wire.Errorf(resourceExists,
				"You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, sec.arn)
		}
		return existing, nil
	}
	if len(stages) == 0 || len(sec.versions) == 0 {
		stages = append(slices.Clone(stages), current)
	}
	now := time.Now()
	made := &version{id: cmp.Or(token, uuid.NewString()), value: value, created: now}
	sec.versions[made.id] = made
	sec.changed = now
	for _, stage := range stages {
		sec.move(stage, made)
	}
	return made, nil
}

// staged finds the version that has a label, or nil.
func (sec *secret) staged(stage string) *version {
	for _, v := range sec.versions {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return nil
}

// move gives a label to a version and takes it from the one that had it. Where AWSCURRENT leaves, AWSPREVIOUS comes.
func (sec *secret) move(stage string, to *version) {
	from := sec.staged(stage)
	if from == to {
		return
	}
	if from != nil {
		from.stages = slices.DeleteFunc(slices.Clone(from.stages), func(s string) bool { return s == stage })
		if stage == current {
			sec.move(previous, from)
		}
	}
	to.stages = append(slices.Clone(to.stages), stage)
	slices.Sort(to.stages)
}

// PutSecretValueInput is the input of PutSecretValue. VersionStages is AWSCURRENT by default.
type PutSecretValueInput struct {
	SecretInput
	Value

	ClientRequestToken string
	VersionStages      []string
}

// PutSecretValue adds a version to a secret.
func (s *Service) PutSecretValue(ctx context.Context, in PutSecretValueInput) (VersionOutput, error) {
	if err := in.check(); err != nil {
		return VersionOutput{}, err
	}
	if !in.given() {
		return VersionOutput{}, wire.Errorf(invalidRequest, "You must provide either SecretString or SecretBinary.")
	}
	var out VersionOutput
	err := s.withLive(ctx, in.SecretId, func(sec *secret) error {
		made, err := sec.put(in.ClientRequestToken, in.Value, in.VersionStages)
		if err != nil {
			return err
		}
		out = VersionOutput{ARN: sec.arn, Name: sec.name, VersionId: made.id, VersionStages: made.stages}
		return nil
	})
	return out, err
}

// UpdateSecretVersionStageInput is the input of UpdateSecretVersionStage.
type UpdateSecretVersionStageInput struct {
	SecretInput

	VersionStage        string
	MoveToVersionId     string
	RemoveFromVersionId string
}

// UpdateSecretVersionStage moves a staging label to a version, or takes it away.
func (s *Service) UpdateSecretVersionStage(ctx context.Context, in UpdateSecretVersionStageInput) (SecretOutput, error) {
	var out SecretOutput
	err := s.withLive(ctx, in.SecretId, func(sec *secret) error {
		out = sec.identity()
		holder := sec.staged(in.VersionStage)
		if holder != nil && holder.id != in.RemoveFromVersionId && holder.id != in.MoveToVersionId {
			return wire.Errorf(invalidParameter, "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently "+
				"attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", in.VersionStage, holder.id)
		}
		if in.MoveToVersionId == "" {
			if in.VersionStage == current {
				return wire.Errorf(invalidParameter, "You can only move staging label %s to a different secret version. "+
					"It can’t be completely removed.", current)
			}
			if holder != nil {
				holder.stages = slices.DeleteFunc(slices.Clone(holder.stages), func(s string) bool { return s == in.VersionStage })
			}
			return nil
		}
		to, ok := sec.versions[in.MoveToVersionId]
		if !ok {
			return noVersion("VersionId: " + in.MoveToVersionId)
		}
		sec.move(in.VersionStage, to)
		return nil
	})
	return out, err
}

func noVersion(what string) error {
	return wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for %s", what)
}

// GetSecretValueInput is the input of GetSecretValue. Without VersionId and VersionStage it is AWSCURRENT.
type GetSecretValueInput struct {
	SecretInput

	VersionId    string
	VersionStage string
}

// SecretValue is a secret with the value of one version.
type SecretValue struct {
	SecretOutput
	Value

	VersionId     string
	VersionStages []string `json:",omitempty"`
	CreatedDate   wire.Epoch
}

// GetSecretValue answers with the value of a version.
func (s *Service) GetSecretValue(ctx context.Context, in GetSecretValueInput) (SecretValue, error) {
	var out SecretValue
	err := s.withLive(ctx, in.SecretId, func(sec *secret) error {
		found, err := sec.version(in.VersionId, in.VersionStage)
		if err != nil {
			return err
		}
		out = sec.read(found)
		return nil
	})
	return out, err
}

func (sec *secret) version(id, stage string) (*version, error) {
	if id == "" {
		stage = cmp.Or(stage, current)
		if found := sec.staged(stage); found != nil {
			return found, nil
		}
		return nil, noVersion("staging label: " + stage)
	}
	found, ok := sec.versions[id]
	if !ok {
		return nil, noVersion("VersionId: " + id)
	}
	if stage != "" && !slices.Contains(found.stages, stage) {
		return nil, wire.Errorf(invalidRequest, "You provided a VersionStage that is not associated to the provided VersionId.")
	}
	return found, nil
}

// read answers with a version and notes that it was read.
func (sec *secret) read(v *version) SecretValue {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	sec.accessed, v.accessed = today, today
	return SecretValue{
		SecretOutput:  sec.identity(),
		Value:         v.value,
		VersionId:     v.id,
		VersionStages: v.stages,
		CreatedDate:   wire.Epoch{Time: v.created},
	}
}
