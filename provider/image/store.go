package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/provider/image/filelock"
)

// stagePrefix of what is being written.
const stagePrefix = "stage-"

// errCacheGone is a cache that somebody deleted while it was in use; who meets it starts over.
var errCacheGone = errors.New("the image cache was deleted while it was used")

// CacheError is a cache directory that cannot be used.
type CacheError struct {
	// Dir is the cache's directory.
	Dir string
	// Act is what was being done, such as "keep a layer".
	Act string
	// Err is the cause, such as a *fs.PathError.
	Err error
}

// Error returns act, directory, cause and the way out.
func (e *CacheError) Error() string {
	hint := "make the directory writable for this user"
	switch {
	case isFull(e.Err):
		hint = "free some space there (all that is in the directory may be deleted at any time)"
	case errors.Is(e.Err, syscall.ENOTDIR):
		hint = "remove the file that is in the directory's place"
	}
	return fmt.Sprintf("%s in the image cache %s: %v; %s, or choose another one with the environment variable XDG_CACHE_HOME "+
		"(HOME on macOS, LocalAppData on Windows)", e.Act, e.Dir, e.Err, hint)
}

// Unwrap returns the cause.
func (e *CacheError) Unwrap() error { return e.Err }

// isFull reports whether a file cannot grow: the disk is full, or a quota or limit is reached.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// cache is a directory that holds blobs by their digest, and entries that say by name what the blobs are. Files appear by renaming, so
// that processes share a cache; what is read is checked against its digest, and what is damaged or gone is made again.
type cache struct {
	dir      string
	registry *Registry // reads the layers of base images, which are not kept
}

func (c cache) blob(digest v1.Hash) string { return filepath.Join(c.dir, "blobs", digest.Hex) }

func (c cache) entry(name string) string { return filepath.Join(c.dir, "entries", name) }

// blame adds act, directory and way out to an error of writing to the cache.
func (c cache) blame(act string, err error) error { return &CacheError{Dir: c.dir, Act: act, Err: err} }

// read returns a small blob after checking it.
func (c cache) read(digest v1.Hash) ([]byte, error) {
	data, err := os.ReadFile(c.blob(digest))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest.Hex {
		return nil, fmt.Errorf("blob %s is damaged", digest)
	}
	c.touch(c.blob(digest))
	return data, nil
}

// check returns an error unless the blob is there and whole.
func (c cache) check(digest v1.Hash) error {
	sum, err := hashFile(c.blob(digest))
	if err == nil && sum != digest.Hex {
		err = fmt.Errorf("blob %s is damaged", digest)
	}
	return err
}

// touch notes that a file is in use, which only pruning asks for.
func (c cache) touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// lock lets one process at a time do the work of this name. Where the file system knows no locks nobody waits: it only spares work.
func (c cache) lock(ctx context.Context, name string) (unlock func(), err error) {
	dir := filepath.Join(c.dir, "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, c.blame("wait for other builds", err)
	}
	unlock, err = filelock.Lock(ctx, filepath.Join(dir, name))
	if err != nil && ctx.Err() == nil {
		err = c.blame("wait for other builds", err)
	}
	return unlock, err
}

// stage is a directory in which a build's files are made.
type stage struct {
	dir   string
	cache cache
}

func (c cache) newStage() (*stage, error) {
	for _, dir := range []string{c.blob(v1.Hash{}), c.entry("")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, c.blame("make room for a build", err)
		}
	}
	dir, err := os.MkdirTemp(c.dir, stagePrefix)
	if err != nil {
		return nil, c.blame("make room for a build", err)
	}
	return &stage{dir: dir, cache: c}, nil
}

// remove removes the stage; what cannot be removed now, prune removes later.
func (s *stage) remove() { _ = os.RemoveAll(s.dir) }

// explain returns why writing to the stage or taking from it failed: the cache is gone, full, or the error itself.
func (s *stage) explain(act string, err error) error {
	if err == nil {
		return nil
	}
	if _, gone := os.Stat(s.dir); errors.Is(gone, fs.ErrNotExist) {
		return fmt.Errorf("%s in %s: %w", act, s.cache.dir, errCacheGone)
	}
	if failed, ok := errors.AsType[*BuildError](err); ok {
		if full := fullDisk(failed.Output, filepath.Base(s.dir)); full != nil {
			return s.cache.blame(act, full)
		}
	}
	_, explained := errors.AsType[*CacheError](err)
	if _, ofDisk := errors.AsType[syscall.Errno](err); ofDisk && !explained {
		return s.cache.blame(act, err)
	}
	return err
}

// fullDisk returns the error of a line of go's that says the stage has no room for the binary.
func fullDisk(output, stage string) error {
	for line := range strings.Lines(output) {
		for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
			if strings.Contains(line, stage) && strings.Contains(line, errno.Error()) {
				return errno
			}
		}
	}
	return nil
}

// blob is where a blob is before there is an entry that has it.
func (s *stage) blob(digest v1.Hash) string { return filepath.Join(s.dir, digest.Hex) }

// keep moves a blob from the stage to the cache, unless it was there before.
func (s *stage) keep(digest v1.Hash) error {
	const act = "keep an image"
	err := os.Rename(s.blob(digest), s.cache.blob(digest))
	if !errors.Is(err, fs.ErrNotExist) {
		return s.explain(act, err)
	}
	if _, err := os.Stat(s.cache.blob(digest)); err != nil {
		return fmt.Errorf("%s in %s: %w", act, s.cache.dir, errCacheGone)
	}
	return nil
}

// write makes data a file of the cache.
func (s *stage) write(path string, data []byte) error {
	const act = "keep an image"
	file, err := os.CreateTemp(s.dir, "file-")
	if err != nil {
		return s.explain(act, err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	return s.explain(act, err)
}
