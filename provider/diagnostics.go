package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// blame adds an error about an attribute. Terraform finds the lines of an attribute, or of an element of it, but not of what is within;
// so the error is put at the outer one, and names the inner one in its text.
func blame(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	outer := at
	for len(outer.Steps()) > 2 {
		outer = outer.ParentPath()
	}
	if steps := outer.Steps(); len(steps) == 2 {
		if _, inner := steps[1].(path.PathStepAttributeName); inner {
			outer = outer.ParentPath()
		}
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
