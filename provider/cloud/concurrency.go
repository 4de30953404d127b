package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// ConcurrencyLimits are the account's, for all functions of the region together.
type ConcurrencyLimits struct {
	// Total is how many invocations can run at once.
	Total int
	// Unreserved is what of Total no function has reserved.
	Unreserved int
}

// Floor returns how much of the total AWS leaves unreserved at least: 100, or all of it in accounts that have no more.
func (l ConcurrencyLimits) Floor() int { return min(100, l.Total) }

// Limits returns the account's concurrency limits. It asks once.
func (c *Cloud) Limits(ctx context.Context) (ConcurrencyLimits, error) {
	return c.limits.Get(ctx, func(ctx context.Context) (ConcurrencyLimits, error) {
		output, err := c.lambda.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
		if err != nil {
			return ConcurrencyLimits{}, fmt.Errorf("read the account's concurrency limits: %w", err)
		}
		if output.AccountLimit == nil || output.AccountLimit.UnreservedConcurrentExecutions == nil {
			return ConcurrencyLimits{}, fmt.Errorf("read the account's concurrency limits: AWS sent none")
		}
		return ConcurrencyLimits{
			Total:      int(output.AccountLimit.ConcurrentExecutions),
			Unreserved: int(*output.AccountLimit.UnreservedConcurrentExecutions),
		}, nil
	})
}

// SetReserved sets the reserved concurrency of a function, or removes it if reserved is nil.
func (c *Cloud) SetReserved(ctx context.Context, name string, reserved *int32) error {
	if reserved == nil {
		_, err := retry(ctx, func() (*lambda.DeleteFunctionConcurrencyOutput, error) {
			return c.lambda.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
		})
		if err != nil {
			return fmt.Errorf("remove reserved concurrency of function %s: %w", name, err)
		}
		return nil
	}
	_, err := retry(ctx, func() (*lambda.PutFunctionConcurrencyOutput, error) {
		return c.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName:                 &name,
			ReservedConcurrentExecutions: reserved,
		})
	})
	if err != nil {
		return fmt.Errorf("reserve concurrency %d for function %s: %w", *reserved, name, err)
	}
	return nil
}
