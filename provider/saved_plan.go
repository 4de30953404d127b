package provider

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// maxPlan is how large a plan may be, in bytes, to be looked at.
const maxPlan = 256 << 20

// savedPlan is what a plan file holds that Terraform applies: everything that was planned, among other things. Terraform shows it to no
// provider, but plans again, and if an image is another one by then, calls that a bug of the provider. So the provider looks for its
// image there itself. It is empty if there is none, or no way to tell.
type savedPlan []byte

// appliedPlan returns the plan that the process of Terraform which started this one was told to apply.
func appliedPlan() savedPlan {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") == "" {
		return nil // a test or a debugger did
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))
	if err != nil {
		return nil
	}
	_, arguments, _ := strings.Cut(string(line), "\x00apply\x00")
	for argument := range strings.SplitSeq(arguments, "\x00") {
		if plan := readPlan(argument); plan != nil {
			return plan
		}
	}
	return nil
}

// readPlan returns the plan in a file of Terraform's or OpenTofu's, or nil if it is none.
func readPlan(file string) savedPlan {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil
	}
	defer archive.Close()
	plan, err := archive.Open("tfplan")
	if err != nil {
		return nil
	}
	defer plan.Close()
	content, err := io.ReadAll(io.LimitReader(plan, maxPlan+1))
	if err != nil || len(content) > maxPlan {
		return nil
	}
	return content
}

// compare returns a *changedError if another image than this one was planned for a repository. What was there before, an image URI or
// nothing, may be in the plan, too; where the plan knows no other, it may not have known the source yet.
func (p savedPlan) compare(imageURI, before string, built *image.Built) error {
	if p.has(built.Digest) || !p.hasOther(imageURI, before) {
		return nil
	}
	var differences []string
	known := false // whether the plan says what images are made of; that of a function alone does not
	for _, kind := range slices.Sorted(maps.Keys(built.Inputs)) {
		if value := built.Inputs[kind]; !p.has(value) {
			differences = append(differences, fmt.Sprintf("%s: %s is here, something else was planned", kind, value))
		} else if kind == "settings" || kind == "modules" {
			known = true
		}
	}
	if !known {
		differences = []string{"image: " + built.Digest + " is here, another one was planned"}
	}
	return &changedError{differences}
}

func (p savedPlan) has(text string) bool { return bytes.Contains(p, []byte(text)) }

// hasOther reports whether the plan has an image of the repository that was not there before.
func (p savedPlan) hasOther(imageURI, before string) bool {
	prefix := []byte(repositoryOf(imageURI) + "@")
	for i := bytes.Index(p, prefix); i >= 0; i = bytes.Index(p, prefix) {
		if before == "" || !bytes.HasPrefix(p[i:], []byte(before)) {
			return true
		}
		p = p[i+len(prefix):]
	}
	return false
}
