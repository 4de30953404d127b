package cloud

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// ExistsError says that an object cannot be made because there is one of its name, which is somebody else's.
type ExistsError struct {
	// Object names it, such as "function acme-jobs".
	Object string
	// Else is what is different about it, such as "with other attributes"; it may be empty.
	Else string
	// ID is what it is imported by; empty if it cannot be.
	ID string
}

// Error returns the object, that it exists, and what to do.
func (e *ExistsError) Error() string {
	text := e.Object + " exists"
	if e.Else != "" {
		text += " " + e.Else
	}
	if e.ID == "" {
		return text + "; choose another name"
	}
	return text + "; import it or choose another name"
}

// IsExists reports whether err says that there is an object of this name.
func IsExists(err error) bool {
	_, ok := errors.AsType[*ExistsError](err)
	return ok
}

// IsRefused reports whether AWS answered, and answered that it did nothing. Without an answer, or after a failure of AWS itself,
// that is not known.
func IsRefused(err error) bool {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && response.HTTPStatusCode() < http.StatusInternalServerError
}

// isNoOperation reports whether err says that the endpoint knows no such operation: a 404 that is not an error of the service, as
// emulators give.
func isNoOperation(err error) bool {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || response.HTTPStatusCode() != http.StatusNotFound {
		return false
	}
	_, ofService := errors.AsType[smithy.APIError](err)
	return !ofService
}

// IsDenied reports whether err says that the credentials may not do what was asked.
func IsDenied(err error) bool {
	_, ok := errors.AsType[*DeniedError](err)
	return ok || hasCode(err, deniedCodes...)
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
