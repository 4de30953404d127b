package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

var errNoTable = errors.New("it has no name: give dynamostore.New one, such as that in an environment variable of the function")

// failed says what a call was for and what to do about its failure. It does not tell the key, which may be made of an event's data.
func (s *Store) failed(act string, err error) error {
	err = fmt.Errorf("%s an entry in the idempotency table %q: %w", act, s.table, err)
	if advice := s.advice(err); advice != "" {
		return fmt.Errorf("%w; %s", err, advice)
	}
	return err
}

// advice is what to do about an error, "" if it is no matter of the table or says so itself.
func (s *Store) advice(err error) string {
	if errors.Is(err, errNoTable) || errors.Is(err, errForeign) || errors.Is(err, context.Canceled) {
		return ""
	}
	code := ""
	if apiErr, ok := errors.AsType[smithy.APIError](err); ok {
		code = apiErr.ErrorCode()
	}
	switch code {
	case "ResourceNotFoundException":
		return fmt.Sprintf("create it in the function's region, with the partition key %q of type string, or correct its name", s.id)
	case "AccessDeniedException":
		return "allow the function's role dynamodb:PutItem and dynamodb:DeleteItem on the table, by the policy of the handler_function"
	case "ValidationException":
		return fmt.Sprintf("check that its partition key is %q of type string, and that it has no sort key", s.id)
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return "raise its capacity, or set its billing mode to PAY_PER_REQUEST"
	case "":
		return "check that the function can reach DynamoDB (network, endpoint, credentials)"
	}
	return ""
}
