package localaws

import (
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// datedPath is how REST APIs such as Lambda's begin: "/2015-03-31/functions".
var datedPath = regexp.MustCompile(`^/\d{4}-\d{2}-\d{2}/`)

// router finds out which service a request is for, since all of them share one port.
type router struct {
	log      *slog.Logger
	registry http.Handler
	lambda   http.Handler
	status   http.Handler            // what a browser sees
	targets  map[string]http.Handler // by what precedes the dot in X-Amz-Target
	versions map[string]http.Handler // by the Version of AWS query
	signers  map[string]http.Handler // by the name that requests are signed for, where paths alone say too little
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	r = wire.WithCall(r)
	handler, operation := rt.route(r)
	answer := &recorder{ResponseWriter: w, status: http.StatusOK}
	handler.ServeHTTP(answer, r)
	call := wire.CallFrom(r.Context())
	rt.log.DebugContext(r.Context(), "request",
		"method", r.Method, "path", r.URL.Path, "operation", operation, "region", call.Region,
		"status", answer.status, "duration", time.Since(start), "request_id", call.RequestID)
}

// route finds the handler of a request and names its operation for the log.
func (rt *router) route(r *http.Request) (handler http.Handler, operation string) {
	if r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/") {
		return rt.registry, ""
	}
	if datedPath.MatchString(r.URL.Path) {
		return rt.lambda, ""
	}
	if handler, ok := rt.signers[wire.CallFrom(r.Context()).Service]; ok {
		return handler, ""
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		service, _, _ := strings.Cut(target, ".")
		if handler, ok := rt.targets[service]; ok {
			return handler, target
		}
		return rt.unsupportedJSON(), target
	}
	if isForm(r) && r.ParseForm() == nil && r.Form.Has("Action") {
		if handler, ok := rt.versions[r.Form.Get("Version")]; ok {
			return handler, r.Form.Get("Action")
		}
		return &wire.QueryService{Log: rt.log}, r.Form.Get("Action")
	}
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" {
		return rt.status, ""
	}
	return rt.unsupportedPath(), ""
}

// isForm tells whether the parameters of AWS query can be read without eating another protocol's body.
func isForm(r *http.Request) bool {
	if r.Method == http.MethodGet {
		return r.URL.Query().Has("Action")
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

// unsupportedJSON answers for services that are not here and speak AWS JSON.
func (rt *router) unsupportedJSON() http.Handler {
	return &wire.JSONService{Version: "1.1", Log: rt.log}
}

// unsupportedPath answers for services that are not here and speak REST, such as S3.
func (rt *router) unsupportedPath() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt.log.WarnContext(r.Context(), "unsupported operation",
			"method", r.Method, "path", r.URL.Path, "service", wire.CallFrom(r.Context()).Service)
		w.Header().Set("X-Amzn-Errortype", "UnknownOperationException")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("x-amzn-RequestId", wire.CallFrom(r.Context()).RequestID)
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"__type":"UnknownOperationException","message":"localaws does not offer this service."}`))
	})
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter

	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
