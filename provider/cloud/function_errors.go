package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// explain adds to the waiter's error why AWS says that the function failed.
func (c *Cloud) explain(ctx context.Context, name string, err error) error {
	output, findErr := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	switch {
	case findErr != nil:
		return err
	case output.State == types.StateFailed:
		return fmt.Errorf("%w: %s: %s", err, output.StateReasonCode, aws.ToString(output.StateReason))
	case output.LastUpdateStatus == types.LastUpdateStatusFailed:
		return fmt.Errorf("%w: %s: %s", err, output.LastUpdateStatusReasonCode, aws.ToString(output.LastUpdateStatusReason))
	default:
		return err
	}
}

// redact keeps the environment's values out of an error. Lambda repeats all of them in its answer to an environment that is too large, and
// may do so elsewhere.
func (f Function) redact(err error) error {
	const measured = "String measured:"
	text := err.Error()
	if before, _, ok := strings.Cut(text, measured); ok {
		return fmt.Errorf("%s(the environment's values are left out here)", before)
	}
	public := strings.Join([]string{f.Name, f.ImageURI, f.RoleARN}, " ")
	for name, value := range f.Environment {
		if len(value) >= minSecret && strings.Contains(text, value) && !strings.Contains(public, value) {
			text = strings.ReplaceAll(text, value, "(the value of "+name+")")
		}
	}
	if text != err.Error() {
		return errors.New(text)
	}
	return err
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
