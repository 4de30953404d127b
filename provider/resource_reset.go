package provider

import (
	"context"
	"crypto/rand"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithIdentity    = (*resetResource)(nil)
	_ resource.ResourceWithImportState = (*resetResource)(nil)
)

type resetResource struct{}

func newResetResource() resource.Resource { return &resetResource{} }

type resetModel struct {
	ID       types.String `tfsdk:"id"`
	Triggers types.Map    `tfsdk:"triggers"`
}

func (r *resetResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_reset"
}

func (r *resetResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Throws away the warm runtimes of all functions that refer to it, without replacing anything: " +
			"`terraform taint` it, or change one of its triggers, and the next apply gives those functions a new `HANDLER_RESET`. " +
			"Invocations that run finish; the next ones start in new runtimes.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Random, new with each reset. Set it as the `reset` of functions.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"triggers": schema.MapAttribute{
				MarkdownDescription: "Any values, such as the version of a secret. When one changes, the reset happens.",
				ElementType:         types.StringType,
				Optional:            true,
				PlanModifiers:       []planmodifier.Map{mapplanmodifier.RequiresReplace()},
			},
		},
	}
}

func (r *resetResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityBy("id", "The reset's ID.")
}

func (r *resetResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model resetModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	model.ID = types.StringValue(rand.Text())
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), model.ID)...)
}

// Read keeps the state: a reset exists nowhere else.
func (r *resetResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id)...)
}

// Update is never called, as any change replaces a reset; it keeps what is planned.
func (r *resetResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *resetResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (r *resetResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root("id")
	importBy(ctx, at, at, importID{"reset", "ID", "any text that this configuration has for no other reset", regexp.MustCompile(`\S`)}, req, resp)
}
