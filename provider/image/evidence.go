package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// What a sighting asks of its path.
const (
	askContent   = "content"  // of a file
	askCode      = "code"     // names of a directory that go looks at when it loads a package
	askNames     = "names"    // of a directory
	nothingThere = "nothing"  // answer: the path does not exist
	notRegular   = "not-file" // answer: the path is no regular file
)

// sighting is what there was at a path when it was looked at. Names, kinds and contents count; times do not.
type sighting struct {
	Asked  string `json:"asked"`
	Path   string `json:"path"`
	Answer string `json:"answer"`
}

// evidence is all that an answer of go list rests on: it holds for as long as every sighting is the same.
type evidence []sighting

// look answers all sightings as of now and returns when the last change of any of them was.
func (e evidence) look(ctx context.Context) (changed time.Time, err error) {
	times := make([]time.Time, len(e)+1) // the last one stays zero
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i := range e {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			times[i], err = e[i].look()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return time.Time{}, err
	}
	return slices.MaxFunc(times, time.Time.Compare), nil
}

// holds reports whether everything is as it was.
func (e evidence) holds(ctx context.Context) (bool, error) {
	now := slices.Clone(e)
	if _, err := now.look(ctx); err != nil {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		return false, nil //nolint:nilerr // what cannot be read any more has changed
	}
	return slices.Equal(now, e), nil
}

// contents returns the SHA-256 of every file by its path.
func (e evidence) contents() map[string]string {
	sums := map[string]string{}
	for _, s := range e {
		if s.Asked == askContent {
			sums[s.Path] = s.Answer
		}
	}
	return sums
}

// look fills in the answer and returns when it changed last, of a missing file when its directory did.
func (s *sighting) look() (time.Time, error) {
	info, err := os.Stat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		s.Answer = nothingThere
		if info, err = os.Stat(filepath.Dir(s.Path)); err != nil {
			return time.Time{}, nil //nolint:nilerr // then there is nothing that could have changed
		}
		return info.ModTime(), nil
	case err != nil:
		return time.Time{}, err
	case s.Asked != askContent:
		err = s.readNames()
	case info.Mode().IsRegular():
		s.Answer, err = hashFile(s.Path)
	default:
		s.Answer = notRegular
	}
	if err != nil {
		return time.Time{}, err
	}
	if info, err = os.Stat(s.Path); err != nil { // once more: it may have changed while it was read
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// readNames lists a directory: what each name stands for, and for symbolic links what they lead to.
func (s *sighting) readNames() error {
	entries, err := os.ReadDir(s.Path)
	if errors.Is(err, syscall.ENOTDIR) {
		s.Answer = notRegular
		return nil
	}
	if err != nil {
		return err
	}
	sum := sha256.New()
	for _, entry := range entries {
		if s.Asked == askCode && !isCode(entry.Name()) {
			continue
		}
		kind, target := entry.Type(), ""
		if kind&fs.ModeSymlink != 0 {
			target = nothingThere
			if info, err := os.Stat(filepath.Join(s.Path, entry.Name())); err == nil {
				target = info.Mode().Type().String()
			}
		}
		record(sum, "entry", entry.Name(), kind.String(), target)
	}
	s.Answer = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// isCode reports whether the presence of a file of this name may change what a package is, whatever system it is built for.
func isCode(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".s", ".S", ".sx", ".syso", ".h", ".hh", ".hpp", ".hxx", ".c", ".cc", ".cpp", ".cxx", ".m",
		".f", ".F", ".for", ".f90", ".swig", ".swigcxx":
		return true
	}
	return name == "go.mod"
}

// coarse is the tick of the clock that the times of files come from: 10 ms at most on local disks of today, 2 s where there are no
// fractions of seconds.
func coarse(changed time.Time) time.Duration {
	if changed.Nanosecond() == 0 {
		return 2 * time.Second
	}
	return 10 * time.Millisecond
}
