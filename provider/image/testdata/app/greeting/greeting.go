// Package greeting is imported by the command.
package greeting

// Text is in the binary.
const Text = "hello"
