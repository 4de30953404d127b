package toolchain

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

// ErrUnknown is a release that does not exist, or not for this machine.
var ErrUnknown = errors.New("no such release for this machine")

// Error is a release that could not be fetched.
type Error struct {
	// Release is what was to be fetched, such as 1.26.8.
	Release string
	// Hint is the next step; empty if there is none but to try again.
	Hint string
	// Err is the cause.
	Err error
}

// Error returns the release, the cause and the next step.
func (e *Error) Error() string {
	text := fmt.Sprintf("Go %s cannot be fetched: %v", e.Release, e.Err)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// hint returns the next step after an error of filling the cache in dir.
func hint(err error, s Settings, dir string) string {
	if failed, ok := errors.AsType[*fs.PathError](err); ok && (strings.HasPrefix(failed.Path, dir) || strings.HasPrefix(dir, failed.Path)) {
		return fmt.Sprintf("%s has to be writable and have room for some 300 MB (all that is there may be deleted at any time)", dir)
	}
	if errors.Is(err, errNoDatabase) {
		return "a toolchain is never run unchecked: choose Go " + Default + ", whose checksum this provider knows, " +
			"or name a checksum database (GOSUMDB=sum.golang.org)"
	}
	if errors.Is(err, errProxyOff) {
		return "name a proxy that may be used in GOPROXY"
	}
	if _, ok := errors.AsType[*checksumError](err); ok {
		return "something between here and the proxy that GOPROXY names replaces downloads, or the proxy keeps a damaged one"
	}
	failed, ok := errors.AsType[*statusError](err)
	switch {
	case ok && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired}, failed.code):
		text := "give the proxy's login in the netrc file (~/.netrc, or the one that NETRC names)"
		if auth := s.Get("GOAUTH"); auth != "netrc" {
			text += "; of GOAUTH only netrc is understood where there is no go command"
		}
		return text
	case errors.Is(err, ErrUnknown):
		return "releases are listed at https://go.dev/dl; a proxy of your own in GOPROXY has to pass on golang.org/toolchain"
	}
	return ""
}
