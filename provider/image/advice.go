package image

import (
	"fmt"
	"regexp"
)

// advice is the next step for what go prints when it cannot get modules or releases; of several the first counts.
var advice = []struct {
	printed *regexp.Regexp
	next    string // %s is the module's directory
}{
	{
		regexp.MustCompile(`golang\.org/toolchain@.*\b(401 Unauthorized|403 Forbidden|404 Not Found|407 Proxy|410 Gone)`),
		"the proxy does not hand out the Go release that %s is to be built with: check its number, or put the proxy's login into the netrc file",
	},
	{
		regexp.MustCompile(`parsing \$GOFLAGS`),
		"mend GOFLAGS, in the source's environment or in the one that Terraform runs with, for it to fit %s",
	},
	{
		regexp.MustCompile(`flag provided but not defined: .*\nusage: link`),
		"mend the linker flags that %s is to be built with",
	},
	{
		regexp.MustCompile(`inconsistent vendoring`),
		"vendor/ is not what go.mod asks for: run `go mod vendor` in %s (`go work vendor` in a workspace) and commit what it changes",
	},
	{
		regexp.MustCompile(`missing go\.sum entry|updates to go\.(mod|sum|work) needed`),
		"go.mod or go.sum lack what the code imports: run `go mod tidy` in %s and commit both files",
	},
	{
		regexp.MustCompile(`requires go >= .*GOTOOLCHAIN=local`),
		"name the Go version to build %s with, which is then fetched, or do not set GOTOOLCHAIN=local where this runs",
	},
	{
		regexp.MustCompile(`requires go >= .*GOTOOLCHAIN=go|invalid go version '.*': must match format`),
		"choose a Go version that is not older than go.mod in %s asks for",
	},
	{
		regexp.MustCompile(`could not read (Username|Password)|terminal prompts disabled|Authentication failed|` +
			`Permission denied \(publickey|Host key verification failed|\b(401 Unauthorized|403 Forbidden|407 Proxy)`),
		"a module that %s needs is private, and there is no login for it here: give git one (a netrc file, an SSH key, or url.….insteadOf " +
			"in its configuration) and name the module in GOPRIVATE, or put the proxy's login into the netrc file",
	},
	{
		regexp.MustCompile(`\b(404 Not Found|410 Gone)|Repository not found|unrecognized import path`),
		"if a module that %s needs is private, name it in GOPRIVATE, in the source's environment or this one, and give git a login for it " +
			"(a netrc file or an SSH key); else check its path and version in go.mod",
	},
	{
		regexp.MustCompile(`disabled by GOPROXY=off`),
		"a module that %s needs is not in the module cache, and GOPROXY=off forbids to download it: name a proxy, or vendor the modules " +
			"(go mod vendor)",
	},
	{
		regexp.MustCompile(`no such host|i/o timeout|connection refused|network is unreachable|TLS handshake timeout|` +
			`Could not resolve host|Failed to connect to`),
		"modules that %s needs cannot be downloaded: check the network and the proxies that GOPROXY names, or vendor the modules " +
			"(go mod vendor)",
	},
}

// advise returns the next step for go's output; empty if the output says it all.
func (g *goCommand) advise(output string) string {
	for _, known := range advice {
		if known.printed.MatchString(output) {
			return fmt.Sprintf(known.next, g.root)
		}
	}
	return ""
}

// buildError is what go printed about the source when it failed.
func (g *goCommand) buildError(output string) *BuildError {
	return &BuildError{Package: g.src.Package, Output: output, Hint: g.advise(output)}
}
