package lambda

import (
	"net/http"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

func invalidParameter(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

// invalidValue is the answer to a value that breaks one constraint of the API's model.
func invalidValue(value, parameter, constraint string) *wire.Error {
	return wire.Errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s",
		value, parameter, constraint)
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", format, args...).WithStatus(http.StatusNotFound)
}

func functionNotFound(ref reference) *wire.Error {
	return notFound("Function not found: %s", ref.qualified())
}

// noSuchResource is the answer where AWS does not say what is missing.
func noSuchResource() *wire.Error { return notFound("The resource you requested does not exist.") }

func conflict(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceConflictException", format, args...).WithStatus(http.StatusConflict)
}

func accessDenied() *wire.Error {
	return wire.Errorf("AccessDeniedException", "Functions of other accounts are not accessible.").WithStatus(http.StatusForbidden)
}

func preconditionFailed() *wire.Error {
	return wire.Errorf("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. "+
		"Call the GetFunction/GetAlias API to retrieve the latest Revision Id").WithStatus(http.StatusPreconditionFailed)
}

// tooManyRequests is the answer to an invocation for which there is no room.
func tooManyRequests(reason string) *wire.Error {
	err := wire.Errorf("TooManyRequestsException", "Rate Exceeded.").WithStatus(http.StatusTooManyRequests)
	err.Fields = map[string]any{"Reason": reason}
	return err
}
