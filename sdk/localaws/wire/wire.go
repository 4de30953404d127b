// Package wire speaks the protocols in which AWS services are called: JSON 1.0 and 1.1, query with XML answers, and the
// errors of each. Services register plain Go functions; everything about HTTP stays here.
package wire

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// AccountID is the account that owns everything in localaws.
const AccountID = "000000000000"

// DefaultRegion is used for requests that are not signed and so name no region.
const DefaultRegion = "us-east-1"

// Call is what a request says about itself besides its operation and input.
type Call struct {
	AccessKey string // that the request is signed with; empty if unsigned
	Region    string // from the credential scope of the signature
	Service   string // likewise, the signing name, such as "sqs"; empty if unsigned
	Host      string // host:port under which the client reached us
	RequestID string
}

type callKey struct{}

// CallFrom returns the call that ctx belongs to. Work that no client asked for (a mapping's poller) has the zero Call's
// defaults, so it should carry ARNs rather than rely on the region.
func CallFrom(ctx context.Context) Call {
	if call, ok := ctx.Value(callKey{}).(Call); ok {
		return call
	}
	return Call{Region: DefaultRegion}
}

// WithCall attaches what r says about itself to its context and gives it a request ID.
func WithCall(r *http.Request) *http.Request {
	accessKey, region, service := credential(r)
	call := Call{AccessKey: accessKey, Region: region, Service: service, Host: r.Host, RequestID: uuid.NewString()}
	return r.WithContext(context.WithValue(r.Context(), callKey{}, call))
}

// WithRegion returns a context whose call is the one of ctx, but in another region. It is for calling operations in-process.
func WithRegion(ctx context.Context, region string) context.Context {
	call := CallFrom(ctx)
	call.Region = region
	return context.WithValue(ctx, callKey{}, call)
}

// credential reads access key, region and service from "Credential=AKID/20261123/eu-west-1/sqs/aws4_request", in the header or,
// for a presigned URL, in the query.
func credential(r *http.Request) (accessKey, region, service string) {
	named := r.URL.Query().Get("X-Amz-Credential")
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		named, _, _ = strings.Cut(rest, ",")
	}
	parts := strings.Split(strings.TrimSpace(named), "/")
	if len(parts) < 5 {
		return "", DefaultRegion, ""
	}
	return strings.Join(parts[:len(parts)-4], "/"), parts[len(parts)-3], parts[len(parts)-2]
}

// ARN builds an ARN of this account in the region of ctx's call.
func ARN(ctx context.Context, service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, CallFrom(ctx).Region, AccountID, resource)
}

// Error is an AWS API error as clients see it.
type Error struct {
	Code    string         // such as "ResourceNotFoundException"
	Message string         // for people
	Status  int            // HTTP status; 400 if zero
	Query   string         // the code that older SQS clients expect, sent as x-amzn-query-error; empty if the same
	Fields  map[string]any // further members of the error's shape
}

// Errorf makes a client error (HTTP 400).
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithStatus returns a copy of e that is answered with an HTTP status other than 400.
func (e *Error) WithStatus(status int) *Error {
	c := *e
	c.Status = status
	return &c
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status that e is answered with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}
