package provider

import (
	"errors"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

func TestSavedPlanHasTheImage(t *testing.T) {
	t.Parallel()
	const repository, old, planned, here = "host/acme", "sha256:0ld", "sha256:9lanned", "sha256:here"
	built := &image.Built{Digest: here, Inputs: image.Inputs{"go": "go1.26.8", "files": "f2", "settings": "s1"}}
	for name, test := range map[string]struct {
		plan, before string
		says         string // nothing if it is fine
	}{
		"no plan":                     {},
		"the same image":              {plan: repository + "@" + here},
		"another image":               {plan: repository + "@" + planned + " go1.26.8 f1 s1", says: "files: f2 is here, something else was planned"},
		"another image of a function": {plan: repository + "@" + planned, says: "image: " + here + " is here, another one was planned"},
		"another image than before": {
			plan: repository + "@" + old + repository + "@" + planned + " f2 s1", before: repository + "@" + old,
			says: "go: go1.26.8 is here, something else was planned",
		},
		"not known when it was planned":     {plan: "other/acme@" + planned},
		"not known, and there was an image": {plan: repository + "@" + old + " s1", before: repository + "@" + old},
	} {
		err := savedPlan(test.plan).compare(repository+"@"+here, test.before, built)
		changed, ok := errors.AsType[*changedError](err)
		if ok != (test.says != "") || ok && (len(changed.differences) != 1 || changed.differences[0] != test.says) {
			t.Errorf("%s: got %v, want %q", name, err, test.says)
		}
	}
}
