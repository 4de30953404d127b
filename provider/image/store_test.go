package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLockLetsOneAtATimeIn(t *testing.T) {
	t.Parallel()
	c := cache{dir: t.TempDir()}
	unlock, err := c.lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := c.lock(t.Context(), "other"); err != nil {
		t.Fatal(err)
	} else {
		other()
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := c.lock(ctx, "name")
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	entered := make(chan func())
	go func() {
		unlock, err := c.lock(context.WithoutCancel(ctx), "name")
		if err != nil {
			t.Error(err)
		}
		entered <- unlock
	}()
	select {
	case <-entered:
		t.Error("two have the lock")
	default:
	}
	unlock()
	(<-entered)()
}

// TestCacheDeletedWhileInUse deletes it after any step of a build.
func TestCacheDeletedWhileInUse(t *testing.T) {
	t.Parallel()
	local := filepath.Join(t.TempDir(), "local")
	write(t, "x", local)
	src := Source{Files: map[string]string{"/etc/local": local}}
	for _, last := range []string{"stage", "pack", "add"} {
		b, fake := NewBuilder(t.TempDir(), NewRegistry(nil)), newFakeRegistry(t)
		after := func(step string) {
			if step != last {
				return
			}
			if err := os.RemoveAll(b.cache.dir); err != nil {
				t.Fatal(err)
			}
		}
		err := func() error {
			contents, err := b.resolve(t.Context(), src)
			if err != nil {
				return err
			}
			stage, err := b.cache.newStage()
			if err != nil {
				return err
			}
			write(t, "binary", stage.dir, "app")
			after("stage")
			packed, err := stage.pack(t.Context(), contents, filepath.Join(stage.dir, "app"))
			if err != nil {
				return err
			}
			after("pack")
			img, err := packed.image(src, nil)
			if err != nil {
				return err
			}
			built, err := b.cache.add(stage, "fingerprint", img)
			if err != nil {
				return err
			}
			after("add")
			return b.registry.Push(t.Context(), fake.host+"/acme", built.Image)
		}()
		if !errors.Is(err, errCacheGone) {
			t.Errorf("after %s: got %v, want errCacheGone", last, err)
		}
		if last == "add" && !strings.Contains(err.Error(), "run again") {
			t.Errorf("got %v, want what to do", err)
		}
		mustPack(t, b, src)
	}
}

// TestDiskFullWhileGoBuilds is about go's own words for a binary that it cannot write.
func TestDiskFullWhileGoBuilds(t *testing.T) {
	t.Parallel()
	stage, err := (cache{dir: t.TempDir()}).newStage()
	if err != nil {
		t.Fatal(err)
	}
	lines := "go: copying $WORK/b001/exe/a.out: write " + stage.dir + "/app: no space left on device"
	err = stage.explain("build acme", &BuildError{Package: "acme", Output: lines})
	if _, ok := errors.AsType[*CacheError](err); !ok || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want a *CacheError", err)
	}
	wrong := &BuildError{Package: "acme", Output: "main.go:1:1: syntax error"}
	if err := stage.explain("build acme", wrong); !errors.Is(err, error(wrong)) {
		t.Errorf("got %v, want go's own error", err)
	}
}
