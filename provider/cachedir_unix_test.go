//go:build unix

package provider

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCacheWithoutAHome(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("TMPDIR", t.TempDir())
	first, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(first)
	if err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Errorf("the cache is in %v, %v; want a directory of mode 0700", info, err)
	}
	if again, err := cacheDir(); again != first || err != nil {
		t.Errorf("the next cache is in %s, %v; want the same", again, err)
	}

	for name, plant := range map[string]func(dir string) error{
		"open to others":        func(dir string) error { return os.Chmod(dir, 0o777) },
		"readable by the group": func(dir string) error { return os.Chmod(dir, 0o750) },
		"a link":                func(dir string) error { return errors.Join(os.Remove(dir), os.Symlink(t.TempDir(), dir)) },
		"a file":                func(dir string) error { return errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)) },
		"somebody else's": func(dir string) error {
			if os.Getuid() != 0 {
				return os.Chmod(dir, 0o707) // who is not root can give nothing away
			}
			return os.Chown(dir, 65534, 65534)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			dir, err := cacheDir()
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Dir(dir) != os.TempDir() {
				t.Fatalf("the cache is in %s", dir)
			}
			if err := plant(dir); err != nil {
				t.Fatal(err)
			}
			if used, err := cacheDir(); !errors.Is(err, errNotOwn) {
				t.Errorf("it uses %q (%v)", used, err)
			}
		})
	}
}
