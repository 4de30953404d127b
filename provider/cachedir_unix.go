//go:build unix

package provider

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwn reports whether a file is this user's, and nobody else may do anything with it.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 == 0
}
