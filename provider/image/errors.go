package image

// BuildError is a package that does not compile.
type BuildError struct {
	// Package is the directory as the source names it.
	Package string
	// Output is what the compiler said, file:line:column: message, one a line.
	Output string
}

// Error returns the package and the compiler's lines.
func (e *BuildError) Error() string { return e.Package + " does not compile:\n" + e.Output }

// SourceError is a source that cannot be built for what it is, not for what its code says.
type SourceError struct {
	// Field of [Source] that is to blame, such as Package.
	Field string
	// Reason says what is wrong and what to do next.
	Reason string
}

// Error returns the reason.
func (e *SourceError) Error() string { return e.Reason }

// MismatchError is an image that is not the one that was planned.
type MismatchError struct {
	PlannedFingerprint, Fingerprint string
	PlannedDigest, Digest           string
}

// Error says which of source and bytes changed.
func (e *MismatchError) Error() string { return "the image is not the planned one" }
