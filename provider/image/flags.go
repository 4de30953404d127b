package image

import (
	"slices"
	"strings"
)

// goFlags splits GOFLAGS as go does: at spaces, but for those in a flag that is quoted as a whole. There are no escapes.
func goFlags(goflags string) []string {
	var flags []string
	for rest := strings.TrimSpace(goflags); rest != ""; rest = strings.TrimSpace(rest) {
		end, skip := strings.IndexAny(rest, " \t\r\n"), 0
		if rest[0] == '\'' || rest[0] == '"' {
			end, skip = strings.IndexByte(rest[1:], rest[0]), 1
			rest = rest[1:]
		}
		if end < 0 {
			end, skip = len(rest), 0
		}
		flags = append(flags, rest[:end])
		rest = rest[end+skip:]
	}
	return flags
}

// nameOf returns the name of a flag and its value.
func nameOf(flag string) (name, value string) {
	name, value, _ = strings.Cut(strings.TrimLeft(flag, "-"), "=")
	return name, value
}

// flagOf returns the value of a flag in GOFLAGS, empty if it is not there.
func flagOf(goflags, name string) string {
	value := ""
	for _, flag := range goFlags(goflags) {
		if n, v := nameOf(flag); n == name {
			value = v
		}
	}
	return value
}

// harmlessVariables do not decide the binary: they say where modules, whose checksums count, and caches are and how to log in there, or
// go env answers for them.
var harmlessVariables = []string{
	"GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GOAUTH", "GOVCS", "NETRC", "GOFLAGS", "GOWORK", "GOENV",
	"GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOTELEMETRY", "HOME", "TMPDIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "TZ",
}

func isHarmless(variable string) bool {
	return slices.Contains(harmlessVariables, strings.ToUpper(variable)) || strings.HasPrefix(variable, "GIT_")
}

// harmlessFlags of GOFLAGS do not decide the binary: they say where modules come from (whose contents are hashed anyway) or what
// go prints, or the build's own flags replace them.
var harmlessFlags = []string{
	"buildvcs", "trimpath", "tags", "ldflags", "pgo",
	"mod", "modfile", "modcacherw", "json", "p", "v", "x", "a", "work", "vet", "count", "timeout",
}

// decidingFlags returns the flags of GOFLAGS that may change the binary.
func decidingFlags(goflags string) []string {
	return slices.DeleteFunc(goFlags(goflags), func(flag string) bool {
		name, _ := nameOf(flag)
		return slices.Contains(harmlessFlags, name)
	})
}
