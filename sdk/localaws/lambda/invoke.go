package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// maxAsyncPayload is what an asynchronous invocation may carry, in bytes.
const maxAsyncPayload = 1 << 20

// serveInvoke answers the Invoke operation, whose input and output are the payload itself.
func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request) {
	kind := r.Header.Get("X-Amz-Invocation-Type")
	if kind == "" {
		kind = "RequestResponse"
	}
	i, ref, err := s.readInvocation(r, kind)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("x-amzn-RequestId", i.requestID)
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	case "Event":
		s.start(func(ctx context.Context) { s.invokeAsync(ctx, ref, i) })
		w.WriteHeader(http.StatusAccepted)
	default:
		version, err := s.execute(ref, i)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		i.respond(w, version, r.Header.Get("X-Amz-Log-Type") == "Tail")
	}
}

// readInvocation checks a request for an invocation and that the function can be invoked.
func (s *Service) readInvocation(r *http.Request, kind string) (*invocation, reference, error) {
	var violated constraints
	violated.oneOf(kind, "invocationType", "Event", "RequestResponse", "DryRun")
	violated.oneOf(r.Header.Get("X-Amz-Log-Type"), "logType", "None", "Tail")
	if err := violated.err(); err != nil {
		return nil, reference{}, err
	}
	ref, err := parseReference(r.Context(), r.PathValue("FunctionName"), r.URL.Query().Get("Qualifier"))
	if err != nil {
		return nil, ref, err
	}
	limit := maxPayload
	if kind == "Event" {
		limit = maxAsyncPayload
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload*2))
	if err != nil {
		return nil, ref, invalidRequestContent(err)
	}
	if len(payload) > limit {
		return nil, ref, wire.Errorf("RequestTooLargeException", "%d byte payload is too large for the %s invocation type (limit %d bytes)",
			len(payload), kind, limit).WithStatus(http.StatusRequestEntityTooLarge)
	}
	if len(payload) > 0 && !json.Valid(payload) {
		return nil, ref, wire.Errorf("InvalidRequestContentException",
			"Could not parse request body into json: Could not parse payload into json: the payload is not a valid JSON value")
	}
	clientContext, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Amz-Client-Context"))
	if err != nil {
		return nil, ref, wire.Errorf("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	if _, err := s.invocable(ref); err != nil {
		return nil, ref, err
	}
	i := newInvocation(ref.qualified(), payload)
	i.clientContext = string(clientContext)
	return i, ref, nil
}

// respond writes how the invocation went to its caller.
func (i *invocation) respond(w http.ResponseWriter, version string, withLog bool) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Amz-Executed-Version", version)
	if withLog {
		header.Set("X-Amz-Log-Result", i.encodedTail())
	}
	payload := i.response
	if i.failure != nil {
		header.Set("X-Amz-Function-Error", "Unhandled")
		payload = i.failure.payload
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(payload) // a client that hung up is no concern of ours
}

// invocable returns what a function is to be invoked with now.
func (s *Service) invocable(ref reference) (*deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.invocableLocked(ref)
}

func (s *Service) invocableLocked(ref reference) (*deployment, error) {
	if s.ctx.Err() != nil {
		return nil, errRetired
	}
	_, v, err := s.lookUpLocked(ref)
	if err != nil {
		return nil, err
	}
	if v.deployment == nil {
		return nil, conflict("The operation cannot be performed at this time. The function is currently in the following state: %s",
			v.config.State)
	}
	return v.deployment, nil
}

// execute runs an invocation to its end, even if nobody waits for it any more, and returns the version that ran. The error is that of
// the API, such as throttling; how the function fared is in the invocation.
func (s *Service) execute(ref reference, i *invocation) (version string, err error) {
	if err := s.concurrency.acquire(ref.arn); err != nil {
		return "", err
	}
	defer s.concurrency.release(ref.arn)
	for {
		d, err := s.invocable(ref)
		if err != nil {
			return "", err
		}
		err = d.invoke(i)
		if errors.Is(err, errRetired) {
			continue // there is a newer one, or none
		}
		return d.version, err
	}
}

// Lambda tries an asynchronous invocation that fails again after one minute and after two more. One for which there is no room it
// tries for six hours.
const (
	asyncRetries    = 2
	asyncRetryDelay = time.Minute
	asyncMaximumAge = 6 * time.Hour
	asyncMaxBackoff = 5 * time.Minute
)

func (s *Service) invokeAsync(ctx context.Context, ref reference, first *invocation) {
	began, backoff := time.Now(), time.Second
	for attempt := 0; time.Since(began) < asyncMaximumAge; {
		i := newInvocation(first.arn, first.payload)
		i.requestID, i.clientContext, i.traceID = first.requestID, first.clientContext, first.traceID
		_, err := s.execute(ref, i)
		var delay time.Duration
		switch {
		case err == nil && i.failure == nil:
			return
		case err == nil:
			if attempt++; attempt > asyncRetries {
				return
			}
			delay = time.Duration(attempt) * asyncRetryDelay
		case wire.AsError(err).Code == "TooManyRequestsException":
			delay = backoff
			backoff = min(2*backoff, asyncMaxBackoff)
		default:
			s.log.WarnContext(ctx, "drop event", "function", ref.qualified(), "error", err)
			return
		}
		if !wait(ctx, delay) {
			return
		}
	}
}

// wait returns after d, or false as soon as ctx ends.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
