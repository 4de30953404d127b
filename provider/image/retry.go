package image

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// retries of one request that failed for now: after 0.5 and 1.5 s, give or take a tenth. An upload as a whole is tried again just as
// often, so that a registry that is down fails a push within 10 s.
var retries = remote.Backoff{Duration: 500 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: 3}

// passingStatuses are answers that may be others the next time; from 499 on they are those of proxies before a registry.
var passingStatuses = []int{
	http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
	http.StatusServiceUnavailable, http.StatusGatewayTimeout, 499, 520, 521, 522, 523, 524,
}

// passes reports whether a request that failed may succeed when it is sent again. Without an answer, that is everything but what the
// network or this machine will say again; an answer says so by its status, or by an upload that the registry has lost.
func passes(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return slices.Contains(passingStatuses, answer.StatusCode) || slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool {
			return d.Code == transport.BlobUploadInvalidErrorCode || d.Code == transport.BlobUploadUnknownErrorCode
		})
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	_, local := errors.AsType[*fs.PathError](err)
	return !untrusted && !noTLS && !local && !isUnknownHost(err) && !errors.Is(err, syscall.ECONNREFUSED)
}
