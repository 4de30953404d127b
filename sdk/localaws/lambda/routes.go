package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// route serves an operation, which has its name from IAM.
type route struct {
	operation string
	http.Handler
}

// addRoutes maps the API's requests to operations. The date in each path is the version in which AWS introduced it.
func (s *Service) addRoutes() {
	const functions, function = "/2015-03-31/functions", "/2015-03-31/functions/{FunctionName}"
	const mappings, mapping = "/2015-03-31/event-source-mappings", "/2015-03-31/event-source-mappings/{UUID}"
	const ok, created, accepted, none = http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent
	for pattern, route := range map[string]route{
		"POST " + functions:                  {"CreateFunction", operation(s, created, s.CreateFunction)},
		"GET " + functions:                   {"ListFunctions", operation(s, ok, s.ListFunctions)},
		"GET " + function:                    {"GetFunction", operation(s, ok, s.GetFunction)},
		"DELETE " + function:                 {"DeleteFunction", operation(s, none, s.DeleteFunction)},
		"GET " + function + "/configuration": {"GetFunctionConfiguration", operation(s, ok, s.GetFunctionConfiguration)},
		"PUT " + function + "/configuration": {"UpdateFunctionConfiguration", operation(s, ok, s.UpdateFunctionConfiguration)},
		"PUT " + function + "/code":          {"UpdateFunctionCode", operation(s, ok, s.UpdateFunctionCode)},
		"POST " + function + "/versions":     {"PublishVersion", operation(s, created, s.PublishVersion)},
		"GET " + function + "/versions":      {"ListVersionsByFunction", operation(s, ok, s.ListVersionsByFunction)},
		"POST " + function + "/invocations":  {"InvokeFunction", http.HandlerFunc(s.serveInvoke)},
		"GET " + function + "/policy":        {"GetPolicy", operation(s, ok, s.GetPolicy)},

		"POST " + function + "/aliases":          {"CreateAlias", operation(s, created, s.CreateAlias)},
		"GET " + function + "/aliases":           {"ListAliases", operation(s, ok, s.ListAliases)},
		"GET " + function + "/aliases/{Name}":    {"GetAlias", operation(s, ok, s.GetAlias)},
		"PUT " + function + "/aliases/{Name}":    {"UpdateAlias", operation(s, ok, s.UpdateAlias)},
		"DELETE " + function + "/aliases/{Name}": {"DeleteAlias", operation(s, none, s.DeleteAlias)},

		"PUT /2017-10-31/functions/{FunctionName}/concurrency":    {"PutFunctionConcurrency", operation(s, ok, s.PutFunctionConcurrency)},
		"GET /2019-09-30/functions/{FunctionName}/concurrency":    {"GetFunctionConcurrency", operation(s, ok, s.GetFunctionConcurrency)},
		"DELETE /2017-10-31/functions/{FunctionName}/concurrency": {"DeleteFunctionConcurrency", operation(s, none, s.DeleteFunctionConcurrency)},

		"POST " + mappings:  {"CreateEventSourceMapping", operation(s, accepted, s.CreateEventSourceMapping)},
		"GET " + mappings:   {"ListEventSourceMappings", operation(s, ok, s.ListEventSourceMappings)},
		"GET " + mapping:    {"GetEventSourceMapping", operation(s, ok, s.GetEventSourceMapping)},
		"PUT " + mapping:    {"UpdateEventSourceMapping", operation(s, accepted, s.UpdateEventSourceMapping)},
		"DELETE " + mapping: {"DeleteEventSourceMapping", operation(s, accepted, s.DeleteEventSourceMapping)},

		"POST /2017-03-31/tags/{Resource}":   {"TagResource", operation(s, none, s.TagResource)},
		"GET /2017-03-31/tags/{Resource}":    {"ListTags", operation(s, ok, s.ListTags)},
		"DELETE /2017-03-31/tags/{Resource}": {"UntagResource", operation(s, none, s.UntagResource)},

		"GET /2016-08-19/account-settings":                                   {"GetAccountSettings", operation(s, ok, s.GetAccountSettings)},
		"GET /2024-08-31/functions/{FunctionName}/recursion-config":          {"GetFunctionRecursionConfig", operation(s, ok, s.GetFunctionRecursionConfig)},
		"PUT /2024-08-31/functions/{FunctionName}/recursion-config":          {"PutFunctionRecursionConfig", operation(s, ok, s.PutFunctionRecursionConfig)},
		"GET /2020-06-30/functions/{FunctionName}/code-signing-config":       {"GetFunctionCodeSigningConfig", operation(s, ok, s.GetFunctionCodeSigningConfig)},
		"GET /2021-07-20/functions/{FunctionName}/runtime-management-config": {"GetRuntimeManagementConfig", operation(s, ok, s.GetRuntimeManagementConfig)},
		"GET /2019-09-25/functions/{FunctionName}/event-invoke-config":       {"GetFunctionEventInvokeConfig", operation(s, ok, s.GetFunctionEventInvokeConfig)},
		"GET /2021-10-31/functions/{FunctionName}/url":                       {"GetFunctionUrlConfig", operation(s, ok, s.GetFunctionUrlConfig)},
		"GET /2019-09-30/functions/{FunctionName}/provisioned-concurrency":   {"GetProvisionedConcurrencyConfig", operation(s, ok, s.GetProvisionedConcurrencyConfig)},
		"GET /2019-09-25/functions/{FunctionName}/event-invoke-config/list":  {"ListFunctionEventInvokeConfigs", operation(s, ok, s.ListFunctionEventInvokeConfigs)},
		"GET /2021-10-31/functions/{FunctionName}/urls":                      {"ListFunctionUrlConfigs", operation(s, ok, s.ListFunctionUrlConfigs)},
		"/": {"", http.HandlerFunc(s.serveUnknown)},
	} {
		s.routes.Handle(pattern, route)
		s.operations[pattern] = route.operation
	}
}

// Operation names the operation that a request is for, such as "CreateFunction"; empty if there is none.
func (s *Service) Operation(r *http.Request) string {
	_, pattern := s.routes.Handler(trimmed(r))
	return s.operations[pattern]
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.routes.ServeHTTP(w, trimmed(r))
}

// trimmed is a request without the slash in which older clients end the paths of collections.
func trimmed(r *http.Request) *http.Request {
	if len(r.URL.Path) <= 1 || !strings.HasSuffix(r.URL.Path, "/") {
		return r
	}
	url := *r.URL
	url.Path = strings.TrimSuffix(url.Path, "/")
	url.RawPath = strings.TrimSuffix(url.RawPath, "/")
	r2 := *r
	r2.URL = &url
	return &r2
}

func (s *Service) serveUnknown(w http.ResponseWriter, r *http.Request) {
	s.log.WarnContext(r.Context(), "unsupported operation", "service", "lambda", "method", r.Method, "path", r.URL.Path)
	s.fail(w, r, wire.Errorf("UnknownOperationException", "The operation %s %s is not supported by localaws.", r.Method, r.URL.Path).
		WithStatus(http.StatusNotFound))
}

// operation serves fn. Its input comes from the body and from what the members' tags name: `path:"…"` is a part of the path,
// `query:"…"` a parameter.
func operation[In, Out any](s *Service, status int, fn func(context.Context, In) (Out, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := decode(r, &in); err != nil {
			s.fail(w, r, err)
			return
		}
		out, err := fn(r.Context(), in)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("x-amzn-RequestId", wire.CallFrom(r.Context()).RequestID)
		if status == http.StatusNoContent {
			w.WriteHeader(status)
			return
		}
		s.write(w, r, status, out)
	})
}

func decode(r *http.Request, in any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return wire.Errorf("SerializationException", "read request: %s", err)
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, in); err != nil {
			return invalidRequestContent(err)
		}
	}
	members := reflect.ValueOf(in).Elem()
	for i := range members.NumField() {
		tag := members.Type().Field(i).Tag
		var values []string
		if name, ok := tag.Lookup("path"); ok {
			values = []string{r.PathValue(name)}
		} else if name, ok := tag.Lookup("query"); ok {
			values = r.URL.Query()[name]
		}
		if len(values) == 0 {
			continue
		}
		switch field := members.Field(i); field.Kind() {
		case reflect.Int:
			n, err := strconv.Atoi(values[0])
			if err != nil {
				return wire.Errorf("SerializationException", "%s is not a number", values[0])
			}
			field.SetInt(int64(n))
		case reflect.Slice:
			field.Set(reflect.ValueOf(values))
		default:
			field.SetString(values[0])
		}
	}
	return nil
}

func invalidRequestContent(err error) *wire.Error {
	return wire.Errorf("InvalidRequestContentException", "Could not parse request body into json: %s", err)
}

// lowerCaseMessage lists the errors whose shape spells its member "message"; all others spell it "Message".
var lowerCaseMessage = []string{
	"InvalidParameterValueException", "InvalidRequestContentException", "PreconditionFailedException", "RequestTooLargeException",
	"ResourceConflictException", "TooManyRequestsException", "ValidationException", "UnknownOperationException",
	"ProvisionedConcurrencyConfigNotFoundException",
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := wire.AsError(err)
	if _, ok := errors.AsType[*wire.Error](err); !ok {
		s.log.ErrorContext(r.Context(), "operation failed", "service", "lambda", "method", r.Method, "path", r.URL.Path, "error", err)
		answer.Code = "ServiceException"
	}
	body := map[string]any{"Type": "User"}
	if answer.HTTPStatus() >= http.StatusInternalServerError {
		body["Type"] = "Service"
	}
	maps.Copy(body, answer.Fields)
	if slices.Contains(lowerCaseMessage, answer.Code) {
		body["message"] = answer.Message
	} else {
		body["Message"] = answer.Message
	}
	w.Header().Set("x-amzn-ErrorType", answer.Code)
	s.write(w, r, answer.HTTPStatus(), body)
}

func (s *Service) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		s.log.ErrorContext(r.Context(), "encode answer", "service", "lambda", "error", err)
		status, encoded = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", wire.CallFrom(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that hung up is no concern of ours
}
