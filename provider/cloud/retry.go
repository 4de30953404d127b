package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// condition is an answer of AWS that goes away by itself, as AWS's services learn of each other's changes with a delay.
type condition struct {
	code   string        // the error's code
	text   string        // part of the message, in lower case; empty for any
	within time.Duration // how long after the first attempt it may still go away
}

// transient are all the conditions that are waited out. IAM's changes are known everywhere within seconds; what lasts longer than a minute
// is a role that really may not, and is told. The others are what AWS documents: a deleted queue's name is free after 60 s, an update of a function takes minutes at most.
var transient = []condition{
	{"InvalidParameterValueException", "cannot be assumed by lambda", time.Minute},
	{"InvalidParameterValueException", "execution role does not have permissions", time.Minute},
	{"InvalidParameterValueException", "ensure the role can perform", time.Minute},
	{"InvalidParameterValueException", "kms key is invalid for creategrant", time.Minute},
	{"InvalidParameterValueException", "throttled by ec2", 9 * time.Minute},
	{"InvalidParameterValueException", "does not exist. provide a valid source image", 30 * time.Second},
	{"ValidationException", "must allow aws eventbridge scheduler to assume the role", time.Minute},
	// Another function of the same apply may be about to give back what it has reserved.
	{"InvalidParameterValueException", "unreservedconcurrentexecution below its minimum", 30 * time.Second},
	{"AccessDeniedException", "permission to access the ecr image", 30 * time.Second},
	{"ResourceConflictException", "cannot be performed at this time", 10 * time.Minute},
	{"PreconditionFailedException", "revision", time.Minute},
	{"ResourceInUseException", "", 5 * time.Minute},
	{"RepositoryNotFoundException", "", 20 * time.Second},
	{"QueueDeletedRecently", "", 90 * time.Second},
	{"DeleteConflict", "", time.Minute},
	{"ConcurrentModification", "", time.Minute},
	{"MalformedPolicyDocument", "invalid principal", time.Minute},
}

const (
	firstDelay = 250 * time.Millisecond
	maxDelay   = 5 * time.Second
)

// retry calls do until it succeeds, fails for good, or the condition that it fails with should long have passed.
func retry[T any](ctx context.Context, do func() (T, error)) (T, error) {
	start, delay := time.Now(), firstDelay
	for {
		value, err := do()
		if err == nil {
			return value, nil
		}
		limit := patience(err)
		if limit == 0 {
			return value, err
		}
		if waited := time.Since(start); waited+delay > limit {
			return value, fmt.Errorf("still failing after %s: %w", waited.Round(time.Second), err)
		}
		select {
		case <-ctx.Done():
			return value, fmt.Errorf("%w; the last answer was: %w", context.Cause(ctx), err)
		case <-time.After(delay):
		}
		delay = min(delay*3/2, maxDelay)
	}
}

// patience returns how long the condition that err stands for may last, or 0 if it does not go away by itself.
func patience(err error) time.Duration {
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return 0
	}
	message := strings.ToLower(apiErr.ErrorMessage())
	for _, c := range transient {
		if hasCode(err, c.code) && strings.Contains(message, c.text) {
			return c.within
		}
	}
	return 0
}

// wait calls done until it reports true or fails, for at most limit; what it waits for is named in the error.
func wait(ctx context.Context, limit time.Duration, what string, done func() (bool, error)) error {
	start, delay := time.Now(), firstDelay
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if waited := time.Since(start); waited+delay > limit {
			return fmt.Errorf("waited %s in vain for %s", waited.Round(time.Second), what)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-time.After(delay):
		}
		delay = min(delay*3/2, maxDelay)
	}
}
