package image

import (
	"errors"
	"fmt"
	"strings"
)

// What [SourceError] wraps.
var (
	// ErrPackageNotFound is a package directory that does not exist or is no directory.
	ErrPackageNotFound = errors.New("package directory not found")
	// ErrNoGoFiles is a directory without Go files for linux and the build's tags.
	ErrNoGoFiles = errors.New("no Go files")
	// ErrNotMain is a Go package that is not a command.
	ErrNotMain = errors.New("not a main package")
	// ErrNoModule is a package outside any Go module.
	ErrNoModule = errors.New("not in a Go module")
	// ErrInvalid is a value that can never be right, such as an unknown architecture.
	ErrInvalid = errors.New("invalid value")
	// ErrTimeout is a build that takes longer than its source allows.
	ErrTimeout = errors.New("the build takes too long")
)

// ErrNoGo is a machine without a go command that can be used, on which none can be fetched either.
var ErrNoGo = errors.New("no go command")

// NoGoError is the reason of [ErrNoGo].
type NoGoError struct {
	// Found says why the go command on the PATH does not do; empty if there is none.
	Found string
	// Err is why none could be fetched.
	Err error
}

// Error returns both reasons and the way out.
func (e *NoGoError) Error() string {
	text := "there is no go command on the PATH"
	if e.Found != "" {
		text = "the go command on the PATH does not do (" + e.Found + "; Go 1.21 or later is needed)"
	}
	return fmt.Sprintf("%s, and %v; or install Go (https://go.dev/dl) where this runs", text, e.Err)
}

// Unwrap returns [ErrNoGo] and the cause.
func (e *NoGoError) Unwrap() []error { return []error{ErrNoGo, e.Err} }

// SourceError is a [Source] that cannot be built whatever its code says.
type SourceError struct {
	// Field of Source that is to blame, such as Package, Files, or Copy.Path for a field of one of its elements.
	Field string
	// Key of the element of Files, Env or Labels that is to blame; empty if it is none of them.
	Key string
	// Index of the element of Copy, Ldflags or Tags that is to blame.
	Index int
	// Reason says what is wrong and what to do next.
	Reason string
	// Err is one of the sentinels above.
	Err error
}

// Error returns the reason.
func (e *SourceError) Error() string { return e.Reason }

// Unwrap returns the sentinel.
func (e *SourceError) Unwrap() error { return e.Err }

// BuildError is a package whose code, or the code and modules it imports, go cannot build.
type BuildError struct {
	// Package is the directory as the source names it.
	Package string
	// Output holds go's own lines, file:line:column: message, with paths relative to the module; at most maxOutputLines.
	Output string
	// Hint is the next step where it is not to mend the code, such as when modules cannot be had; else empty.
	Hint string
}

// Error returns the package, go's lines and the next step.
func (e *BuildError) Error() string {
	return withHint(fmt.Sprintf("go cannot build %s:\n%s", e.Package, e.Output), e.Hint)
}

// withHint puts the next step after go's lines.
func withHint(text, hint string) string {
	if hint != "" {
		text += "\n\n" + hint
	}
	return text
}

// ToolchainError is a Go release that cannot be had or does not run.
type ToolchainError struct {
	// Version is the wanted release, such as 1.26.8; empty when go chose by itself.
	Version string
	// Output holds go's own lines.
	Output string
	// Hint is the next step, if more is known than that the release cannot be had.
	Hint string
}

// Error returns the release, go's lines and the next step.
func (e *ToolchainError) Error() string {
	if e.Version == "" {
		return withHint("the go command does not start:\n"+e.Output, e.Hint)
	}
	return withHint(fmt.Sprintf("Go %s cannot be had: releases are downloaded through GOPROXY and checked against GOSUMDB; "+
		"check that the release exists and the proxy can be reached, or leave the Go version out:\n%s", e.Version, e.Output), e.Hint)
}

// HandlersError is an app that builds but does not list its handlers.
type HandlersError struct {
	// Package is the directory as the source names it.
	Package string
	// Reason says what the app did instead.
	Reason string
	// Output is the end of what the app wrote to standard error, if anything.
	Output string
}

// Error returns the reason, the app's lines and the next step.
func (e *HandlersError) Error() string {
	text := fmt.Sprintf("%s does not list its handlers: `backend handlers -json` %s; make the app with sdk.New(…) and let its main call "+
		"app.Main() first thing, before it needs any configuration", e.Package, e.Reason)
	if e.Output != "" {
		text += ":\n" + e.Output
	}
	return text
}

// MismatchError is an image that is not the one that was planned.
type MismatchError struct {
	PlannedDigest, Digest string
	// SameInputs means that the build is not reproducible.
	SameInputs bool
	// Differences of the inputs, a line each; none if nobody kept those of the plan.
	Differences []string
}

// Error says which of inputs and bytes differ, and the next step.
func (e *MismatchError) Error() string {
	if e.SameInputs {
		return fmt.Sprintf("the build is not reproducible: the same inputs made image %s before and %s now; "+
			"look for -toolexec or -ldflags that vary and for a list of handlers that changes from run to run", e.PlannedDigest, e.Digest)
	}
	differences := "code, modules, Go release or Go settings differ here"
	if e.Differences != nil {
		differences = strings.Join(e.Differences, "; ")
	}
	return fmt.Sprintf("the inputs of the build are not those of the plan (%s): image %s was planned, %s was built; "+
		"plan again, or build with the same checkout and Go version", differences, e.PlannedDigest, e.Digest)
}

// RegistryError is a request to a registry that failed.
type RegistryError struct {
	// Act is what was being done, such as "push image".
	Act string
	// Reference is the image, host/name@digest.
	Reference string
	// Hint is the next step; empty if there is none but to try again.
	Hint string
	// Err is the cause, often a *transport.Error.
	Err error
}

// Error returns act, reference, cause and next step.
func (e *RegistryError) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Act, e.Reference, e.Err)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the cause.
func (e *RegistryError) Unwrap() error { return e.Err }
