//go:build unix

package image

import (
	"syscall"
	"testing"
)

// restrict has new files be readable by nobody else until the test ends. Only a test without parallel ones may do that.
func restrict(t *testing.T) {
	t.Helper()
	before := syscall.Umask(0o077)
	t.Cleanup(func() { syscall.Umask(before) })
}
