package provider

import (
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// textMap returns strings as a Terraform map.
func textMap(values map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(values))
	for key, value := range values {
		elements[key] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, elements)
}

// textMapOrNull is [textMap], with null for no strings at all.
func textMapOrNull(values map[string]string) types.Map {
	if len(values) == 0 {
		return types.MapNull(types.StringType)
	}
	return textMap(values)
}

// textListOrNull returns strings as a Terraform list, null for none.
func textListOrNull(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	return textList(values)
}

// textList returns strings as a Terraform list.
func textList(values []string) types.List {
	return types.ListValueMust(types.StringType, textValues(values))
}

// textSet returns strings as a Terraform set.
func textSet(values []string) types.Set {
	return types.SetValueMust(types.StringType, textValues(values))
}

func textValues(values []string) []attr.Value {
	elements := make([]attr.Value, len(values))
	for i, value := range values {
		elements[i] = types.StringValue(value)
	}
	return elements
}

// textOrNull returns a Terraform string, null for an empty one.
func textOrNull(value string) types.String {
	if value == "" {
		return types.StringNull()
	}
	return types.StringValue(value)
}

// numberOrNull returns a Terraform number, null for 0.
func numberOrNull(value int) types.Int32 {
	if value == 0 {
		return types.Int32Null()
	}
	return types.Int32Value(int32(value))
}

// knownTexts returns the known strings of a map, and whether all of them are known.
func knownTexts(m types.Map) (known map[string]string, all bool) {
	known, all = map[string]string{}, !m.IsUnknown()
	for key, element := range m.Elements() {
		text, ok := element.(types.String)
		switch {
		case !ok || text.IsUnknown():
			all = false
		case !text.IsNull():
			known[key] = text.ValueString()
		}
	}
	return known, all
}

// mapTexts returns the strings of a map that is known; none for null.
func mapTexts(m types.Map) map[string]string {
	known, _ := knownTexts(m)
	return known
}

// listTexts returns the known strings of a list or a set; none for null.
func listTexts(list interface{ Elements() []attr.Value }) []string {
	var known []string
	for _, element := range list.Elements() {
		if text, ok := element.(types.String); ok && !text.IsUnknown() && !text.IsNull() {
			known = append(known, text.ValueString())
		}
	}
	return known
}

// diagError returns the first error among diagnostics.
func diagError(diags diag.Diagnostics) error {
	for _, d := range diags.Errors() {
		return errors.New(d.Summary() + ": " + d.Detail())
	}
	return nil
}
