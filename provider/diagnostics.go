package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
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

// importHint returns, for an error that an object exists already, the block that takes it over.
func importHint(err error, resourceType string) string {
	exists, ok := errors.AsType[*cloud.ExistsError](err)
	if !ok || exists.ID == "" {
		return ""
	}
	return fmt.Sprintf("\n\nIf it is to be managed here, import it:\n\nimport {\n  to = %s.… # the address of this resource\n  id = %q\n}\n\n"+
		"If it is this resource's own, which is replaced with create_before_destroy: that takes another name.\n", resourceType, exists.ID)
}

// ofSDK is what AWS's SDK begins an error with. What was being done is said before it, in words.
var ofSDK = regexp.MustCompile(`operation error [\w ]+: \w+, |https response error StatusCode: 0, RequestID: , `)

// sentence returns an error's text as one. Lines after the first, such as a policy statement that begins with blanks, which Terraform
// does not wrap, stay as they are.
func sentence(text string) string {
	text = ofSDK.ReplaceAllString(strings.TrimSpace(text), "")
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
		return text
	}
	return text + "."
}
