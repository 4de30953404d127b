package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// stateFile is in a toolchain's directory and says what the directory held when it was complete.
const stateFile = ".complete"

// unpack makes dir the toolchain of a module's zip, whose checksum is right.
func unpack(dir string, mod module.Version, zip string) error {
	if err := modzip.Unzip(dir, mod, zip); err != nil {
		return err
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if isExecutable(filepath.ToSlash(relative)) {
			if err := os.Chmod(path, 0o555); err != nil {
				return err
			}
		}
		if entry.Name() == "_go.mod" { // the zip of a module can hold no other module
			renamed := filepath.Join(filepath.Dir(path), "go.mod")
			if err := os.Rename(path, renamed); err != nil {
				return err
			}
			path = renamed
		}
		return os.Chtimes(path, time.Unix(0, 0), time.Unix(0, 0)) // a time that backups of a cache keep
	})
	if err != nil {
		return err
	}
	state, err := stateOf(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stateFile), []byte(state), 0o644)
}

// isExecutable reports whether a file of a toolchain is one that is run; zips of modules do not say.
func isExecutable(path string) bool {
	dir, name, _ := strings.Cut(path, "/")
	switch dir {
	case "bin":
		return true
	case "pkg":
		return strings.HasPrefix(name, "tool/")
	case "lib":
		base := name[strings.LastIndexByte(name, '/')+1:]
		return strings.HasPrefix(base, "go_") && strings.HasSuffix(base, "_exec")
	}
	return false
}

// check returns an error unless the directory still is what unpack made of it. It reads no file but looks at them all, which notices
// what crashes, full disks and people do to a cache.
func check(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return err
	}
	state, err := stateOf(dir)
	if err == nil && state != string(want) {
		err = fmt.Errorf("files in %s were changed", dir)
	}
	return err
}

// stateOf returns a hash of the names, sizes, modes and times of all files.
func stateOf(dir string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == stateFile {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		fmt.Fprintf(sum, "%q %v %d %d\n", filepath.ToSlash(relative), info.Mode(), info.Size(), info.ModTime().Unix())
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
