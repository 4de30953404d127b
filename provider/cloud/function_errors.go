package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// FailedError is a function, or an update of one, that Lambda accepted and then could not carry out.
type FailedError struct {
	// Function is its name.
	Function string
	// Update is set if the function goes on as it was before an update.
	Update bool
	// Code is Lambda's for the reason, such as ImageDeleted.
	Code string
	// Reason is Lambda's, in its words.
	Reason string
}

// Error returns what failed, why, and what became of the function.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("Lambda could not create function %s", e.Function)
	if e.Update {
		text = fmt.Sprintf("Lambda could not update function %s, which goes on as it was", e.Function)
	}
	return fmt.Sprintf("%s: %s (%s)", text, strings.TrimSuffix(e.Reason, "."), e.Code)
}

// UnfinishedError is a function that Lambda is still creating or updating when there is no more time.
type UnfinishedError struct {
	// Function is its name.
	Function string
	// Status is Lambda's, such as Pending.
	Status string
	// Reason is Lambda's, in its words.
	Reason string
}

// Error returns the function and what Lambda is at.
func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("function %s is still %s when its time is up: %s", e.Function, e.Status, strings.TrimSuffix(e.Reason, "."))
}

// explain returns why AWS says that a function did not become what a waiter waited for: a [FailedError], an [UnfinishedError], or else the
// waiter's error.
func (c *Cloud) explain(ctx context.Context, name string, err error) error {
	if IsRefused(err) {
		return err // the waiter was not answered, so that it is not the function that failed
	}
	late := ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainTimeout)
	defer cancel()
	output, findErr := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	switch {
	case findErr != nil:
		return err
	case output.State == types.StateFailed:
		return &FailedError{Function: name, Code: string(output.StateReasonCode), Reason: aws.ToString(output.StateReason)}
	case output.LastUpdateStatus == types.LastUpdateStatusFailed:
		return &FailedError{
			Function: name, Update: true,
			Code: string(output.LastUpdateStatusReasonCode), Reason: aws.ToString(output.LastUpdateStatusReason),
		}
	case late && output.State == types.StatePending:
		return &UnfinishedError{Function: name, Status: string(output.State), Reason: aws.ToString(output.StateReason)}
	case late && output.LastUpdateStatus == types.LastUpdateStatusInProgress:
		return &UnfinishedError{Function: name, Status: "being updated", Reason: aws.ToString(output.LastUpdateStatusReason)}
	default:
		return err
	}
}

// explainTimeout is how long the question may take why something failed, when the time for that is up.
const explainTimeout = 20 * time.Second

// redact keeps an environment's values out of an error. Lambda repeats all of them in its answer to an environment that is too large, and
// may do so elsewhere.
func (f Function) redact(err error, environment map[string]string) error {
	const measured = "String measured:"
	text := err.Error()
	if before, _, ok := strings.Cut(text, measured); ok {
		return fmt.Errorf("%s(the environment's values are left out here)", before)
	}
	public := strings.Join([]string{f.Name, f.ImageURI, f.RoleARN}, " ")
	names := slices.SortedFunc(maps.Keys(environment), func(a, b string) int {
		return cmp.Compare(len(environment[b]), len(environment[a])) // a value may be part of a longer one
	})
	for _, name := range names {
		value := environment[name]
		if len(value) < minSecret || strings.Contains(public, value) {
			continue
		}
		for _, form := range append(inJSON(value), value) {
			text = strings.ReplaceAll(text, form, "(the value of "+name+")")
		}
	}
	if text != err.Error() {
		return errors.New(text)
	}
	return err
}

// inJSON returns the forms that a text has in JSON, without its quotes.
func inJSON(text string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // strings always marshal
	}
	return []string{strings.TrimSuffix(strings.TrimPrefix(quote(text), `"`), `"`), strings.TrimSuffix(strings.TrimPrefix(plain.String(), `"`), "\"\n")}
}

// minSecret is how long a value is at least, in bytes, that is looked for in errors: shorter ones are part of any text.
const minSecret = 4

// remaining returns the time until ctx ends, as the SDK's waiters want it. Without a deadline it is what Lambda may take at most.
func remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(time.Until(deadline), time.Second)
	}
	return 10 * time.Minute
}
