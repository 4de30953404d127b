package outlive

import (
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
)

// sdk is the package whose goroutines are no concern of the app's: a handler function that ignores the end of its context is reported
// as the failure of its message.
const sdk = "github.com/lambda-land/terraform-provider-handler/sdk"

// near is in how many calls the app's code must be reached for a goroutine that other code started to be the app's: errgroup and pools
// take one to three. Deeper down, the app's code only serves the other, as a connection of its own type does in a pool.
const near = 3

// app tells an app's code from that of its dependencies.
type app struct {
	module string // path; empty where the build does not tell it
}

func thisApp() app {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return app{}
	}
	return app{module: info.Main.Path}
}

// owns tells whether a function is the app's: of package main, or of the main module. This module's sdk belongs to none, but its
// external tests are apps.
func (a app) owns(function string) bool {
	pkg := packageOf(function)
	if pkg == "main" {
		return true
	}
	pkg, external := strings.CutSuffix(pkg, "_test")
	if !external && (pkg == sdk || strings.HasPrefix(pkg, sdk+"/")) {
		return false
	}
	return a.module != "" && (pkg == a.module || strings.HasPrefix(pkg, a.module+"/"))
}

// packageOf returns the path of a function's package. In names of functions, what would be ambiguous in the last element of the path
// is escaped, such as the dot of yaml.v3.
func packageOf(function string) string {
	last := strings.LastIndexByte(function, '/') + 1
	name, _, _ := strings.Cut(function[last:], ".")
	path := function[:last] + name
	if unescaped, err := url.PathUnescape(path); err == nil {
		return unescaped
	}
	return path
}

// starts returns where the app started a goroutine with that stack which is one of several alike: more than one place if they cannot
// be told apart, and none if it may be somebody else's.
func (a app) starts(stack []frame, alike []goroutine) []Start {
	var starts []Start
	for _, g := range alike {
		start, ok := a.start(stack, g.creator)
		if !ok {
			return nil
		}
		if !slices.Contains(starts, start) {
			starts = append(starts, start)
		}
	}
	slices.SortFunc(starts, func(x, y Start) int { return strings.Compare(x.Position, y.Position) })
	return starts
}

// start returns where the app started a goroutine by a go statement of its own or through other code.
func (a app) start(stack []frame, creator frame) (Start, bool) {
	if packageOf(creator.function) == sdk {
		return Start{}, false
	}
	if a.owns(creator.function) {
		return Start{creator.function, creator.position}, true
	}
	for _, f := range slices.Backward(stack[max(0, len(stack)-near):]) {
		if a.owns(f.function) {
			return Start{f.function, f.declared()}, true
		}
	}
	return Start{}, false
}
