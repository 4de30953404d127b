package toolchain

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// login is what a netrc file says for a machine: a host, or a host and the beginning of a path.
type login struct{ machine, user, password string }

// logins returns what the netrc file holds: the one that NETRC names, else the one in the home directory.
func (s Settings) logins() []login {
	if s.Get("GOAUTH") == "off" {
		return nil
	}
	path := s.environment["NETRC"]
	if path == "" {
		path = filepath.Join(s.home(), ".netrc")
		old := filepath.Join(s.home(), "_netrc")
		if _, err := os.Stat(old); err == nil && runtime.GOOS == "windows" {
			path = old
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parseNetrc(string(data))
}

// parseNetrc returns the machines of a netrc file that have both a login and a password. Entries for every machine (default) and
// macros do not count, as for go.
func parseNetrc(data string) []login {
	var words []string
	inMacro := false
	for line := range strings.Lines(data) {
		fields := strings.Fields(line)
		switch {
		case inMacro:
			inMacro = len(fields) > 0
		case len(fields) > 0 && fields[0] == "macdef":
			inMacro = true
		default:
			words = append(words, fields...)
		}
	}
	var found []login
	var current login
	for len(words) >= 2 && words[0] != "default" {
		switch words[0] {
		case "machine":
			current = login{machine: words[1]}
		case "login":
			current.user = words[1]
		case "password":
			current.password = words[1]
		}
		if current.machine != "" && current.user != "" && current.password != "" {
			found, current = append(found, current), login{}
		}
		words = words[2:]
	}
	return found
}

// loginFor returns the first login for the longest beginning of the address that there is one for.
func loginFor(logins []login, address *url.URL) (login, bool) {
	for prefix := address.Host + "/" + strings.Trim(address.Path, "/"); prefix != ""; {
		for _, l := range logins {
			if strings.TrimSuffix(l.machine, "/") == prefix {
				return l, true
			}
		}
		prefix = prefix[:max(strings.LastIndexByte(prefix, '/'), 0)]
	}
	return login{}, false
}
