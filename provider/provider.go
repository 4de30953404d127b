// Package provider is the Terraform provider handler: schemas, plans, state and diagnostics. What it does in AWS is in package
// cloud, how images come about in package image.
package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

var _ provider.Provider = (*handlerProvider)(nil)

type handlerProvider struct {
	version   string
	creations *creations
	patience  time.Duration // with one attempt of a call; answerTimeout if 0
}

// New returns a function that makes the provider of this version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &handlerProvider{version: version, creations: new(creations)} }
}

func (p *handlerProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "handler"
	resp.Version = p.version
}

func (p *handlerProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newFunctionResource,
		newImageResource,
		newQueueResource,
		newResetResource,
		newScheduleResource,
	}
}

func (p *handlerProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newAppData}
}
