package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Account returns the ID of the account that the credentials belong to. It asks once.
func (c *Cloud) Account(ctx context.Context) (string, error) {
	return c.account.Get(ctx, func(ctx context.Context) (string, error) {
		identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", fmt.Errorf("find out which account the credentials belong to: %w", err)
		}
		return aws.ToString(identity.Account), nil
	})
}
