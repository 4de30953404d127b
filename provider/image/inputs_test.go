package image

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferencesNameWhatWasPlannedAndWhatIsHere(t *testing.T) {
	t.Parallel()
	planned := Inputs{"go": "go1.26.8", "files": "0a", "base_image": "sha256:b"}
	here := Inputs{"go": "go1.26.7", "files": "0a", "labels": "c"}
	want := []string{
		"base_image: sha256:b was planned, none is here",
		"go: go1.26.8 was planned, go1.26.7 is here",
		"labels: none was planned, c is here",
	}
	if diff := cmp.Diff(want, here.Differences(planned)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got := here.Differences(here); got != nil {
		t.Errorf("equal inputs differ: %v", got)
	}
	if planned.Fingerprint() == here.Fingerprint() || len(here.Fingerprint()) != 64 {
		t.Errorf("fingerprints are %s and %s", planned.Fingerprint(), here.Fingerprint())
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	built := &Built{Digest: "d", Inputs: Inputs{"go": "go1.26.7", "files": "0a"}}
	if err := built.Matches(Inputs{"go": "go1.26.8"}, "d"); err != nil {
		t.Errorf("other inputs of the same image are refused: %v", err)
	}
	for says, planned := range map[string]Inputs{
		"the inputs of the build are not those of the plan (go: go1.26.8 was planned, go1.26.7 is here)": {"go": "go1.26.8", "files": "0a"},
		"the build is not reproducible": {"go": "go1.26.7", "files": "0a"},
		"the inputs of the build are not those of the plan (code, modules, Go release or Go settings differ here)": nil,
	} {
		err := built.Matches(planned, "e")
		if got, ok := errors.AsType[*MismatchError](err); !ok || !strings.HasPrefix(got.Error(), says) {
			t.Errorf("got %v, want %s", err, says)
		}
	}
}
