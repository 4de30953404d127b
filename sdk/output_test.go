package sdk

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writes records each write.
type writes struct {
	all []string
	err error
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, string(p))
	return len(p), w.err
}

// TestLinesAreHeldForTheNextOnly loses none, and keeps them in order.
func TestLinesAreHeldForTheNextOnly(t *testing.T) {
	t.Parallel()
	var w writes
	out := &output{w: &w}
	write := func(line string) {
		t.Helper()
		if n, err := out.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%s: got %d, %v", line, n, err)
		}
	}
	write("1")
	out.holdNext()
	write("2")
	write("3")
	write("4")
	out.holdNext()
	write("5")
	for range 2 {
		if err := out.flush(); err != nil {
			t.Error(err)
		}
	}
	out.holdNext()
	if err := out.flush(); err != nil { // there was no line to hold
		t.Error(err)
	}
	write("6")
	if diff := cmp.Diff([]string{"1", "23", "4", "5", "6"}, w.all); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	w.err = errors.New("the pipe is broken")
	out.holdNext()
	write("7")
	if err := out.flush(); !errors.Is(err, w.err) {
		t.Errorf("got %v", err)
	}
}
