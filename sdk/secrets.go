package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

// secrets are those of an app, and what is to be done with them.
type secrets struct {
	environmentWins bool
	ttl             time.Duration // 0: they are loaded once
	onChange        []func(context.Context, []string)

	mu      sync.Mutex
	ids     []string          // none: nothing was loaded
	values  map[string]string // of the environment variables that they are
	due     time.Time         // for being loaded again, by now
	running *secretLoad       // nil: none
}

// EnvironmentWins leaves variables alone that the environment has already, even those that are empty. Without it, secrets win.
func EnvironmentWins() AppOption {
	return appOption(func(a *App) { a.secrets.environmentWins = true })
}

// loadSecrets sets each key of the secrets' JSON objects as an environment variable. Either all variables are set or none. No error of
// it holds a secret's value.
func (a *App) loadSecrets(ctx context.Context) error {
	ids := secretIDs(os.Getenv(secretenv.ListVariable))
	if len(ids) == 0 {
		return nil
	}
	variables, err := a.fetchVariables(ctx, ids)
	if err != nil {
		return err
	}
	_, err = a.secrets.set(ids, variables)
	return err
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

func (a *App) fetchVariables(ctx context.Context, ids []string) (map[string]string, error) {
	config, err := a.aws.loadConfig(ctx)
	if err != nil {
		return nil, secretFailure(ids, "", err)
	}
	fetched, err := fetchSecrets(ctx, secretsmanager.NewFromConfig(config), ids)
	if err != nil {
		return nil, err
	}
	return mergeSecrets(fetched)
}

// set makes environment variables of what was loaded, removes those that are in no secret any more, and returns the sorted names of
// those that are not as they were.
func (s *secrets) set(ids []string, loaded map[string]string) (changed []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids, s.due = ids, now().Add(s.ttl)
	values := make(map[string]string, len(loaded))
	var errs []error
	for name, value := range loaded {
		before, ours := s.values[name]
		if _, exists := os.LookupEnv(name); exists && !ours && s.environmentWins {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			errs = append(errs, fmt.Errorf("set environment variable %q from a secret: %w", name, err))
		}
		if values[name] = value; !ours || before != value {
			changed = append(changed, name)
		}
	}
	for name := range s.values {
		if _, stays := values[name]; !stays {
			errs = append(errs, os.Unsetenv(name))
			changed = append(changed, name)
		}
	}
	s.values = values
	slices.Sort(changed)
	return changed, errors.Join(errs...)
}
