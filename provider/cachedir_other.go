//go:build !unix

package provider

import "io/fs"

// isOwn takes for granted that the temporary directory is each user's own.
func isOwn(fs.FileInfo) bool { return true }
