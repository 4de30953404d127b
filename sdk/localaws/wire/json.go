package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
)

// Operation decodes its own input and returns what is to be encoded as the answer.
type Operation func(ctx context.Context, input []byte) (any, error)

// Op makes an Operation of a typed function. An input that does not fit its type is AWS's SerializationException.
func Op[In, Out any](fn func(context.Context, In) (Out, error)) Operation {
	return func(ctx context.Context, input []byte) (any, error) {
		var in In
		if len(input) > 0 {
			if err := json.Unmarshal(input, &in); err != nil {
				return nil, Errorf("SerializationException", "%s", err)
			}
		}
		return fn(ctx, in)
	}
}

// Empty is the output of operations that answer with nothing but their success.
type Empty struct{}

// JSONService serves the operations of one service that speaks AWS JSON, where the header X-Amz-Target names the operation.
type JSONService struct {
	Target     string // the prefix before the dot in X-Amz-Target, such as "AmazonSQS"
	Version    string // "1.0" or "1.1"
	Operations map[string]Operation
	Log        *slog.Logger
}

func (s *JSONService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	name := strings.TrimPrefix(target, s.Target+".")
	operation, ok := s.Operations[name]
	if !ok {
		s.Log.WarnContext(r.Context(), "unsupported operation", "target", target)
		s.Fail(w, r, Errorf("UnknownOperationException", "The operation %s is not supported by localaws.", name))
		return
	}
	input, err := io.ReadAll(r.Body)
	if err != nil {
		s.Fail(w, r, Errorf("SerializationException", "read request: %s", err))
		return
	}
	output, err := operation(r.Context(), input)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.write(w, r, http.StatusOK, output)
}

// Fail answers a request with an error.
func (s *JSONService) Fail(w http.ResponseWriter, r *http.Request, err error) {
	apiErr := AsError(err)
	if apiErr.HTTPStatus() >= http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "operation failed", "target", r.Header.Get("X-Amz-Target"), "error", err)
	}
	if apiErr.Query != "" {
		w.Header().Set("x-amzn-query-error", apiErr.Query+";Sender")
	}
	body := map[string]any{"__type": apiErr.Code, "message": apiErr.Message}
	maps.Copy(body, apiErr.Fields)
	s.write(w, r, apiErr.HTTPStatus(), body)
}

func (s *JSONService) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "encode answer", "error", err)
		status, encoded = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+s.Version)
	w.Header().Set("x-amzn-RequestId", CallFrom(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that hung up is no concern of ours
}

// AsError finds the API error in err's chain; anything else is AWS's InternalFailure.
func AsError(err error) *Error {
	if apiErr, ok := errors.AsType[*Error](err); ok {
		return apiErr
	}
	return &Error{Code: "InternalFailure", Message: fmt.Sprintf("localaws: %s", err), Status: http.StatusInternalServerError}
}
