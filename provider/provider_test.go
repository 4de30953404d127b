package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// factories serve the provider in the test's process. What the provider of one command has created is finished when the next begins.
func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	made := new(creations)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"handler": func() (tfprotov6.ProviderServer, error) {
			err := made.finish(background())
			return providerserver.NewProtocol6(&handlerProvider{version: "test", creations: made})(), err
		},
	}
}

// uniqueName returns a name for a test's objects that no other test uses.
func uniqueName(t *testing.T) string {
	t.Helper()
	return strings.ToLower(strings.NewReplacer("TestAcc", "acc-", "/", "-", "_", "-", ".", "-").Replace(t.Name()))
}

func TestSchemasAreValidAndFitTheirModels(t *testing.T) {
	ctx := t.Context()
	p := New("test")()
	var schema provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &schema)
	if diags := schema.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("provider: %v", diags)
	}
	models := map[string]any{
		"handler_function": &functionModel{},
		"handler_image":    &imageModel{},
		"handler_queue":    &queueModel{},
		"handler_reset":    &resetModel{},
		"handler_schedule": &scheduleModel{},
	}
	for _, newResource := range p.Resources(ctx) {
		r := newResource()
		var metadata resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "handler"}, &metadata)
		var schema resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		if diags := schema.Schema.ValidateImplementation(ctx); diags.HasError() {
			t.Errorf("%s: %v", metadata.TypeName, diags)
		}
		objectType, ok := schema.Schema.Type().TerraformType(ctx).(tftypes.Object)
		if !ok {
			t.Fatalf("%s: the schema is no object", metadata.TypeName)
		}
		values := map[string]tftypes.Value{}
		for name, attributeType := range objectType.AttributeTypes {
			values[name] = tftypes.NewValue(attributeType, nil)
		}
		state := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(objectType, values)}
		if diags := state.Get(ctx, models[metadata.TypeName]); diags.HasError() {
			t.Errorf("%s: model and schema differ: %v", metadata.TypeName, diags)
		}
	}
	var app datasource.SchemaResponse
	newAppData().Schema(ctx, datasource.SchemaRequest{}, &app)
	if diags := app.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("handler_app: %v", diags)
	}
	if got, want := len(sourceAttributesOfData()), len(sourceAttributes()); got != want {
		t.Errorf("the source of data sources has %d attributes, that of resources %d", got, want)
	}
}
