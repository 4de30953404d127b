package toolchain

import (
	"go/version"
	"os"
	"path/filepath"
	"strings"
)

// Default is the release for modules that ask for none.
const Default = "1.26.8"

// oldest language whose releases have a patch number from the first on, and whose go command switches releases by itself.
const oldest = "go1.21"

// Wanted returns the release, such as 1.26.8, that go would choose in dir if it had none of its own: the newest of what GOTOOLCHAIN
// names and the toolchain and go lines of go.work, else of go.mod, ask for. A language such as 1.24 means its first release. What cannot
// be read or parsed counts as not said: the go command that is chosen will say it better.
func Wanted(dir string, s Settings) string {
	wanted, suffix, _ := strings.Cut(s.Get("GOTOOLCHAIN"), "+")
	wanted = releaseName(wanted)
	if wanted == "" || suffix != "" {
		goLine, toolchainLine := lines(dir, s)
		for _, asked := range []string{releaseName(toolchainLine), releaseName("go" + goLine)} {
			if version.Compare(asked, wanted) > 0 {
				wanted = asked
			}
		}
	}
	switch {
	case version.Compare(wanted, oldest) < 0:
		return Default
	case version.Lang(wanted) == wanted:
		wanted += ".0"
	}
	return strings.TrimPrefix(wanted, "go")
}

// CanSwitch reports whether a go command of this version (what `go env GOVERSION` prints) fetches and runs other releases by itself.
func CanSwitch(goVersion string) bool {
	name, _, _ := strings.Cut(goVersion, " ") // what follows are experiments
	return strings.HasPrefix(goVersion, "devel") || version.Compare(releaseName(name), oldest) >= 0
}

// releaseName returns a name such as go1.26.8 without a vendor's suffix; empty if it is none.
func releaseName(name string) string {
	name, _, _ = strings.Cut(name, "-")
	if !version.IsValid(name) {
		return ""
	}
	return name
}

// lines returns what follows go and toolchain in the go.work or go.mod that applies in dir.
func lines(dir string, s Settings) (goLine, toolchainLine string) {
	file := s.Get("GOWORK")
	switch file {
	case "off":
		file = ""
	case "":
		file = above(dir, "go.work")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		if data, err = os.ReadFile(above(dir, "go.mod")); err != nil {
			return "", ""
		}
	}
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "//")
		switch words := strings.Fields(line); {
		case len(words) != 2:
		case words[0] == "go":
			goLine = words[1]
		case words[0] == "toolchain":
			toolchainLine = words[1]
		}
	}
	return goLine, toolchainLine
}

// above returns the path of the file of this name in dir or the nearest directory above it; empty if there is none.
func above(dir, name string) string {
	for {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
