package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// policyDocument checks that a text is a policy of AWS's as far as its form goes.
type policyDocument struct{}

var _ validator.String = policyDocument{}

// Description is what a valid value is.
func (policyDocument) Description(context.Context) string {
	return "must be a policy document, as jsonencode writes it"
}

// MarkdownDescription is the same.
func (v policyDocument) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString checks one value.
func (v policyDocument) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var document struct{ Statement json.RawMessage }
	err := json.Unmarshal([]byte(req.ConfigValue.ValueString()), &document)
	if err != nil || len(document.Statement) == 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid policy", "The value "+v.Description(ctx)+": {\"Version\": \"2012-10-17\", "+
			"\"Statement\": […]}.")
	}
}
