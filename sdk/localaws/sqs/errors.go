package sqs

import (
	"fmt"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// The shapes that the model of SQS defines live in its own namespace; general ones in that of the framework AWS is built on.
const (
	modelNamespace     = "com.amazonaws.sqs#"
	frameworkNamespace = "com.amazon.coral.service#"
	queryNamespace     = "AWS.SimpleQueueService."
)

// modelled makes an error of the SQS model. Query is the code that clients of the query protocol, and botocore, call it by.
func modelled(name, query, format string, args ...any) *wire.Error {
	return &wire.Error{Code: modelNamespace + name, Query: query, Message: fmt.Sprintf(format, args...)}
}

// invalid is a parameter with a value that SQS does not accept.
func invalid(format string, args ...any) *wire.Error {
	return &wire.Error{
		Code:    frameworkNamespace + "InvalidParameterValueException",
		Query:   "InvalidParameterValue",
		Message: fmt.Sprintf(format, args...),
	}
}

// invalidValue is invalid in the words that SQS uses for most parameters.
func invalidValue(value any, parameter, reason string) *wire.Error {
	return invalid("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missing(parameter string) *wire.Error {
	return &wire.Error{
		Code:    frameworkNamespace + "MissingRequiredParameterException",
		Query:   "MissingParameter",
		Message: fmt.Sprintf("The request must contain the parameter %s.", parameter),
	}
}

func queueDoesNotExist() *wire.Error {
	return modelled("QueueDoesNotExist", queryNamespace+"NonExistentQueue", "The specified queue does not exist.")
}

func invalidAttributeName(format string, args ...any) *wire.Error {
	return modelled("InvalidAttributeName", "InvalidAttributeName", format, args...)
}

func unknownAttribute(name string) *wire.Error {
	return invalidAttributeName("Unknown Attribute %s.", name)
}

// invalidAttributeValue names the attribute; reason may be empty.
func invalidAttributeValue(name, reason string) *wire.Error {
	message := fmt.Sprintf("Invalid value for the parameter %s.", name)
	if reason != "" {
		message += " Reason: " + reason
	}
	return modelled("InvalidAttributeValue", "InvalidAttributeValue", "%s", message)
}

func invalidReceiptHandle(handle string) *wire.Error {
	return modelled("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
		"The input receipt handle %q is not a valid receipt handle.", handle)
}

func expiredReceiptHandle(handle string) *wire.Error {
	return invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.")
}

func invalidContents() *wire.Error {
	return modelled("InvalidMessageContents", "InvalidMessageContents", "Invalid characters found. Valid unicode characters are "+
		"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

func resourceNotFound(format string, args ...any) *wire.Error {
	return modelled("ResourceNotFoundException", "ResourceNotFoundException", format, args...).WithStatus(404)
}
