package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
)

// runtimeAPI is the HTTP API through which a runtime gets events and answers them.
type runtimeAPI struct {
	runtime *runtime
	server  *http.Server
	address string // host:port
}

func newRuntimeAPI(rt *runtime) (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &runtimeAPI{runtime: rt, address: listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.error)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", a.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", a.extensionNext)
	mux.HandleFunc("POST /2020-01-01/extension/init/error", accepted)
	mux.HandleFunc("POST /2020-01-01/extension/exit/error", accepted)
	a.server = &http.Server{Handler: mux} // without timeouts: a runtime is frozen in the middle of a request
	go func() {
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			rt.deployment.service.log.Error("serve runtime API", "function", rt.deployment.arn, "error", err)
		}
	}()
	return a, nil
}

// close ends all requests that are waiting.
func (a *runtimeAPI) close() { _ = a.server.Close() }

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	rt := a.runtime
	rt.mu.Lock()
	if rt.current != nil && !rt.current.answered {
		rt.mu.Unlock()
		invalidState(w, "the invocation before has no response")
		return
	}
	rt.polling = true
	events := rt.events
	rt.settleLocked()
	rt.mu.Unlock()

	select {
	case <-r.Context().Done():
	case i := <-events:
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", i.requestID)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", i.arn)
		header.Set("Lambda-Runtime-Trace-Id", i.traceID)
		if i.clientContext != "" {
			header.Set("Lambda-Runtime-Client-Context", i.clientContext)
		}
		_, _ = w.Write(i.payload) // a process that is gone is noticed elsewhere
	}
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	if err != nil {
		invalidState(w, err.Error())
		return
	}
	if len(body) > maxPayload {
		if a.answer(w, r, nil, responseTooLarge()) {
			answerJSON(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the response is too large")
		}
		return
	}
	failure := trailingError(r)
	if failure != nil {
		body = nil
	}
	if a.answer(w, r, body, failure) {
		accepted(w, r)
	}
}

// trailingError is the error that a runtime met while it streamed its response.
func trailingError(r *http.Request) *functionError {
	kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		return nil
	}
	body, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil || len(body) == 0 {
		body, _ = json.Marshal(map[string]string{"errorType": kind}) // strings always encode
	}
	return reportedError(body, kind)
}

func (a *runtimeAPI) error(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		invalidState(w, err.Error())
		return
	}
	if a.answer(w, r, nil, reportedError(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))) {
		accepted(w, r)
	}
}

// answer ends the current invocation. If the request is about another one it says so and returns false.
func (a *runtimeAPI) answer(w http.ResponseWriter, r *http.Request, response []byte, failure *functionError) bool {
	rt := a.runtime
	rt.mu.Lock()
	defer rt.mu.Unlock()
	i := rt.current
	switch {
	case i == nil || i.requestID != r.PathValue("id"):
		answerJSON(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return false
	case i.answered:
		invalidState(w, "the invocation has a response already")
		return false
	}
	i.answered, i.response, i.failure = true, response, failure
	return true
}

func (a *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		invalidState(w, err.Error())
		return
	}
	rt := a.runtime
	rt.mu.Lock()
	rt.initError = reportedError(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
	rt.mu.Unlock()
	accepted(w, r)
}

// register lets a process get SIGTERM before it is killed. Events are not sent to extensions.
func (a *runtimeAPI) register(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Lambda-Extension-Name") == "" {
		answerJSON(w, http.StatusBadRequest, "Extension.InvalidExtensionName", "Lambda-Extension-Name is missing")
		return
	}
	d := a.runtime.deployment
	w.Header().Set("Lambda-Extension-Identifier", a.runtime.registerExtension())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"functionName": d.name, "functionVersion": d.version, "handler": ""})
}

func (a *runtimeAPI) extensionNext(w http.ResponseWriter, r *http.Request) {
	rt := a.runtime
	id := r.Header.Get("Lambda-Extension-Identifier")
	rt.mu.Lock()
	_, known := rt.extensions[id]
	if known {
		rt.extensions[id] = true
		rt.settleLocked()
	}
	rt.mu.Unlock()
	if !known {
		answerJSON(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "Unknown extension "+id)
		return
	}
	<-r.Context().Done()
}

func accepted(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func invalidState(w http.ResponseWriter, reason string) {
	answerJSON(w, http.StatusForbidden, "InvalidStateTransition", "State transition is not allowed: "+reason)
}

func answerJSON(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}
