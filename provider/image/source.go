package image

import (
	"fmt"
	"go/version"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Source says what is built and how. All but Package may be left zero.
type Source struct {
	// Package is the directory of a main package, absolute or relative to the working directory.
	Package string
	// Tags are build tags on top of lambda and lambda.norpc.
	Tags []string
	// Ldflags are linker flags on top of -s -w -buildid=. Each element is a flag and, after a space, its value, such as
	// "-X main.version=1", which may hold spaces; or several flags as one writes them on a command line. A value with words that begin
	// with - has to be quoted as a whole.
	Ldflags []string
	// Env are environment variables of the go command on top of the process's own, such as GOPRIVATE or GOEXPERIMENT. They are not in
	// the image.
	Env map[string]string
	// GoVersion is the Go release to build with, such as 1.26.8; empty means what go itself chooses for the module.
	GoVersion string
	// Architecture of the image, in Lambda's words: x86_64 (the default) or arm64.
	Architecture string
	// BaseImage is what the image is put on: a reference by tag or digest. Empty or "scratch" means CA certificates and /tmp alone.
	BaseImage string
	// Files are files or directories of this machine that go into the image, by their absolute path there.
	Files map[string]string
	// Copy are files or directories of other images that go into the image, as COPY --from does.
	Copy []Copy
	// Labels of the image, on top of the base image's and this package's own.
	Labels map[string]string
	// BuildTimeout is how long go may run in all to list and build the source, and take to be fetched where there is none; 0 means
	// DefaultBuildTimeout.
	BuildTimeout time.Duration
	// SkipHandlers leaves out asking the app for its handlers.
	SkipHandlers bool
}

// Copy names a file or directory of another image.
type Copy struct {
	// Image is a reference by tag or digest.
	Image string
	// Path is absolute, and the same in both images.
	Path string
}

// DefaultBuildTimeout leaves room for a first build with an empty compile cache on a small machine.
const DefaultBuildTimeout = 15 * time.Minute

// ownVariables are those that a source may not set, because the image decides them; the value names the way to choose, if any.
var ownVariables = map[string]string{
	"CGO_ENABLED": "images hold static binaries",
	"GOOS":        "images are for linux",
	"GOARCH":      "choose the architecture instead",
	"GOTOOLCHAIN": "choose the Go version instead",
}

// buildTimeout returns how long go may run for the source.
func (s Source) buildTimeout() time.Duration {
	if s.BuildTimeout == 0 {
		return DefaultBuildTimeout
	}
	return s.BuildTimeout
}

// goArch returns Go's name of the architecture.
func (s Source) goArch() string {
	if s.Architecture == "arm64" {
		return "arm64"
	}
	return "amd64"
}

// buildTags returns all tags, sorted: their order means nothing to go.
func (s Source) buildTags() []string {
	tags := append([]string{"lambda", "lambda.norpc"}, s.Tags...)
	slices.Sort(tags)
	return slices.Compact(tags)
}

// redact replaces the values of the source's variables, which may be secret, in what go printed. Very short ones and those that everybody
// may know, which are how go was set, stay: without them the text would say nothing.
func (s Source) redact(text string) string {
	const shortest = 4
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		if slices.Contains(publicVariables, name) {
			continue
		}
		for line := range strings.Lines(s.Env[name]) {
			if line = strings.TrimSpace(line); len(line) >= shortest {
				text = strings.ReplaceAll(text, line, "***")
			}
		}
	}
	return text
}

// publicVariables set how go works and hold no secrets.
var publicVariables = []string{
	"GOFLAGS", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE", "GOVCS",
	"GOWORK", "GOENV", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GODEBUG", "HOME", "TMPDIR", "TZ",
}

// validate returns a *SourceError for what is wrong whatever is on disk.
func (s Source) validate() error {
	invalid := func(field, format string, args ...any) error {
		return &SourceError{Field: field, Reason: fmt.Sprintf(format, args...), Err: ErrInvalid}
	}
	if s.Package == "" {
		return invalid("Package", "the package is empty: give the directory of a main package")
	}
	if !slices.Contains([]string{"", "x86_64", "arm64"}, s.Architecture) {
		return invalid("Architecture", "architecture %q is neither x86_64 nor arm64", s.Architecture)
	}
	for i, tag := range s.Tags {
		if tag == "" || strings.ContainsFunc(tag, func(r rune) bool { return r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return &SourceError{Field: "Tags", Index: i, Err: ErrInvalid, Reason: fmt.Sprintf(
				"build tag %q is not one word of letters, digits, dots and underscores: give each tag as an element of its own", tag)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		if err := checkVariable(name, s.Env[name]); err != nil {
			return err
		}
	}
	if _, err := s.linkerArguments(); err != nil {
		return err
	}
	if s.BuildTimeout < 0 {
		return invalid("BuildTimeout", "the build timeout %v is negative", s.BuildTimeout)
	}
	return s.validateGoVersion()
}

// checkVariable refuses variables that decide what the image decides, and those that the system does not take. It never says a value.
func checkVariable(name, value string) error {
	invalid := func(format string, args ...any) error {
		return &SourceError{Field: "Env", Key: name, Err: ErrInvalid, Reason: fmt.Sprintf(format, args...)}
	}
	if why, ok := ownVariables[name]; ok {
		return invalid("the environment may not set %s: %s", name, why)
	}
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return invalid("%q is not the name of an environment variable: give a name without = and zero bytes", name)
	}
	if strings.Contains(value, "\x00") {
		return invalid("the value of environment variable %s holds a zero byte, which the system does not take: leave it out", name)
	}
	return nil
}

func (s Source) validateGoVersion() error {
	v := "go" + s.GoVersion
	switch {
	case s.GoVersion == "":
		return nil
	case !version.IsValid(v):
		return &SourceError{Field: "GoVersion", Err: ErrInvalid, Reason: fmt.Sprintf("%q is not a Go release such as 1.26.8", s.GoVersion)}
	case version.Lang(v) == v && version.Compare(v, "go1.21") >= 0:
		return &SourceError{Field: "GoVersion", Err: ErrInvalid,
			Reason: fmt.Sprintf("Go %s is a version of the language, not a release: give one such as %s.0", s.GoVersion, s.GoVersion)}
	}
	return nil
}

// directory returns the package's directory, absolute and without symbolic links, so that go's paths can be cut relative to it.
func (s Source) directory() (string, error) {
	missing := func(reason string) error {
		return &SourceError{Field: "Package", Err: ErrPackageNotFound,
			Reason: reason + "; give the directory of a main package, absolute or relative to the working directory"}
	}
	dir, err := filepath.Abs(s.Package)
	if err != nil {
		return "", fmt.Errorf("find package %s: %w", s.Package, err)
	}
	info, err := os.Stat(dir)
	switch {
	case os.IsNotExist(err):
		return "", missing(fmt.Sprintf("package directory %s does not exist", s.Package))
	case err != nil:
		return "", fmt.Errorf("find package %s: %w", s.Package, err)
	case !info.IsDir():
		return "", missing(fmt.Sprintf("package %s is a file, not a directory", s.Package))
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("find package %s: %w", s.Package, err)
	}
	return dir, nil
}
