package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// proxy is an element of a GOPROXY list.
type proxy struct {
	// base address; nil for off and direct.
	base *url.URL
	// word is off, direct, or empty.
	word string
	// orElse says that the next one is tried whatever failed; without it, only if this one does not have what is asked for.
	orElse bool
}

// parseProxies reads a GOPROXY list as go does: off and direct end it, "," and "|" say when the next element is tried.
func parseProxies(list string) ([]proxy, error) {
	var proxies []proxy
	for list != "" {
		text := list
		end := strings.IndexAny(list, ",|")
		orElse := end >= 0 && list[end] == '|'
		if list = ""; end >= 0 {
			text, list = text[:end], text[end+1:]
		}
		text = strings.TrimSpace(text)
		switch text {
		case "":
			continue
		case "off", "direct":
			return append(proxies, proxy{word: text}), nil
		}
		base, err := parseProxy(text)
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, proxy{base: base, orElse: orElse})
	}
	if proxies == nil {
		return nil, errors.New("GOPROXY is set but names no proxy")
	}
	return proxies, nil
}

func parseProxy(text string) (*url.URL, error) {
	isPath := filepath.IsAbs(text) || path.IsAbs(text)
	if strings.ContainsAny(text, ".:/") && !strings.Contains(text, ":/") && !isPath {
		text = "https://" + text
	}
	base, err := url.Parse(text)
	if err != nil { // its text has the address, maybe with a password
		return nil, errors.New("GOPROXY has an element that is no address")
	}
	switch base.Scheme {
	case "https", "http":
		return base, nil
	case "file":
		if base.Host != "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
			return nil, fmt.Errorf("GOPROXY: %s is a file address with more than a path: write file:///path", shown(base))
		}
		return base, nil
	}
	return nil, fmt.Errorf("GOPROXY: %s is neither an address (https, http, file) nor direct or off", shown(base))
}

// errProxyOff is a GOPROXY that allows no downloads.
var errProxyOff = errors.New("downloads are turned off by GOPROXY=off")

// try calls f with one proxy after the other until one has what is asked for, and returns the error that says most.
func try(proxies []proxy, f func(proxy) error) error {
	var best error
	bestRank := -1
	for _, p := range proxies {
		err := f(p)
		if err == nil {
			return nil
		}
		absent := errors.Is(err, fs.ErrNotExist)
		rank := 1
		switch {
		case p.word == "direct":
			rank = 2
		case absent, p.word == "off":
			rank = 0
		}
		if rank > bestRank || rank == bestRank && rank > 0 {
			best, bestRank = err, rank
		}
		if !absent && !p.orElse {
			break
		}
	}
	return best
}

// statusError is an answer that is not what was asked for.
type statusError struct {
	address string // without a login
	status  string
	code    int
}

// Error returns address and status.
func (e *statusError) Error() string { return fmt.Sprintf("GET %s: %s", e.address, e.status) }

// Is reports whether target is fs.ErrNotExist and the answer means that.
func (e *statusError) Is(target error) bool {
	return target == fs.ErrNotExist && (e.code == http.StatusNotFound || e.code == http.StatusGone)
}

// client reads from proxies as go does, with the same credentials.
type client struct {
	http   *http.Client
	logins []login
}

func newClient(s Settings, transport http.RoundTripper) *client {
	return &client{logins: s.logins(), http: &http.Client{Transport: transport, CheckRedirect: checkRedirect}}
}

// checkRedirect keeps what began secure secure.
func checkRedirect(to *http.Request, via []*http.Request) error {
	if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return fmt.Errorf("sent on to %s, which is not secure", to.URL.Host)
	}
	if len(via) >= 10 {
		return errors.New("sent on ten times")
	}
	return nil
}

// get opens what is at the address; the caller closes it.
func (c *client) get(ctx context.Context, address *url.URL) (io.ReadCloser, error) {
	if address.Scheme == "file" {
		return os.Open(filePath(address))
	}
	if address.Scheme == "http" && address.User != nil {
		return nil, fmt.Errorf("GET %s: go sends no credentials over plain http: use https", shown(address))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	if l, ok := loginFor(c.logins, address); ok && address.Scheme == "https" && address.User == nil {
		request.SetBasicAuth(l.user, l.password)
	}
	answer, err := c.http.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok { // where one was sent on to may be a signed address
		return nil, fmt.Errorf("GET %s: %w", shown(address), failed.Err)
	} else if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, &statusError{address: shown(address), status: answer.Status, code: answer.StatusCode}
	}
	return answer.Body, nil
}

// shown returns an address as errors and logs may show it: without a login, whose name may be a token, and without a query.
func shown(address *url.URL) string {
	public := url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path, RawPath: address.RawPath}
	return public.String()
}

// filePath returns the path that a file address means here.
func filePath(address *url.URL) string {
	file := filepath.FromSlash(address.Path)
	if runtime.GOOS == "windows" { // \C:\proxy
		file = strings.TrimPrefix(file, `\`)
	}
	return file
}
