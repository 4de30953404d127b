//go:build !unix

package image

import "testing"

func restrict(*testing.T) {}
