package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxPayload is what a synchronous invocation may carry each way, in bytes.
const maxPayload = 6 << 20

// invocation is one event on its way through a runtime.
type invocation struct {
	requestID     string
	arn           string // as the caller named the function
	payload       []byte
	clientContext string // JSON
	traceID       string

	started  time.Time
	deadline time.Time
	tail     []byte        // the last of what was logged
	answered bool          // response or error is set
	complete chan struct{} // closed when the runtime asks for the next event
	response []byte
	failure  *functionError
}

func newInvocation(arn string, payload []byte) *invocation {
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	id := uuid.New()
	return &invocation{
		requestID: id.String(),
		arn:       arn,
		payload:   payload,
		traceID:   fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), id[:12], id[8:]),
		complete:  make(chan struct{}),
	}
}

// maxTail is how much of an invocation's log its caller can get, in bytes.
const maxTail = 4096

// log remembers a line for the invocation's caller.
func (i *invocation) log(message string) {
	i.tail = append(i.tail, message...)
	if excess := len(i.tail) - maxTail; excess > 0 {
		i.tail = i.tail[excess:]
	}
}

func (i *invocation) encodedTail() string { return base64.StdEncoding.EncodeToString(i.tail) }

// functionError is how a function failed: what the caller gets as payload, and what the log calls it.
type functionError struct {
	payload []byte
	kind    string // errorType, such as "Sandbox.Timedout"
	status  string // in the REPORT line, "error" or "timeout"; empty if the function itself reported the error
	reason  string // for the log; empty if the function itself reported the error
}

// platformError is an error that Lambda words itself.
func platformError(requestID, kind, reason string) *functionError {
	payload, _ := json.Marshal(struct { // strings always encode
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, "RequestId: " + requestID + " Error: " + reason})
	status := "error"
	if kind == "Sandbox.Timedout" {
		status = "timeout"
	}
	return &functionError{payload: payload, kind: kind, status: status, reason: reason}
}

// timedOut is the error of an invocation that took longer than the function may.
func timedOut(requestID string, timeout time.Duration) *functionError {
	return platformError(requestID, "Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", timeout.Seconds()))
}

// responseTooLarge is the error of a response that Lambda does not pass on.
func responseTooLarge() *functionError {
	return &functionError{kind: "Function.ResponseSizeTooLarge", payload: fmt.Appendf(nil,
		`{"errorMessage":"Response payload size exceeded maximum allowed payload size (%d bytes).","errorType":"Function.ResponseSizeTooLarge"}`,
		maxPayload)}
}

// reportedError is an error that the runtime itself reported, in the body of a request.
func reportedError(body []byte, header string) *functionError {
	var report struct {
		Type string `json:"errorType"`
	}
	_ = json.Unmarshal(body, &report) // a body without a type is passed on all the same
	kind := report.Type
	if kind == "" {
		kind = header
	}
	return &functionError{payload: body, kind: strings.TrimSpace(kind)}
}
