package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

var _ datasource.DataSourceWithConfigure = (*appData)(nil)

// appData is what an app says about itself.
type appData struct{ *providerData }

func newAppData() datasource.DataSource { return &appData{} }

type appModel struct {
	Source   types.Object `tfsdk:"source"`
	Name     types.String `tfsdk:"name"`
	Handlers types.Map    `tfsdk:"handlers"`
}

// handlerTypes are the attributes of a handler.
var handlerTypes = map[string]attr.Type{
	"events":     types.ListType{ElemType: types.StringType},
	"timeout":    types.Int32Type,
	"batch_size": types.Int32Type,
	"send_to":    types.ListType{ElemType: types.StringType},
}

func (d *appData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_app"
}

func (d *appData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	list := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	number := func(description string) schema.Int32Attribute {
		return schema.Int32Attribute{MarkdownDescription: description, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What an app registers, so that what is deployed follows from the code: use `handlers` with `for_each`.\n\n" +
			"The app is built to be asked, if its source changed since it was built on this machine. A `handler_image` or `handler_function` " +
			"with the same `source` uses the same build.",
		Attributes: map[string]schema.Attribute{
			"source": schema.SingleNestedAttribute{
				MarkdownDescription: "What the app is built from, as in `handler_image`.",
				Required:            true,
				Attributes:          sourceAttributesOfData(),
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the app; null if it is not on the SDK.",
				Computed:            true,
			},
			"handlers": schema.MapNestedAttribute{
				MarkdownDescription: "Handlers by name, with what each declares.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"events":     list("Event types that it takes; one that ends in `*` stands for all that begin like it."),
					"timeout":    number("How many seconds one event may take; null if it does not say."),
					"batch_size": number("How many events one invocation takes at most; null if it does not say."),
					"send_to":    list("Labels of the queues that it sends to."),
				}},
			},
		},
	}
}

// Configure takes over what the provider's Configure made.
func (d *appData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.providerData = takeData(req.ProviderData, &resp.Diagnostics)
}

func (d *appData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model appModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	source, _ := sourceOf(ctx, model.Source, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	built, err := d.builds.build(ctx, source)
	if err != nil {
		d.addBuildError(&resp.Diagnostics, err)
		return
	}
	if len(built.App.Handlers) == 0 && !source.SkipHandlers {
		warnOfNoHandlers(&resp.Diagnostics, source)
	}
	model.Name, model.Handlers = textOrNull(built.App.Name), handlersOf(built.App)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// handlersOf returns an app's handlers as Terraform has them.
func handlersOf(app image.App) types.Map {
	handlers := map[string]attr.Value{}
	for name, handler := range app.Handlers {
		handlers[name] = types.ObjectValueMust(handlerTypes, map[string]attr.Value{
			"events":     textList(handler.Events),
			"timeout":    numberOrNull(handler.Timeout),
			"batch_size": numberOrNull(handler.BatchSize),
			"send_to":    textList(handler.SendTo),
		})
	}
	return types.MapValueMust(types.ObjectType{AttrTypes: handlerTypes}, handlers)
}
