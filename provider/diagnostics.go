package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// blame adds an error about an attribute. Terraform finds the lines of an attribute within another only as far as the outer one, or its
// element; so the error is put there, and names the inner one in its text.
func blame(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	outer := at
	for steps := outer.Steps(); len(steps) > 1; steps = outer.Steps() {
		if _, named := steps[len(steps)-1].(path.PathStepAttributeName); !named {
			break
		}
		outer = outer.ParentPath()
	}
	if !outer.Equal(at) {
		detail = at.String() + ": " + detail
	}
	diags.AddAttributeError(outer, summary, detail)
}

// sentence returns an error's text as one.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
		return text
	}
	return text + "."
}
