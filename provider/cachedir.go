package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errNotOwn is a directory that others can write to, and could put anything into.
var errNotOwn = errors.New("it is not a directory of this user's that nobody else can enter")

// cacheDir returns the directory for what the provider keeps from run to run: where the user's caches are or, if the environment names no
// such place, as on some CI runners, a directory of this user's in the temporary one, which all users share. Programs that were built or
// fetched are run from it, so nobody else may write there.
func cacheDir() (string, error) {
	if dir, err := os.UserCacheDir(); err == nil {
		return dir, nil
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("terraform-provider-handler-%d", os.Getuid()))
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = checkOwn(dir)
	}
	if err != nil {
		return "", fmt.Errorf("%s cannot be used for the cache: %w; set HOME or XDG_CACHE_HOME in the environment", dir, err)
	}
	return dir, nil
}

// checkOwn returns errNotOwn unless a directory is this user's alone.
func checkOwn(dir string) error {
	info, err := os.Lstat(dir) // somebody else's symbolic link is theirs, wherever it leads
	if err != nil {
		return err
	}
	if !info.IsDir() || !isOwn(info) {
		return errNotOwn
	}
	return nil
}
