package cloud

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// NotFoundError says that an object does not exist (any more).
type NotFoundError struct {
	// Object names it, such as "queue acme-jobs".
	Object string
}

// Error returns the object and that it does not exist.
func (e *NotFoundError) Error() string { return e.Object + " does not exist" }

// IsNotFound reports whether err says that an object does not exist.
func IsNotFound(err error) bool {
	_, ok := errors.AsType[*NotFoundError](err)
	return ok
}

// IsDenied reports whether err says that the credentials may not do what was asked.
func IsDenied(err error) bool {
	return hasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
}

// hasCode reports whether err is an answer of AWS with one of these codes. SQS's codes differ in their prefix between the two
// protocols it speaks, so only what follows the last dot counts.
func hasCode(err error, codes ...string) bool {
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	code := apiErr.ErrorCode()
	if dot := strings.LastIndexByte(code, '.'); dot >= 0 {
		code = code[dot+1:]
	}
	return slices.Contains(codes, code)
}

// ignore returns nil for an answer of AWS with one of these codes.
func ignore(err error, codes ...string) error {
	if hasCode(err, codes...) {
		return nil
	}
	return err
}
