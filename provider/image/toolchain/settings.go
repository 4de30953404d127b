package toolchain

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// defaults of go's settings, as a release's own go.env has them.
var defaults = map[string]string{
	"GOPROXY": "https://proxy.golang.org,direct",
	"GOSUMDB": "sum.golang.org",
	"GOAUTH":  "netrc",
}

// Settings are go's settings where there may be no go to ask: those of an environment, else of the user's file that `go env -w` writes,
// else go's own defaults.
type Settings struct{ environment, file map[string]string }

// NewSettings returns the settings of a process with this environment, NAME=VALUE each; the last of a name counts.
func NewSettings(environment []string) Settings {
	s := Settings{environment: map[string]string{}, file: map[string]string{}}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		s.environment[name] = value
	}
	data, err := os.ReadFile(s.filePath())
	if err != nil {
		return s // as go does: no file is the usual case
	}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if ok && name != "" && 'A' <= name[0] && name[0] <= 'Z' {
			s.file[name] = value
		}
	}
	return s
}

// Get returns the setting of this name; empty if nothing sets it.
func (s Settings) Get(name string) string {
	for _, source := range []map[string]string{s.environment, s.file, defaults} {
		if value := source[name]; value != "" {
			return value
		}
	}
	return ""
}

// home returns the user's home directory, as os.UserHomeDir does for this process.
func (s Settings) home() string {
	if runtime.GOOS == "windows" {
		return s.environment["USERPROFILE"]
	}
	return s.environment["HOME"]
}

// Caches returns variables, NAME=VALUE each, that give go directories in dir for what it keeps, where these settings have none, as on
// some CI runners. Modules are then written so that dir can be deleted at any time.
func (s Settings) Caches(dir string) []string {
	if s.home() != "" {
		return nil
	}
	var variables []string
	if s.Get("GOCACHE") == "" && s.environment["XDG_CACHE_HOME"] == "" {
		variables = append(variables, "GOCACHE="+filepath.Join(dir, "go-build"))
	}
	if s.Get("GOPATH") == "" {
		variables = append(variables, "GOPATH="+filepath.Join(dir, "go"))
	}
	if s.moduleCache() == "" {
		variables = append(variables, "GOFLAGS="+strings.TrimSpace(s.Get("GOFLAGS")+" -modcacherw"))
	}
	return variables
}

// filePath returns the path of the user's file of settings, which need not exist.
func (s Settings) filePath() string {
	switch file := s.environment["GOENV"]; file {
	case "off":
		return ""
	case "":
	default:
		return file
	}
	var dir string
	switch home := s.home(); {
	case runtime.GOOS == "windows":
		dir = s.environment["APPDATA"]
	case home != "" && (runtime.GOOS == "darwin" || runtime.GOOS == "ios"):
		dir = filepath.Join(home, "Library", "Application Support")
	case s.environment["XDG_CONFIG_HOME"] != "":
		dir = s.environment["XDG_CONFIG_HOME"]
	case home != "":
		dir = filepath.Join(home, ".config")
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "go", "env")
}

// moduleCache returns go's module cache; empty if it cannot be told.
func (s Settings) moduleCache() string {
	if dir := s.Get("GOMODCACHE"); dir != "" {
		return dir
	}
	paths := filepath.SplitList(s.Get("GOPATH"))
	if len(paths) == 0 && s.home() != "" {
		paths = []string{filepath.Join(s.home(), "go")}
	}
	if len(paths) == 0 {
		return ""
	}
	return filepath.Join(paths[0], "pkg", "mod")
}
