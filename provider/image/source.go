// Package image turns a Go package into a binary, the binary into a reproducible container image, and pushes the image to a registry.
package image

// Source says what is built and how. Its zero value but for Package is a sensible build.
type Source struct {
	// Package is the directory of a main package, absolute or relative to the working directory.
	Package string
	// Tags are build tags on top of lambda and lambda.norpc.
	Tags []string
	// Ldflags are linker flags on top of -s -w -buildid=.
	Ldflags []string
	// Env are environment variables of the go command, on top of the process's own.
	Env map[string]string
	// GoVersion is the Go release to build with, such as 1.26.8; empty means what go itself chooses.
	GoVersion string
	// Architecture of the image: x86_64 (the default) or arm64.
	Architecture string
}
