package lambda

import (
	"context"
	"regexp"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// reference is a function as requests name it: by name, partial ARN or ARN, each with or without a qualifier.
type reference struct {
	arn       string // unqualified
	name      string
	qualifier string // "$LATEST", a number or an alias; empty if none was given
}

// qualified is the ARN with the qualifier, if there is one.
func (r reference) qualified() string {
	if r.qualifier == "" {
		return r.arn
	}
	return r.arn + ":" + r.qualifier
}

const functionNamePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?` +
	`(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`

const qualifierPattern = `\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`

var (
	functionNames = regexp.MustCompile(`^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?` +
		`([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)
	qualifiers = regexp.MustCompile(`^(?:\$LATEST|[a-zA-Z0-9-_$]+)$`)
	numbers    = regexp.MustCompile(`^[0-9]+$`)
)

// parseReference reads a function's name as a request gives it, with the qualifier that may be given beside it.
func parseReference(ctx context.Context, name, qualifier string) (reference, error) {
	match := functionNames.FindStringSubmatch(name)
	if match == nil {
		return reference{}, invalidValue(name, "functionName", "Member must satisfy regular expression pattern: "+functionNamePattern)
	}
	region, account, base, inName := match[1], match[2], match[3], match[4]
	if len(name) > 140 {
		return reference{}, invalidValue(name, "functionName", "Member must have length less than or equal to 140")
	}
	if len(base) > 64 {
		return reference{}, invalidParameter("%s", invalidValue(base, "functionName", "Member must have length less than or equal to 64").Message)
	}
	call := wire.CallFrom(ctx)
	if region != "" && region != call.Region {
		return reference{}, notFound("Functions from '%s' are not reachable in this region ('%s')", region, call.Region)
	}
	if account != "" && account != wire.AccountID {
		return reference{}, accessDenied()
	}
	if qualifier != "" && !qualifiers.MatchString(qualifier) {
		return reference{}, invalidValue(qualifier, "qualifier", "Member must satisfy regular expression pattern: "+qualifierPattern)
	}
	if inName != "" && qualifier != "" && inName != qualifier {
		return reference{}, invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier == "" {
		qualifier = inName
	}
	return reference{arn: wire.ARN(ctx, "lambda", "function:"+base), name: base, qualifier: qualifier}, nil
}

// referenceOfARN takes an ARN of this service apart; the caller knows it to be one.
func referenceOfARN(arn string) reference {
	parts := strings.Split(arn, ":")
	r := reference{arn: strings.Join(parts[:7], ":"), name: parts[6]}
	if len(parts) > 7 {
		r.qualifier = parts[7]
	}
	return r
}

// regionOf is the region in an ARN.
func regionOf(arn string) string { return strings.Split(arn, ":")[3] }
