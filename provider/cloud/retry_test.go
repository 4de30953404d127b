package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
)

func apiError(code, message string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: message})
}

func TestRetryWaitsOutWhatGoesAway(t *testing.T) {
	const role = "The role defined for the function cannot be assumed by Lambda."
	for _, test := range []struct {
		name     string
		err      error
		failures int // before it succeeds; -1 never
		attempts int
		took     time.Duration
		ok       bool
	}{
		{"success", nil, 0, 1, 0, true},
		{"role of a moment ago", apiError("InvalidParameterValueException", role), 3, 4, 1188 * time.Millisecond, true},
		{"role that stays bad", apiError("InvalidParameterValueException", role), -1, 18, time.Minute, false},
		{"name of a queue deleted just now", apiError("AWS.SimpleQueueService.QueueDeletedRecently", "wait 60 seconds"), -1, 24, 90 * time.Second, false},
		{"update under way", apiError("ResourceConflictException", "The operation cannot be performed at this time. An update is in progress"), 1, 2, 250 * time.Millisecond, true},
		{"schedule's role of a moment ago", apiError("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."), 1, 2, 250 * time.Millisecond, true},
		{"function exists", apiError("ResourceConflictException", "Function already exist: a"), -1, 1, 0, false},
		{"wrong parameter", apiError("InvalidParameterValueException", "Memory is too small"), -1, 1, 0, false},
		{"no answer of AWS", errors.New("connection refused"), -1, 1, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, attempts := time.Now(), 0
				value, err := retry(t.Context(), func() (string, error) {
					attempts++
					if test.failures < 0 || attempts <= test.failures {
						return "", test.err
					}
					return "made", nil
				})
				if (err == nil) != test.ok || test.ok && value != "made" || !test.ok && !errors.Is(err, test.err) {
					t.Errorf("got %q and %v", value, err)
				}
				took := time.Since(start)
				if attempts != test.attempts || took > test.took || took < test.took-maxDelay {
					t.Errorf("got %d attempts in %s, want %d in at most %s", attempts, took, test.attempts, test.took)
				}
			})
		})
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := retry(ctx, func() (string, error) { return "", apiError("ResourceInUseException", "in use") })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := wait(t.Context(), time.Minute, "the moon", func() (bool, error) { return false, nil })
		if err == nil || !strings.Contains(err.Error(), "in vain for the moon") || time.Since(start) > time.Minute {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
