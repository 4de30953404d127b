// Package secretsmanager is AWS Secrets Manager: secrets with versions and staging labels, kept in memory. Values are in answers
// only, never in logs or errors.
package secretsmanager

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Service answers the Secrets Manager API. It is safe for concurrent use.
type Service struct {
	json wire.JSONService

	mu      sync.Mutex
	secrets map[string]*secret // by ARN
}

// New returns a service without secrets, which logs to log.
func New(log *slog.Logger) *Service {
	s := &Service{secrets: map[string]*secret{}}
	s.json = wire.JSONService{
		Target:  "secretsmanager",
		Version: "1.1",
		Log:     log,
		Operations: map[string]wire.Operation{
			"CreateSecret":             wire.Op(s.CreateSecret),
			"DescribeSecret":           wire.Op(s.DescribeSecret),
			"ListSecrets":              wire.Op(s.ListSecrets),
			"UpdateSecret":             wire.Op(s.UpdateSecret),
			"DeleteSecret":             wire.Op(s.DeleteSecret),
			"RestoreSecret":            wire.Op(s.RestoreSecret),
			"GetSecretValue":           wire.Op(s.GetSecretValue),
			"BatchGetSecretValue":      wire.Op(s.BatchGetSecretValue),
			"PutSecretValue":           wire.Op(s.PutSecretValue),
			"UpdateSecretVersionStage": wire.Op(s.UpdateSecretVersionStage),
			"ListSecretVersionIds":     wire.Op(s.ListSecretVersionIDs),
			"TagResource":              wire.Op(s.TagResource),
			"UntagResource":            wire.Op(s.UntagResource),
			"GetResourcePolicy":        wire.Op(s.GetResourcePolicy),
		},
	}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.json.ServeHTTP(w, r) }

// find finds a secret by name, by ARN, or by ARN without the random characters at its end, and forgets it if its recovery window is
// over. The caller holds the lock.
func (s *Service) find(ctx context.Context, id string) (*secret, error) {
	if id == "" {
		return nil, wire.Errorf("InvalidParameterException", "You must provide a secret ID.")
	}
	partial := id
	if !strings.HasPrefix(id, "arn:") {
		partial = wire.ARN(ctx, "secretsmanager", "secret:"+id)
	}
	for arn, candidate := range s.secrets {
		if arn != id && arn[:len(arn)-suffixLength] != partial {
			continue
		}
		if !candidate.deletion.IsZero() && time.Now().After(candidate.deletion) {
			delete(s.secrets, arn)
			continue
		}
		return candidate, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// ARN is the ARN of the secret with a name or an ARN; of one that does not exist, it lacks the random characters at its end.
func (s *Service) ARN(ctx context.Context, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arn(ctx, id)
}

func (s *Service) arn(ctx context.Context, id string) string {
	if found, err := s.find(ctx, id); err == nil {
		return found.arn
	}
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return wire.ARN(ctx, "secretsmanager", "secret:"+id)
}

// findLive finds a secret that is not marked for deletion; the caller holds the lock.
func (s *Service) findLive(ctx context.Context, id string) (*secret, error) {
	found, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found.deletion.IsZero() {
		return nil, wire.Errorf("InvalidRequestException",
			"You can't perform this operation on the secret because it was marked for deletion.")
	}
	return found, nil
}

// withLive runs fn, under the lock, on a secret that is not marked for deletion.
func (s *Service) withLive(ctx context.Context, id string, fn func(*secret) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLive(ctx, id)
	if err != nil {
		return err
	}
	return fn(found)
}

// SecretInput names one secret, by name or ARN.
type SecretInput struct {
	SecretId string
}

// SecretOutput is the answer of operations that say no more than which secret it was.
type SecretOutput struct {
	ARN  string
	Name string
}

// GetResourcePolicy answers with no policy: there are none here.
func (s *Service) GetResourcePolicy(ctx context.Context, in SecretInput) (SecretOutput, error) {
	var out SecretOutput
	err := s.withLive(ctx, in.SecretId, func(sec *secret) error {
		out = sec.identity()
		return nil
	})
	return out, err
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	SecretInput

	Tags []Tag
}

// TagResource adds tags to a secret or replaces their values.
func (s *Service) TagResource(ctx context.Context, in TagResourceInput) (wire.Empty, error) {
	return wire.Empty{}, s.withLive(ctx, in.SecretId, func(sec *secret) error {
		for _, tag := range in.Tags {
			sec.tags[tag.Key] = tag.Value
		}
		return nil
	})
}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	SecretInput

	TagKeys []string
}

// UntagResource removes tags; those that are not there are no error.
func (s *Service) UntagResource(ctx context.Context, in UntagResourceInput) (wire.Empty, error) {
	return wire.Empty{}, s.withLive(ctx, in.SecretId, func(sec *secret) error {
		for _, key := range in.TagKeys {
			delete(sec.tags, key)
		}
		return nil
	})
}
