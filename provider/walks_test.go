package provider

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

func TestWalksTellAnotherProcessOfTheSameRunWhatChanged(t *testing.T) {
	source := image.Source{Package: "acme", Env: map[string]string{"TOKEN": "hunter2"}}
	before, after := image.Inputs{"go": "go1.26.8", "files": "1"}, image.Inputs{"go": "go1.26.8", "files": "2"}
	dir := t.TempDir()
	planning := walks{dir: dir, run: "1-1", process: 1}
	if err := planning.compare(source, before); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		walks   walks
		source  image.Source
		inputs  image.Inputs
		changed bool
	}{
		{"the same process", planning, source, after, false},
		{"another process of the run", walks{dir, "1-1", 2}, source, after, true},
		{"the same inputs", walks{dir, "1-1", 2}, source, before, false},
		{"another source", walks{dir, "1-1", 2}, image.Source{Package: "other"}, after, false},
		{"another run", walks{dir, "1-2", 2}, source, after, false},
		{"no run", walks{dir, "", 2}, source, after, false},
		{"a directory that is none", walks{os.DevNull, "1-1", 2}, source, after, false},
	} {
		err := test.walks.compare(test.source, test.inputs)
		changed, ok := errors.AsType[*changedError](err)
		if ok != test.changed || ok && changed.differences[0] != "files: 1 was planned, 2 is here" {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestWalksForgetOldRuns(t *testing.T) {
	dir, old := t.TempDir(), time.Now().Add(-2*keptNotes)
	write(t, dir, "old.json", "{}")
	write(t, dir, "new.json", "{}")
	if err := os.Chtimes(filepath.Join(dir, "old.json"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := (walks{dir, "1-1", 1}).compare(image.Source{}, nil); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 || left[1].Name() != "new.json" {
		t.Errorf("got %v and %v, want the new note and one more", left, err)
	}
}
