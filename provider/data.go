package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// providerData is what the resources of one provider configuration share.
type providerData struct {
	cloud       *cloud.Cloud
	registry    *image.Registry
	defaultTags map[string]string
	ignoredTags ignoredTags

	// builds are the images that this run has seen.
	builds builds
	// queues are the queues that this run has planned or made so far.
	queues plannedQueues
	// lowerings are the visibility timeouts that wait for functions' timeouts.
	lowerings lowerings
	// creations are what this run has made and has to take its mark off.
	creations *creations
	// reservations are the changes of reserved concurrency that this run has planned so far.
	reservations reservations
}

// reservations sums up planned changes of reserved concurrency.
type reservations struct {
	mu     sync.Mutex
	byName map[string]int // change by function
}

// plan remembers the change that is planned for a function and returns the sum of all.
func (r *reservations) plan(function string, change int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]int{}
	}
	r.byName[function] = change
	sum := 0
	for _, change := range r.byName {
		sum += change
	}
	return sum
}

// withData is embedded in every resource.
type withData struct{ *providerData }

// Configure takes over what the provider's Configure made.
func (w *withData) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	w.providerData = takeData(req.ProviderData, &resp.Diagnostics)
}

// takeData returns what the provider's Configure made; nil if the provider is not configured yet, as in terraform validate.
func takeData(made any, diags *diag.Diagnostics) *providerData {
	if made == nil {
		return nil
	}
	data, ok := made.(*providerData)
	if !ok {
		diags.AddError("Failed to configure the provider", fmt.Sprintf("Its data has the unexpected type %T. This is a bug in the "+
			"provider.", made))
	}
	return data
}

// ignoredTags are the tags that something else sets.
type ignoredTags struct{ keys, prefixes []string }

// has reports whether the tag of this key is set by AWS itself or by something else.
func (i ignoredTags) has(key string) bool {
	return strings.HasPrefix(key, "aws:") || slices.Contains(i.keys, key) ||
		slices.ContainsFunc(i.prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// withoutIgnored returns tags without those that AWS sets itself, and without those that something else sets.
func (d *providerData) withoutIgnored(tags map[string]string) map[string]string {
	own := map[string]string{}
	for key, value := range tags {
		if !d.ignoredTags.has(key) {
			own[key] = value
		}
	}
	return own
}

// newTags returns the tags of something that is to be created. Those that are ignored later are among them.
func (d *providerData) newTags(own types.Map) map[string]string {
	tags := map[string]string{}
	maps.Copy(tags, d.defaultTags)
	maps.Copy(tags, mapTexts(own))
	return tags
}

// allTags returns the default tags and a resource's own, without those that are ignored; unknown if its own are.
func (d *providerData) allTags(own types.Map, diags *diag.Diagnostics) types.Map {
	if own.IsUnknown() {
		return types.MapUnknown(types.StringType)
	}
	all := map[string]attr.Value{}
	for key, value := range d.withoutIgnored(d.defaultTags) {
		all[key] = types.StringValue(value)
	}
	for key, value := range own.Elements() {
		if !value.IsNull() && !d.ignoredTags.has(key) { // null as of an optional variable: the tag is not set
			all[key] = value
		}
	}
	if len(all) == 0 {
		return types.MapNull(types.StringType)
	}
	merged, newDiags := types.MapValue(types.StringType, all)
	diags.Append(newDiags...)
	return merged
}

// ownTags returns the tags among all that are not default ones, as a resource's own when it is imported.
func (d *providerData) ownTags(all map[string]string) types.Map {
	own := map[string]string{}
	for key, value := range all {
		if byDefault, ok := d.defaultTags[key]; !ok || byDefault != value {
			own[key] = value
		}
	}
	return textMapOrNull(cloud.WithoutMark(own))
}

// importBy imports a resource by one attribute, given as the import's ID or as its identity's only attribute, both of which it checks.
func importBy(ctx context.Context, state, identity path.Path, valid importID, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, state, identity, req, resp)
	var id types.String
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, state, &id)...)
	if !resp.Diagnostics.HasError() && !valid.form.MatchString(id.ValueString()) {
		resp.Diagnostics.AddError("Failed to import "+valid.what, fmt.Sprintf("%q is not the %s of a %s. Give %s.", id.ValueString(), valid.by, valid.what, valid.example))
	}
}

// importID is what a kind of resource is imported by.
type importID struct {
	what, by, example string
	form              *regexp.Regexp
}

// identityBy is the schema of an identity with one attribute.
func identityBy(attribute, description string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		attribute: identityschema.StringAttribute{Description: description, RequiredForImport: true},
	}}
}
