//go:build unix

package image

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// child runs a test binary's TestInAnotherProcess as a process of its own, with these variables, and returns what it prints.
func child(t *testing.T, attributes *syscall.SysProcAttr, binary, part, cache, files string, variables ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestInAnotherProcess$", "-test.v")
	cmd.Env = append(os.Environ(), append(variables, "IMAGE_TEST_PART="+part, "IMAGE_TEST_CACHE="+cache, "IMAGE_TEST_FILES="+files)...)
	cmd.SysProcAttr, cmd.Dir = attributes, filepath.Dir(binary)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v, %s", part, err, out)
	}
	return string(out)
}

// TestInAnotherProcess is what children do.
func TestInAnotherProcess(t *testing.T) {
	cache, local := os.Getenv("IMAGE_TEST_CACHE"), os.Getenv("IMAGE_TEST_FILES")
	src := Source{Files: map[string]string{"/opt/files": local}}
	switch os.Getenv("IMAGE_TEST_PART") {
	case "":
		t.Skip("only in children")
	case "digest":
		syscall.Umask(0o077)
		fmt.Println("digest", mustPack(t, NewBuilder(cache, NewRegistry(nil)), src).Digest)
	case "error":
		_, err := pack(t, NewBuilder(cache, NewRegistry(nil)), src)
		fmt.Println("error", err)
	case "full":
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		_, err := pack(t, NewBuilder(cache, NewRegistry(nil)), src)
		_, ok := errors.AsType[*CacheError](err)
		fmt.Println("error", ok, err)
	}
}

func TestImagesDoNotDependOnTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "a", dir, "a")
	write(t, "b", dir, "sub", "b")
	want := mustPack(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Files: map[string]string{"/opt/files": dir}}).Digest
	out := child(t, nil, os.Args[0], "digest", t.TempDir(), dir, "TZ=Asia/Tokyo", "GOMAXPROCS=1")
	if !strings.Contains(out, "digest "+want+"\n") {
		t.Errorf("with another umask, time zone and number of cores the image is not %s: %s", want, out)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), t.TempDir()
	write(t, noise(1<<20), dir, "large")
	out := child(t, nil, os.Args[0], "full", cache, dir)
	for _, says := range []string{"error true ", cache, "free some space there", "XDG_CACHE_HOME"} {
		if !strings.Contains(out, says) {
			t.Errorf("the error says %s, want …%s…", out, says)
		}
	}
	if left := filesIn(t, cache); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestWhatAnotherUserMayNot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	public := t.TempDir()
	if err := os.Chmod(filepath.Dir(public), 0o755); err != nil { // which nobody else may enter
		t.Fatal(err)
	}
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cache/file", "readable/file", "secret/file", "own/file"} {
		write(t, "x", public, name)
	}
	write(t, string(binary), public, "test")
	for name, mode := range map[string]os.FileMode{"": 0o755, "test": 0o755, "secret/file": 0o600, "own": 0o777} {
		if err := os.Chmod(filepath.Join(public, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	other := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	for _, c := range []struct {
		cache, files string
		says         []string
	}{
		{"cache", "readable", []string{filepath.Join(public, "cache"), "permission denied", "make the directory writable"}},
		{"own", "secret", []string{filepath.Join(public, "secret", "file"), "permission denied", "let this user read it"}},
	} {
		out := child(t, other, filepath.Join(public, "test"), "error", filepath.Join(public, c.cache), filepath.Join(public, c.files))
		for _, part := range c.says {
			if !strings.Contains(out, part) {
				t.Errorf("the error says %s, want …%s…", out, part)
			}
		}
	}
}

func TestProcessesFillOneCache(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), cache{dir: t.TempDir()}
	write(t, noise(1<<20), dir, "large")
	want := mustPack(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Files: map[string]string{"/opt/files": dir}})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if out := child(t, nil, os.Args[0], "digest", c.dir, dir); !strings.Contains(out, "digest "+want.Digest+"\n") {
				t.Errorf("the image is not %s: %s", want.Digest, out)
			}
		})
	}
	group.Wait()
	built, err := c.load(want.Fingerprint)
	if err != nil || built.Digest != want.Digest {
		t.Errorf("the cache has %+v, %v", built, err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.dir, stagePrefix+"*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// noise is the same every time, and does not become smaller by compression.
func noise(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes) // never fails
	return string(bytes)
}
